//! The consumer group of the event log that produces to Kafka. Of all processes one does it at a
//! time; it moves its position only behind what Kafka has acknowledged, so nothing is lost, and for
//! one key nothing overtakes. After a crash records may come twice, each with the same id.

mod meters;
mod options;
mod producer;
mod round;
mod service;
mod topics;
mod verdict;
mod window;

pub use options::{GROUP, Options};
pub use service::Relay;
