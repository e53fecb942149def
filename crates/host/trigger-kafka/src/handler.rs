//! What handles batches, as the dispatcher sees it.

use std::sync::Arc;

use futures::future::BoxFuture;
use records::RecordRef;
use wasmtime::component::{ComponentType, Lift};

/// A record as it is handed to a handler.
#[derive(Debug, Clone)]
pub struct Message {
    /// The record.
    pub record: RecordRef,
    /// 1 at the first delivery, one more at each retry.
    pub attempt: u32,
}

/// What became of a message: `outcome` of the WIT package.
#[derive(Debug, Clone, PartialEq, Eq, ComponentType, Lift)]
#[component(variant)]
pub enum Outcome {
    /// Its effects are durable.
    #[component(name = "done")]
    Done,
    /// Again later, for this reason.
    #[component(name = "retry")]
    Retry(String),
    /// Never again, for this reason.
    #[component(name = "reject")]
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

/// What became of a batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Handled {
    /// One outcome per message, in their order.
    pub result: Result<Vec<Outcome>, Failure>,
    /// Why the handler had no database meanwhile, if that is so. What failed is tried again then and
    /// charged to no record.
    pub outage: Option<String>,
}

impl From<Result<Vec<Outcome>, Failure>> for Handled {
    fn from(result: Result<Vec<Outcome>, Failure>) -> Self {
        Self {
            result,
            outage: None,
        }
    }
}

/// Handles batches.
pub trait Handler: Send + Sync + 'static {
    /// Handle one.
    fn handle(&self, batch: Arc<[Message]>) -> BoxFuture<'static, Handled>;
}
