//! Tasks.

mod change;
mod create;

pub use change::{change, complete, delete, reopen, restore};
pub use create::{Created, NewTask, create};
pub use store::tasks::{RequestKey, Stored};

use crate::{Context, Error, Page};
use domain::{Position, TaskQuery};
use store::{Database, tasks};
use uuid::Uuid;

/// A task that is not in the trash.
///
/// # Errors
/// When there is none, or the database fails.
pub async fn read(context: &Context<impl Database>, task_id: Uuid) -> Result<Stored, Error> {
    let found = tasks::show(&context.db, context.user_id(), task_id).await?;
    found.ok_or_else(no_task)
}

/// The tasks that a query asks for.
///
/// # Errors
/// When the database fails.
pub async fn list(
    context: &Context<impl Database>,
    query: &TaskQuery,
) -> Result<Page<Position>, Error> {
    Ok(tasks::list(&context.db, context.user_id(), query).await?)
}

pub(crate) fn no_task() -> Error {
    Error::NotFound("task")
}
