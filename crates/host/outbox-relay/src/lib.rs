//! The consumer group of the event log that produces to Kafka. Of all processes one does it at a
//! time; it moves its position only behind what Kafka has acknowledged, so nothing is lost, and for
//! one key nothing overtakes. After a crash records may come twice, each with the same id.
//!
//! A record that Kafka will never take becomes a dead letter, and records of a topic that is missing
//! wait for it: neither holds back others. Every other refusal (`Verdict::Outside`) stops all topics
//! until a person or time has changed it: the producer fails as a whole, so that nothing overtakes.
//! One topic without the right to Write is enough. It is tried again after 1 s, later after up to
//! 30 s, and each time a line of the log with the level `error` says which topic was refused, and why.

#[cfg(test)]
mod fixtures;
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
