//! Tasks: make, change, read, list.

mod change;
mod columns;
mod create;
pub mod filter;
pub mod find;
mod list;
pub mod order;
mod read;

pub use change::{Change, change};
pub use create::{Created, Model, NewTask, Origin, RequestKey, create};
pub use list::{Page, list};
pub use read::{Completed, Current, read, read_completed, show, user_time_zone};

use events::{Actor, Headers, Source};
use spin_sdk::pg::ParameterValue;
use uuid::Uuid;

/// Who writes, on whose tasks, and through which door.
#[derive(Debug, Clone)]
pub struct Author {
    /// Whose tasks.
    pub user_id: Uuid,
    /// Who does it.
    pub actor: Actor,
    /// Where the change came in.
    pub source: Source,
    /// W3C trace context of the request or event that caused it.
    pub traceparent: Option<String>,
}

impl Author {
    /// The actor and the headers of an event, as parameters.
    pub(crate) fn event(&self, task_id: Uuid) -> [ParameterValue; 2] {
        let headers = Headers {
            source: self.source,
            subject: Some(task_id),
            traceparent: self.traceparent.as_deref(),
        };
        [self.actor.to_json().into(), headers.to_json().into()]
    }
}

/// A task as it stands in the database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    /// Its id.
    pub id: Uuid,
    /// The task's JSON, as the API gives it.
    pub json: String,
    /// Grows with every change; the entity tag.
    pub version: i32,
}
