//! The audit log: written from events, in order, read by its user.

use crate::Page;
use crate::database::{Database, column};
use serde_json::Value;
use spin_sdk::pg::Error;
use uuid::Uuid;

/// Adds events, each the value of a record, to their users' chains: in this order and all or none. One
/// that is there already is left alone. Returns how many were new.
///
/// # Errors
/// When the database fails.
pub async fn record(db: &impl Database, events: Vec<Value>) -> Result<i32, Error> {
    const STATEMENT: &str = "SELECT record_audit($1::text::jsonb)";
    let parameters = vec![Value::Array(events).to_string().into()];
    let rows = db.query(STATEMENT, parameters).await?;
    rows.first().map_or(Ok(0), |row| column(row, 0))
}

/// What to read of the log.
#[derive(Debug, Clone, Default)]
pub struct AuditQuery {
    /// Only what is about this task.
    pub task_id: Option<Uuid>,
    /// Only events of this type.
    pub event_type: Option<String>,
    /// At most so many.
    pub limit: u32,
    /// After this place in the chain.
    pub after: i64,
}

/// A page of a user's log, oldest first. The next begins after a place in the chain.
///
/// # Errors
/// When the database fails.
pub async fn list(
    db: &impl Database,
    user_id: Uuid,
    query: &AuditQuery,
) -> Result<Page<i64>, Error> {
    let parameters = vec![
        user_id.to_string().into(),
        (i64::from(query.limit) + 1).into(),
        query.after.into(),
        query.task_id.map(|id| id.to_string()).into(),
        query.event_type.clone().into(),
    ];
    let rows = db.query(include_str!("audit/list.sql"), parameters).await?;
    Page::of(rows, query.limit, |last| column(last, 1))
}
