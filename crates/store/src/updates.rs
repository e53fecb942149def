//! What a browser missed while it was not connected, straight from the event log. For one user the
//! order of the log is the order of commits, so everything behind an event is everything after it.

use spin_sdk::pg::Error;
use uuid::Uuid;

use crate::database::{Database, column, uuid_column};

/// Events returned at most; a browser that missed more reads everything anew.
pub const MAX_MISSED: usize = 500;
/// Rows of the log looked at for them, per topic.
const MAX_SCANNED: i64 = 10_000;
/// Rows looked at for the newest event, per topic.
const MAX_RECENT: i64 = 500;

/// An event as the log has it.
#[derive(Debug, Clone)]
pub struct Logged {
    /// The event's id.
    pub id: Uuid,
    /// The name of its [`events::Source`].
    pub source: Option<String>,
    /// Its value, JSON text.
    pub payload: String,
}

/// The user's events in these topics after the event `since`, oldest first. `None` when `since` is
/// no event of the user that is still kept, or when too much has happened after it.
pub async fn missed(
    db: &impl Database,
    user_id: Uuid,
    since: Uuid,
    topics: &[&str],
) -> Result<Option<Vec<Logged>>, Error> {
    let parameters = vec![
        user_id.to_string().into(),
        since.to_string().into(),
        topics.join(",").into(),
        MAX_SCANNED.into(),
        (MAX_MISSED as i64 + 1).into(),
    ];
    let rows = db
        .query(include_str!("updates/missed.sql"), parameters)
        .await?;
    if rows.len() > MAX_MISSED {
        return Ok(None);
    }
    let mut missed = Vec::with_capacity(rows.len());
    for row in &rows {
        if column::<Option<String>>(row, 0)?.is_none() {
            return Ok(None);
        }
        missed.push(Logged {
            id: uuid_column(row, 0)?,
            source: column(row, 1)?,
            payload: column(row, 2)?,
        });
    }
    Ok(Some(missed))
}

/// The user's newest event, from which a browser that has read everything can go on.
pub async fn newest(
    db: &impl Database,
    user_id: Uuid,
    topics: &[&str],
) -> Result<Option<Uuid>, Error> {
    let parameters = vec![
        user_id.to_string().into(),
        topics.join(",").into(),
        MAX_RECENT.into(),
    ];
    let rows = db
        .query(include_str!("updates/newest.sql"), parameters)
        .await?;
    match rows.first() {
        Some(row) if column::<Option<String>>(row, 0)?.is_some() => uuid_column(row, 0).map(Some),
        _ => Ok(None),
    }
}
