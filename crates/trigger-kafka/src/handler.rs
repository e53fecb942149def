//! What handles batches, as the dispatcher sees it.

use std::sync::Arc;

use event_log::Record;
use futures::future::BoxFuture;

/// A record as it is handed to a handler.
#[derive(Debug, Clone)]
pub struct Message {
    /// The record.
    pub record: Arc<Record>,
    /// 1 at the first delivery, one more at each retry.
    pub attempt: u32,
}

/// What became of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// Its effects are durable.
    Done,
    /// Again later, for this reason.
    Retry(String),
    /// Never again, for this reason.
    Reject(String),
}

/// Why a batch has no outcomes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Failure {
    /// The handler failed on it: an error, a trap, or no answer in time.
    Handler(String),
    /// It was not handled at all, through no fault of its records.
    Host(String),
}

/// Handles batches.
pub trait Handler: Send + Sync + 'static {
    /// One outcome per message, in their order.
    fn handle(&self, batch: Vec<Message>) -> BoxFuture<'static, Result<Vec<Outcome>, Failure>>;
}
