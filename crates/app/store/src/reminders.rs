//! Reminders: those of a task, and those whose time has come.

use crate::Author;
use crate::database::{Database, column};
use chrono::{DateTime, SecondsFormat, Utc};
use events::{Actor, EventType, NewEvent, Source};
use spin_sdk::pg::Error;
use uuid::Uuid;

/// How many reminders a task may have.
pub const MAX_PER_TASK: i64 = 20;

/// When to remind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum When {
    /// At this instant.
    At(DateTime<Utc>),
    /// So many minutes before the task is due; moves with it.
    MinutesBefore(i32),
}

/// What became of a reminder that was to be added.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Added {
    /// It is there; its JSON.
    New(String),
    /// There is no such task.
    NoTask,
    /// The task has no time of day to count back from.
    NoTime,
    /// The task has [`MAX_PER_TASK`] already.
    TooMany,
}

/// What became of a reminder that was to be removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Removed {
    /// It is gone.
    Done,
    /// There is no such reminder.
    Absent,
    /// It is the task's own `remind_at`, which is cleared by a change of the task.
    TaskField,
}

/// How many reminders a scan settled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Scanned {
    /// All, those of finished tasks included.
    pub settled: i64,
    /// Those that `reminder.due` was emitted for.
    pub fired: i64,
}

/// Emits the reminders whose time has come, oldest first, at most `limit` of them.
///
/// # Errors
/// When the database fails.
pub async fn scan(db: &impl Database, limit: i32) -> Result<Scanned, Error> {
    let event = NewEvent {
        kind: EventType::ReminderDue,
        change_id: Uuid::now_v7(),
        actor: Some(&Actor::System),
        source: Source::Reminder,
        traceparent: None,
        metadata: None,
    };
    let parameters = vec![limit.into(), event.to_json().into()];
    let rows = db
        .query(include_str!("reminders/scan.sql"), parameters)
        .await?;
    let row = rows
        .first()
        .ok_or_else(|| Error::Decode("the scan gives no row".into()))?;
    Ok(Scanned {
        settled: column(row, 0)?,
        fired: column(row, 1)?,
    })
}

/// The reminders of a task, each as its JSON, in the order of their time.
///
/// # Errors
/// When the database fails.
pub async fn list(db: &impl Database, user_id: Uuid, task_id: Uuid) -> Result<Vec<String>, Error> {
    let parameters = vec![user_id.to_string().into(), task_id.to_string().into()];
    let rows = db
        .query(include_str!("reminders/list.sql"), parameters)
        .await?;
    rows.iter().map(|row| column(row, 0)).collect()
}

/// Adds a reminder to a task.
///
/// # Errors
/// When the database fails.
pub async fn add(
    db: &impl Database,
    author: &Author,
    task_id: Uuid,
    when: When,
) -> Result<Added, Error> {
    let (at, minutes_before) = match when {
        When::At(instant) => (
            Some(instant.to_rfc3339_opts(SecondsFormat::Micros, true)),
            None,
        ),
        When::MinutesBefore(minutes) => (None, Some(minutes)),
    };
    let parameters = vec![
        author.user_id.to_string().into(),
        task_id.to_string().into(),
        at.into(),
        minutes_before.into(),
        MAX_PER_TASK.into(),
    ];
    let rows = db
        .query(include_str!("reminders/add.sql"), parameters)
        .await?;
    let Some(row) = rows.first() else {
        return Ok(Added::NoTask);
    };
    Ok(match (column(row, 0)?, column(row, 1)?) {
        (Some(json), _) => Added::New(json),
        (None, true) => Added::TooMany,
        (None, false) => Added::NoTime,
    })
}

/// Removes a reminder of a task.
///
/// # Errors
/// When the database fails.
pub async fn remove(
    db: &impl Database,
    user_id: Uuid,
    task_id: Uuid,
    reminder_id: Uuid,
) -> Result<Removed, Error> {
    let parameters = [user_id, task_id, reminder_id]
        .map(|id| id.to_string().into())
        .to_vec();
    let rows = db
        .query(include_str!("reminders/remove.sql"), parameters)
        .await?;
    Ok(match rows.first().map(|row| column(row, 0)).transpose()? {
        Some(true) => Removed::Done,
        Some(false) => Removed::TaskField,
        None => Removed::Absent,
    })
}
