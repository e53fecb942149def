//! Tasks: make, change, read, list.

mod change;
mod columns;
mod create;
mod edit;
mod list;
mod read;

pub use change::{Change, Changed, change};
pub use create::{Created, Model, NewTask, Origin, RequestKey, create};
pub use edit::Edit;
pub use list::list;
pub use read::{Completed, Current, read, read_completed, show, user_time_zone};

use uuid::Uuid;

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
