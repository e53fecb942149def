//! Moves a group's offset, so that it handles records again.

use chrono::{DateTime, Utc};

use super::Operator;
use crate::Error;
use records::TopicPartition;

/// Owner and epoch go with the position: a member that reads the partition loses it, can commit
/// nothing more, and claims it again at the new place. Never beyond the horizon: what is above it
/// has not been read by anybody, and some of it may not be there yet.
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

/// Where a group is to go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum From {
    /// At the oldest record that is kept.
    Beginning,
    /// At the first record appended at this time or later.
    Time(DateTime<Utc>),
    /// At this offset, or the next there is.
    Offset(i64),
}

/// A partition whose position was moved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Moved {
    /// The partition.
    pub partition: TopicPartition,
    /// Records the group now has before it.
    pub records: u64,
}

impl Operator {
    /// Moves the position of a group in every partition of a topic. Its members, if there are any,
    /// go on from there within seconds. Empty when the group does not read the topic.
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
