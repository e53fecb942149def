//! Changing a task.

use super::Stored;
use super::columns::filled_in;
use super::edit::Edit;
use super::read::{Current, current};
use crate::Author;
use crate::database::{Database, column};
use domain::Status;
use events::EventType;
use serde_json::{Map, Value, json};
use spin_sdk::pg::Error;
use std::sync::LazyLock;
use uuid::Uuid;

static STATEMENT: LazyLock<String> = LazyLock::new(|| filled_in(include_str!("change.sql")));

/// What is done to a task.
#[derive(Debug, Clone)]
pub enum Change<'a> {
    /// Fields of it get other values.
    Edit(Edit<'a>),
    /// It is done.
    Complete,
    /// It is to be done again.
    Reopen,
    /// It goes to the trash.
    Delete,
    /// It comes back from the trash.
    Restore,
}

/// What became of a change.
#[derive(Debug, Clone)]
pub enum Changed {
    /// It was made.
    Done(Stored),
    /// The task is not in a state, or not at a version, from which the change starts: as it is now.
    Unchanged(Current),
    /// There is no such task.
    Absent,
}

/// Changes a task, or gives it as it is when it cannot be changed so. Changes of one user's tasks queue
/// on the user's lock, and each is made on what the one before left: the statement holds the
/// lock while it reads and writes the task. `versions` are those that the task may have, if any do not
/// do.
///
/// # Errors
/// When the database fails.
pub async fn change(
    db: &impl Database,
    author: &Author,
    task_id: Uuid,
    change: &Change<'_>,
    versions: Option<&[i32]>,
) -> Result<Changed, Error> {
    let basis = change.basis()?;
    let parameters = vec![
        author.user_id.to_string().into(),
        task_id.to_string().into(),
        Value::Object(change.columns()).to_string().into(),
        basis.map(|basis| Value::Object(basis).to_string()).into(),
        versions.map(array).into(),
        matches!(change, Change::Restore).into(),
        author.event(change.event_type()),
    ];
    let rows = db.query(&STATEMENT, parameters).await?;
    let Some(row) = rows.first() else {
        return Ok(Changed::Absent);
    };
    let now = current(task_id, row)?;
    Ok(if column(row, 5)? {
        Changed::Done(now.stored)
    } else {
        Changed::Unchanged(now)
    })
}

/// As Postgres writes an array.
fn array(numbers: &[i32]) -> String {
    let numbers: Vec<String> = numbers.iter().map(i32::to_string).collect();
    format!("{{{}}}", numbers.join(","))
}

impl Change<'_> {
    fn event_type(&self) -> EventType {
        match self {
            Self::Edit(edit) => edit.event_type(),
            Self::Complete => EventType::TaskCompleted,
            Self::Reopen => EventType::TaskReopened,
            Self::Delete => EventType::TaskDeleted,
            Self::Restore => EventType::TaskRestored,
        }
    }

    fn columns(&self) -> Map<String, Value> {
        match self {
            Self::Edit(edit) => edit.columns(),
            Self::Complete => status(Status::Completed),
            Self::Reopen => status(Status::Pending),
            Self::Delete => one("deleted_at", json!("now")),
            Self::Restore => one("deleted_at", Value::Null),
        }
    }

    /// What must still be so when the change is made.
    fn basis(&self) -> Result<Option<Map<String, Value>>, Error> {
        Ok(match self {
            Self::Edit(edit) => edit.basis()?,
            Self::Complete => Some(one("status", json!(Status::Pending.as_str()))),
            Self::Reopen => Some(one("status", json!(Status::Completed.as_str()))),
            Self::Delete | Self::Restore => None,
        })
    }
}

pub(super) fn status(status: Status) -> Map<String, Value> {
    let mut columns = one("status", json!(status.as_str()));
    let completed_at = match status {
        Status::Completed => json!("now"),
        Status::Pending => Value::Null,
    };
    columns.insert("completed_at".into(), completed_at);
    columns
}

fn one(column: &str, value: Value) -> Map<String, Value> {
    Map::from_iter([(column.to_owned(), value)])
}
