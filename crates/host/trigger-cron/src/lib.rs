//! The cron trigger: runs WebAssembly components on a schedule. Of several hosts that share a
//! database one fires; a job that was missed runs once; runs of a job never overlap.

mod bindings;
mod config;
mod job;
mod meters;
mod schedule;
mod service;

pub use config::TriggerConfig;
pub use service::{KIND, Service};
