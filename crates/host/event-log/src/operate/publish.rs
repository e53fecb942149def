//! Appending a record by hand.

use serde_json::Value;
use uuid::Uuid;

use super::Operator;
use crate::Error;

/// As every writer does it: the key's lock before the first write.
const APPEND: &str = "
WITH lock AS MATERIALIZED (SELECT pg_advisory_xact_lock(hashtextextended($3, 1)))
INSERT INTO outbox (id, aggregatetype, aggregateid, type, payload, headers)
SELECT $1, $2, $3, $4, $5, $6 FROM lock
RETURNING partition, position, pg_notify('event_log', 'appended')";

/// A record to be appended.
#[derive(Debug, Clone)]
pub struct NewRecord {
    /// Identifies the row: no other row has it. It is the event's id too, unless `headers` has a `ce_id`.
    pub id: Uuid,
    /// The topic.
    pub topic: String,
    /// What the order is kept for; not empty.
    pub key: String,
    /// The event's type.
    pub kind: String,
    /// The value.
    pub value: Value,
    /// An object of strings, which stand before the headers that are made from columns.
    pub headers: Value,
}

/// Where a record was appended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Published {
    /// The partition, by the hash of the key.
    pub partition: i32,
    /// Identifies the record in its partition.
    pub offset: i64,
}

impl Operator {
    /// Appends a record, and wakes its readers on every host.
    ///
    /// # Errors
    /// When Postgres cannot be reached, or refuses: the role may not insert, or another row has the id.
    pub async fn publish(&self, record: &NewRecord) -> Result<Published, Error> {
        let NewRecord {
            id,
            topic,
            key,
            kind,
            value,
            headers,
        } = record;
        let mut session = self.session.lock().await;
        let rows = session
            .query(APPEND, &[id, topic, key, kind, value, headers])
            .await?;
        let row = rows
            .first()
            .ok_or_else(|| Error::Postgres("nothing was appended".to_owned()))?;
        Ok(Published {
            partition: i32::from(row.try_get::<_, i16>(0)?),
            offset: row.try_get(1)?,
        })
    }
}
