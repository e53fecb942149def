//! What a browser missed while it was not connected, straight from the event log. For one user the
//! order of the log is the order of commits, so everything behind an event is everything after it.

use spin_sdk::pg::Error;
use uuid::Uuid;

use crate::database::{Database, column, uuid_column};

/// Events returned at most; a browser that missed more reads everything anew.
pub const MAX_MISSED: usize = 500;
/// Rows of the log looked at for them, per topic.
const MAX_SCANNED: i64 = 4_000;
/// Rows looked at for the latest events, per topic.
const MAX_RECENT: i64 = 500;

/// An event as the log has it.
#[derive(Debug, Clone)]
pub struct Logged {
    /// The event's id.
    pub id: Uuid,
    /// Its value, JSON text.
    pub payload: String,
}

/// What happened after an event, at one moment.
#[derive(Debug, Clone, Default)]
pub struct Missed {
    /// After it, oldest first.
    pub events: Vec<Logged>,
    /// The event itself and the latest before it: readers of the log may not have come to them yet.
    pub known: Vec<Uuid>,
}

/// The user's events in these topics after the event `since`. `None` when `since` is no event of
/// the user that is still kept, or when too much has happened after it.
pub async fn missed(
    db: &impl Database,
    user_id: Uuid,
    since: Uuid,
    topics: &[&str],
) -> Result<Option<Missed>, Error> {
    let parameters = vec![
        user_id.to_string().into(),
        since.to_string().into(),
        topics.join(",").into(),
        MAX_SCANNED.into(),
        (MAX_MISSED as i64 + 1).into(),
        MAX_RECENT.into(),
    ];
    let rows = db
        .query(include_str!("updates/missed.sql"), parameters)
        .await?;
    let mut missed = Missed::default();
    for row in &rows {
        if column::<Option<String>>(row, 0)?.is_none() {
            return Ok(None);
        }
        let id = uuid_column(row, 0)?;
        match column(row, 1)? {
            None => missed.known.push(id),
            Some(payload) => missed.events.push(Logged { id, payload }),
        }
    }
    Ok((missed.events.len() <= MAX_MISSED).then_some(missed))
}

/// The user's latest events, newest first. A browser that reads everything now can go on from the
/// first; empty when nothing is known to have happened yet.
pub async fn recent(
    db: &impl Database,
    user_id: Uuid,
    topics: &[&str],
) -> Result<Vec<Uuid>, Error> {
    let parameters = vec![
        user_id.to_string().into(),
        topics.join(",").into(),
        MAX_RECENT.into(),
    ];
    let rows = db
        .query(include_str!("updates/recent.sql"), parameters)
        .await?;
    rows.iter().map(|row| uuid_column(row, 0)).collect()
}
