//! The consumer group of the event log that produces to Kafka. One process at a time relays. It commits
//! its offset only behind what Kafka has acknowledged, so nothing is lost, and no record overtakes another
//! of its key. After a crash records may arrive twice, each with the same id.
//!
//! A record that Kafka will never accept becomes a dead letter. Records of a missing topic wait for the
//! topic. Neither delays other records. Every other refusal (`Verdict::Outside`), such as one topic without
//! the right to Write, stops all topics until a person or time removes the cause. The producer fails as a
//! whole, so that nothing overtakes. The relay tries again after 1 s, backing off to 30 s, and each time
//! logs an error with the topic and the reason.

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
