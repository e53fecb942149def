//! The lag of every group.

use super::Operator;
use crate::Error;
use records::TopicPartition;

/// Rows counted per partition at most.
const COUNTED: i64 = 1_000_000;

const LAG: &str = "
SELECT p.consumer_group, p.topic, p.partition, l.rows, l.age::float8,
       (SELECT count(*) FROM log_members m
        WHERE m.consumer_group = p.consumer_group AND m.expires_at > now())
FROM log_positions p
CROSS JOIN LATERAL (
    SELECT count(*) AS rows, extract(epoch FROM now() - min(r.created_at)) AS age
    FROM (
        SELECT o.created_at FROM outbox o
        WHERE o.aggregatetype = p.topic AND o.partition = p.partition
          AND (o.xid, o.position) > (p.xid, p.position)
        ORDER BY o.xid, o.position LIMIT $1
    ) r
) l
ORDER BY p.consumer_group, p.topic, p.partition";

/// The lag of one group in one partition.
#[derive(Debug, Clone, PartialEq)]
pub struct PartitionLag {
    /// The consumer group.
    pub group: String,
    /// The partition.
    pub partition: TopicPartition,
    /// Records that are not handled; counting stops at a million.
    pub records: u64,
    /// The age of the oldest of them, in seconds.
    pub oldest_s: Option<f64>,
    /// Live members of the group, in all processes.
    pub members: u64,
}

impl Operator {
    /// The lag of every group, by group, topic and partition.
    ///
    /// # Errors
    /// When Postgres cannot be reached.
    pub async fn lag(&self) -> Result<Vec<PartitionLag>, Error> {
        let rows = self.session.lock().await.query(LAG, &[&COUNTED]).await?;
        rows.iter()
            .map(|row| {
                Ok(PartitionLag {
                    group: row.try_get(0)?,
                    partition: TopicPartition {
                        topic: row.try_get::<_, &str>(1)?.into(),
                        partition: i32::from(row.try_get::<_, i16>(2)?),
                    },
                    records: row.try_get::<_, i64>(3)? as u64,
                    oldest_s: row.try_get(4)?,
                    members: row.try_get::<_, i64>(5)? as u64,
                })
            })
            .collect()
    }
}
