//! `[[trigger.websocket]]`: connections live here, a component decides. It answers opening requests,
//! makes frames of records, and is asked about what clients send; it never holds a socket.

mod audience;
mod bindings;
mod close;
mod config;
mod connection;
mod delivery;
mod endpoint;
mod functions;
mod handshake;
mod mailbox;
mod meters;
mod problem;
mod registry;
mod service;

pub use config::{Limits, TriggerConfig};
pub use service::{KIND, Service};
