//! Changing a task.

use super::columns::{of, wall_clock};
use super::read::stored;
use super::{Author, Current, Stored};
use crate::database::Database;
use domain::{Status, Task};
use events::EventType;
use serde_json::{Map, Value, json};
use spin_sdk::pg::Error;
use uuid::Uuid;

/// What is done to a task.
#[derive(Debug, Clone)]
pub enum Change<'a> {
    /// Its fields become those of `to`.
    Edit {
        /// As it was read.
        current: &'a Current,
        /// Its fields when it was read.
        from: &'a Task,
        /// Its fields from now on.
        to: &'a Task,
    },
    /// It is done.
    Complete,
    /// It is to be done again.
    Reopen,
    /// It goes to the trash.
    Delete,
    /// It comes back from the trash.
    Restore,
}

/// Changes a task. `None`, and no event, when it is not there in the state that the change starts
/// from, or not at the expected version where there is one.
///
/// # Errors
/// When the database fails.
pub async fn change(
    db: &impl Database,
    author: &Author,
    task_id: Uuid,
    change: Change<'_>,
    expected_version: Option<i32>,
) -> Result<Option<Stored>, Error> {
    let [actor, headers] = author.event(task_id);
    let parameters = vec![
        author.user_id.to_string().into(),
        task_id.to_string().into(),
        Value::Object(change.columns()).to_string().into(),
        expected_version.into(),
        change.status_before().map(str::to_owned).into(),
        matches!(change, Change::Restore).into(),
        Uuid::now_v7().to_string().into(),
        change.event_type().as_str().to_owned().into(),
        actor,
        headers,
    ];
    let rows = db.query(include_str!("change.sql"), parameters).await?;
    rows.first().map(|row| stored(task_id, row)).transpose()
}

impl Change<'_> {
    fn status_before(&self) -> Option<&'static str> {
        match self {
            Self::Complete => Some(Status::Pending.as_str()),
            Self::Reopen => Some(Status::Completed.as_str()),
            Self::Edit { .. } | Self::Delete | Self::Restore => None,
        }
    }

    fn event_type(&self) -> EventType {
        match self {
            Self::Edit { from, to, .. } => match (from.status, to.status) {
                (Status::Pending, Status::Completed) => EventType::TaskCompleted,
                (Status::Completed, Status::Pending) => EventType::TaskReopened,
                _ => EventType::TaskUpdated,
            },
            Self::Complete => EventType::TaskCompleted,
            Self::Reopen => EventType::TaskReopened,
            Self::Delete => EventType::TaskDeleted,
            Self::Restore => EventType::TaskRestored,
        }
    }

    fn columns(&self) -> Map<String, Value> {
        match self {
            Self::Edit { current, from, to } => edited(current, from, to),
            Self::Complete => status(Status::Completed),
            Self::Reopen => status(Status::Pending),
            Self::Delete => one("deleted_at", json!("now")),
            Self::Restore => one("deleted_at", Value::Null),
        }
    }
}

/// Another rhythm begins another series, so that no slot of the old one is in its way.
fn edited(current: &Current, from: &Task, to: &Task) -> Map<String, Value> {
    let keeps_series = match (&from.rule, &to.rule) {
        (_, None) => true,
        (Some(from), Some(to)) => from.same_rhythm(to) && current.has_series,
        (None, Some(_)) => false,
    };
    let occurrence = if keeps_series {
        current.occurrence
    } else {
        to.slot().map(|slot| slot.local())
    };
    let mut columns = of(to, occurrence);
    if !keeps_series {
        columns.insert("series_id".into(), json!(Uuid::now_v7()));
        columns.insert("occurrence".into(), json!(occurrence.map(wall_clock)));
    }
    if from.status != to.status {
        columns.extend(status(to.status));
    }
    columns
}

fn status(status: Status) -> Map<String, Value> {
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
