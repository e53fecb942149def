//! Moves a group's offset, so that it handles records again.

use chrono::{DateTime, Utc};

use super::Operator;
use crate::Error;
use records::TopicPartition;

/// Resets owner and epoch with the offset: a member that reads the partition loses it, can commit
/// nothing more, and acquires it again at the new offset. The offset stays below the horizon, because
/// rows above it may still be missing.
const MOVE: &str = "
WITH horizon AS MATERIALIZED (SELECT pg_snapshot_xmin(pg_current_snapshot()) AS xmin)
UPDATE log_positions p
SET xid = coalesce(t.xid, h.xmin), position = coalesce(t.position, 0),
    owner = NULL, epoch = p.epoch + 1, updated_at = now()
FROM horizon h, log_positions q
LEFT JOIN LATERAL (
    SELECT '0'::xid8 AS xid, 0::int8 AS position WHERE $3::int8 IS NULL AND $4::timestamptz IS NULL
    UNION ALL
    (SELECT o.xid, o.position - 1 FROM outbox o
     WHERE o.aggregatetype = q.topic AND o.partition = q.partition
       AND (o.position >= $3 OR o.created_at >= $4)
       AND o.xid < pg_snapshot_xmin(pg_current_snapshot())
     ORDER BY o.xid, o.position LIMIT 1)
    LIMIT 1
) t ON true
WHERE q.consumer_group = $1 AND q.topic = $2
  AND p.consumer_group = q.consumer_group AND p.topic = q.topic AND p.partition = q.partition
RETURNING p.partition, (
    SELECT count(*) FROM outbox o
    WHERE o.aggregatetype = p.topic AND o.partition = p.partition
      AND (o.xid, o.position) > (p.xid, p.position))";

/// Where a group continues.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum From {
    /// At the oldest retained record.
    Beginning,
    /// At the first record appended at this time or later.
    Time(DateTime<Utc>),
    /// At this offset, or the next one that exists.
    Offset(i64),
}

/// A partition whose offset was moved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Moved {
    /// The partition.
    pub partition: TopicPartition,
    /// The group's lag there now.
    pub records: u64,
}

impl Operator {
    /// Moves the offset of a group in every partition of a topic. Its members, if there are any,
    /// continue there within seconds. Empty if the group does not read the topic.
    ///
    /// # Errors
    /// When Postgres cannot be reached.
    pub async fn replay(&self, group: &str, topic: &str, from: From) -> Result<Vec<Moved>, Error> {
        let (offset, time) = match from {
            From::Beginning => (None, None),
            From::Time(time) => (None, Some(time)),
            From::Offset(offset) => (Some(offset), None),
        };
        let mut session = self.session.lock().await;
        let rows = session
            .query(MOVE, &[&group, &topic, &offset, &time])
            .await?;
        let mut moved = rows
            .iter()
            .map(|row| {
                Ok(Moved {
                    partition: TopicPartition {
                        topic: topic.into(),
                        partition: i32::from(row.try_get::<_, i16>(0)?),
                    },
                    records: row.try_get::<_, i64>(1)? as u64,
                })
            })
            .collect::<Result<Vec<_>, Error>>()?;
        moved.sort_by(|a, b| a.partition.cmp(&b.partition));
        Ok(moved)
    }
}
