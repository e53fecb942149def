//! A record that a handler gave up.

use std::sync::Arc;

use crate::Record;

/// A record that becomes a dead letter.
#[derive(Debug, Clone)]
pub struct DeadLetter {
    /// The topic that stores it.
    pub dead_letter_topic: String,
    /// The consumer group that gave it up.
    pub group: String,
    /// The handler that gave it up: a component's id.
    pub handler: String,
    /// Why.
    pub reason: String,
    /// How often it was delivered.
    pub attempts: u32,
    /// The record itself.
    pub record: Arc<Record>,
}
