//! The Kafka trigger: batches of records go to WebAssembly components, in order per key, at
//! least once, with retries and dead letters. Offsets are committed only behind finished work.
//!
//! It reads Kafka, or the event log in Postgres ([`event_log`]), through a
//! [`Transport`](transport::Transport).

mod bindings;
mod broker;
mod config;
mod dispatch;
mod embedded;
mod filter;
mod group;
mod handler;
mod invoke;
mod meters;
mod service;
pub mod transport;

pub use config::{Batch, Filter, Retry, Settings, Start, TopicConfig, TriggerConfig};
pub use handler::Outcome;
pub use invoke::{invoke, is_wanted};
pub use service::{KIND, Service};
