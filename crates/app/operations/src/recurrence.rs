//! Making the next occurrence of a completed task, once.

use crate::{Context, Error};
use chrono::{DateTime, Utc};
use spin_sdk::pg;
use store::Database;
use store::tasks::{self, Created, Model, NewTask, Origin};
use uuid::Uuid;

/// How often a task that changes while its next occurrence is made is read again.
const MAX_TRIES: usize = 5;

/// What became of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scheduled {
    /// The next occurrence is there.
    Next(Uuid),
    /// The rule gives no further one.
    Ended,
    /// Nothing to do: the task does not repeat, was reopened or deleted, or was followed already.
    Nothing,
    /// The task kept changing: try again later.
    Busy,
}

/// Makes the next occurrence of a completed task, unless there is one already.
///
/// # Errors
/// When the database fails.
pub async fn schedule_next(
    context: &Context<impl Database>,
    task_id: Uuid,
) -> Result<Scheduled, Error> {
    let Context { db, author } = context;
    for _ in 0..MAX_TRIES {
        let Some(completed) = tasks::read_completed(db, author, task_id).await? else {
            return Ok(Scheduled::Nothing);
        };
        let task = completed.stored.task()?;
        let (Some(due), Some(repetition)) = (task.slot(), task.repetition()) else {
            return Ok(Scheduled::Nothing);
        };
        let next = repetition.next(
            due,
            completed.occurrence,
            completed_at(&completed.stored)?,
            &completed.taken,
        );
        let Some(next) = next else {
            return Ok(Scheduled::Ended);
        };
        let new = NewTask {
            task: &task.follow(&next, completed.occurrence),
            use_user_zone: false,
            origin: Origin::Completion(Model {
                id: task_id,
                version: completed.stored.version,
                occurrence: next.slot.local(),
            }),
        };
        if let Created::New(stored) = tasks::create(db, author, new).await? {
            return Ok(Scheduled::Next(stored.id));
        }
    }
    Ok(Scheduled::Busy)
}

fn completed_at(stored: &tasks::Stored) -> Result<DateTime<Utc>, pg::Error> {
    stored
        .value()?
        .get("completed_at")
        .and_then(serde_json::Value::as_str)
        .and_then(|text| domain::time::parse_instant(text).ok())
        .ok_or_else(|| pg::Error::Decode("a completed task has no completed_at".into()))
}
