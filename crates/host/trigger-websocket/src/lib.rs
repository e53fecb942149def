//! `[[trigger.websocket]]`: the host holds the connections, a component decides. The component
//! answers opening requests, turns records into frames and answers clients; it never holds a
//! socket.

mod bindings;
mod close;
mod config;
mod connection;
mod delivery;
mod endpoint;
mod functions;
mod handshake;
mod meters;
mod problem;
mod registry;
mod send_queue;
mod service;
mod subscribers;

pub use config::{Limits, TriggerConfig};
pub use service::{KIND, Service};
