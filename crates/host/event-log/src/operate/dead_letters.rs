//! Dead letters: listed, and redriven into the topic they came from.

use chrono::{DateTime, Utc};
use serde_json::Value;
use tokio_postgres::Row;

use super::Operator;
use crate::Error;

const LIST: &str = r#"
SELECT id, dead_letter_topic, consumer_group, handler, reason, attempts, topic, partition, "offset",
       record_id::text, record_timestamp, key, value, headers, created_at, redriven_at
FROM dead_letters
WHERE ($1::int8 IS NULL OR id = $1) AND ($2::text IS NULL OR consumer_group = $2)
  AND ($3::text IS NULL OR topic = $3) AND ($4 OR redriven_at IS NULL)
ORDER BY id LIMIT $5"#;

/// One statement, so that the dead letter is marked and its record is back, or neither. The record gets
/// a new row, because the first one may still exist. Its id, type and time are in its headers, which
/// win over those made from columns, so readers see the same event.
const REDRIVE: &str = "
WITH lock AS MATERIALIZED (
    SELECT pg_advisory_xact_lock(hashtextextended(coalesce(key, ''), 1))
    FROM dead_letters WHERE id = $1
), marked AS (
    UPDATE dead_letters d SET redriven_at = now() FROM lock
    WHERE d.id = $1 AND d.redriven_at IS NULL
    RETURNING d.topic, d.key, d.value, d.headers
)
INSERT INTO outbox (id, aggregatetype, aggregateid, type, payload, headers)
SELECT gen_random_uuid(), topic, key, coalesce(headers ->> 'ce_type', 'unknown'),
       coalesce(value, 'null'), headers
FROM marked
RETURNING pg_notify('event_log', 'appended')";

/// A row of the table `dead_letters`.
#[derive(Debug, Clone)]
pub struct DeadLetterRow {
    /// Identifies it.
    pub id: i64,
    /// The topic that stores it.
    pub dead_letter_topic: String,
    /// The group that gave it up.
    pub group: String,
    /// The handler that gave it up.
    pub handler: String,
    /// Why.
    pub reason: String,
    /// How often the record was delivered.
    pub attempts: i32,
    /// Where the record was read.
    pub topic: String,
    /// Where the record was read.
    pub partition: i32,
    /// Where the record was read.
    pub offset: i64,
    /// The event's id.
    pub record_id: String,
    /// When the record was appended.
    pub record_time: DateTime<Utc>,
    /// The record's key.
    pub key: Option<String>,
    /// The record's value.
    pub value: Option<Value>,
    /// The record's headers, an object of strings.
    pub headers: Value,
    /// When it was given up.
    pub created_at: DateTime<Utc>,
    /// When the record was redriven, if it was.
    pub redriven_at: Option<DateTime<Utc>>,
}

/// Which dead letters; `None` matches all.
#[derive(Debug, Clone, Default)]
pub struct DeadLetterFilter {
    /// This one only.
    pub id: Option<i64>,
    /// Given up by this group.
    pub group: Option<String>,
    /// Records of this topic.
    pub topic: Option<String>,
    /// Include those that were redriven.
    pub redriven: bool,
    /// At most this many.
    pub limit: i64,
}

impl Operator {
    /// Dead letters, oldest first.
    ///
    /// # Errors
    /// When Postgres cannot be reached.
    pub async fn dead_letters(
        &self,
        filter: &DeadLetterFilter,
    ) -> Result<Vec<DeadLetterRow>, Error> {
        let DeadLetterFilter {
            id,
            group,
            topic,
            redriven,
            limit,
        } = filter;
        let mut session = self.session.lock().await;
        let rows = session
            .query(LIST, &[id, group, topic, redriven, limit])
            .await?;
        rows.iter().map(dead_letter).collect()
    }

    /// Redrives a dead letter: appends its record to its topic, with key, value and headers, and marks
    /// the dead letter. Happens once: false if there is no such dead letter, or it was redriven before.
    ///
    /// # Errors
    /// When Postgres cannot be reached, or refuses.
    pub async fn redrive(&self, id: i64) -> Result<bool, Error> {
        let rows = self.session.lock().await.query(REDRIVE, &[&id]).await?;
        Ok(!rows.is_empty())
    }
}

fn dead_letter(row: &Row) -> Result<DeadLetterRow, Error> {
    Ok(DeadLetterRow {
        id: row.try_get(0)?,
        dead_letter_topic: row.try_get(1)?,
        group: row.try_get(2)?,
        handler: row.try_get(3)?,
        reason: row.try_get(4)?,
        attempts: row.try_get(5)?,
        topic: row.try_get(6)?,
        partition: i32::from(row.try_get::<_, i16>(7)?),
        offset: row.try_get(8)?,
        record_id: row.try_get(9)?,
        record_time: row.try_get(10)?,
        key: row.try_get(11)?,
        value: row.try_get(12)?,
        headers: row.try_get(13)?,
        created_at: row.try_get(14)?,
        redriven_at: row.try_get(15)?,
    })
}
