//! A record that a handler gave up.

use std::sync::Arc;

use crate::Record;

/// A record to be kept as a dead letter.
#[derive(Debug, Clone)]
pub struct DeadLetter {
    /// The name to keep it under.
    pub dead_letter_topic: String,
    /// The consumer group that gave up.
    pub group: String,
    /// The handler that gave up: a component's id.
    pub handler: String,
    /// Why.
    pub reason: String,
    /// How often it was delivered.
    pub attempts: u32,
    /// The record itself.
    pub record: Arc<Record>,
}
