//! Notifications: delivered once for each event and channel, and kept in a log.

use crate::database::{Database, column, uuid_column};
use crate::{Author, Page};
use events::{EventType, ReminderDue};
use serde::{Deserialize, Serialize};
use spin_sdk::pg::Error;
use uuid::Uuid;

/// What became of a reminder that was to be delivered in the application.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Delivered {
    /// It is in the log, and on its way to the browsers.
    Sent,
    /// The task was done or deleted meanwhile; the log says so.
    Skipped,
    /// Nothing to do: it was delivered before, or the task is gone altogether.
    Nothing,
}

/// Delivers a reminder in the application.
///
/// # Errors
/// When the database fails.
pub async fn deliver(
    db: &impl Database,
    author: &Author,
    reminder: &ReminderDue,
) -> Result<Delivered, Error> {
    let parameters = vec![
        reminder.user_id.to_string().into(),
        reminder.event_id.to_string().into(),
        reminder.task_id.to_string().into(),
        reminder.reminder_id.to_string().into(),
        author.event(EventType::ReminderSent),
    ];
    let rows = db
        .query(include_str!("notifications/deliver.sql"), parameters)
        .await?;
    let status: Option<String> = rows.first().map(|row| column(row, 0)).transpose()?;
    Ok(match status.as_deref() {
        Some("sent") => Delivered::Sent,
        Some(_) => Delivered::Skipped,
        None => Delivered::Nothing,
    })
}

/// Where a page of the log ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Position {
    /// When its last entry was made, RFC 3339.
    pub created_at: String,
    /// Its last entry.
    pub id: Uuid,
}

/// A page of a user's log, newest first.
///
/// # Errors
/// When the database fails.
pub async fn list(
    db: &impl Database,
    user_id: Uuid,
    limit: u32,
    after: Option<&Position>,
) -> Result<Page<Position>, Error> {
    let parameters = vec![
        user_id.to_string().into(),
        (i64::from(limit) + 1).into(),
        after.map(|position| position.created_at.clone()).into(),
        after.map(|position| position.id.to_string()).into(),
    ];
    let rows = db
        .query(include_str!("notifications/list.sql"), parameters)
        .await?;
    Page::of(rows, limit, |last| {
        Ok(Position {
            created_at: column(last, 1)?,
            id: uuid_column(last, 2)?,
        })
    })
}
