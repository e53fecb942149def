//! The statements on `log_positions`. Owner, epoch and offset share one row, so the update of an owner
//! that was replaced matches no row.

use tokio_postgres::Row;
use uuid::Uuid;

use crate::presence::PRESENCE;
use crate::session::Session;
use crate::{Cursor, Error, PARTITIONS, Start};
use records::TopicPartition;

const CREATE: &str = "
INSERT INTO log_positions (consumer_group, topic, partition, xid, position)
SELECT $1, t.topic, p.partition::int2,
       CASE WHEN $3 THEN '0'::xid8 ELSE pg_snapshot_xmin(pg_current_snapshot()) END, 0
FROM unnest($2::text[]) AS t(topic), generate_series(0, $4::int4 - 1) AS p(partition)
ON CONFLICT DO NOTHING";

const OWNED: &str = "
SELECT topic, partition, epoch FROM log_positions WHERE consumer_group = $1 AND owner = $2";

const ACQUIRE: &str = "
WITH present AS MATERIALIZED (
    SELECT objid::bigint AS presence FROM pg_locks
    WHERE locktype = 'advisory' AND objsubid = 2 AND classid::bigint = $6 AND granted
      AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
), living AS MATERIALIZED (
    SELECT member FROM log_members
    WHERE consumer_group = $1 AND expires_at > now()
      AND ($5 OR presence::bigint IN (SELECT presence FROM present))
)
UPDATE log_positions p SET owner = $2, epoch = p.epoch + 1, updated_at = now()
FROM unnest($3::text[], $4::int2[]) AS c(topic, partition)
WHERE p.consumer_group = $1 AND p.topic = c.topic AND p.partition = c.partition
  AND (p.owner IS NULL OR p.owner = $2 OR p.owner NOT IN (SELECT member FROM living))
RETURNING p.topic, p.partition, p.epoch, p.xid::text, p.position";

const COMMIT: &str = "
UPDATE log_positions p SET xid = c.xid::xid8, position = c.position, updated_at = now()
FROM unnest($3::text[], $4::int2[], $5::int8[], $6::text[], $7::int8[])
         AS c(topic, partition, epoch, xid, position)
WHERE p.consumer_group = $1 AND p.owner = $2
  AND p.topic = c.topic AND p.partition = c.partition AND p.epoch = c.epoch
RETURNING p.topic, p.partition";

const RELEASE: &str = "
UPDATE log_positions p SET owner = NULL, updated_at = now()
FROM unnest($3::text[], $4::int2[], $5::int8[]) AS c(topic, partition, epoch)
WHERE p.consumer_group = $1 AND p.owner = $2
  AND p.topic = c.topic AND p.partition = c.partition AND p.epoch = c.epoch";

/// An acquired partition, and where to continue.
pub(crate) struct Acquired {
    pub partition: TopicPartition,
    pub epoch: i64,
    pub cursor: Cursor,
}

/// One member's access to its group's offsets.
pub(crate) struct Positions {
    pub group: String,
    pub member: Uuid,
}

impl Positions {
    /// Creates rows for partitions that the group has never read.
    pub async fn create(
        &self,
        session: &mut Session,
        topics: &[String],
        start: Start,
    ) -> Result<(), Error> {
        let earliest = start == Start::Earliest;
        let partitions = i32::from(PARTITIONS);
        session
            .query(CREATE, &[&self.group, &topics, &earliest, &partitions])
            .await
            .map(drop)
    }

    /// What this member owns, as Postgres sees it, with the epoch.
    pub async fn owned(&self, session: &mut Session) -> Result<Vec<(TopicPartition, i64)>, Error> {
        let rows = session.query(OWNED, &[&self.group, &self.member]).await?;
        rows.iter()
            .map(|row| Ok((partition(row)?, row.try_get(2)?)))
            .collect()
    }

    /// Acquires those of the partitions that are free or whose owner is gone. In the grace period an
    /// owner counts as gone only when it has expired.
    pub async fn acquire(
        &self,
        session: &mut Session,
        partitions: &[TopicPartition],
        in_grace: bool,
    ) -> Result<Vec<Acquired>, Error> {
        let (topics, numbers) = columns(partitions.iter());
        let rows = session
            .query(
                ACQUIRE,
                &[
                    &self.group,
                    &self.member,
                    &topics,
                    &numbers,
                    &in_grace,
                    &i64::from(PRESENCE),
                ],
            )
            .await?;
        rows.iter()
            .map(|row| {
                Ok(Acquired {
                    partition: partition(row)?,
                    epoch: row.try_get(2)?,
                    cursor: crate::reader::cursor(row, 3, 4)?,
                })
            })
            .collect()
    }

    /// Commits offsets. Returns the partitions that are still ours; the others are lost.
    pub async fn commit(
        &self,
        session: &mut Session,
        commits: &[(TopicPartition, i64, Cursor)],
    ) -> Result<Vec<TopicPartition>, Error> {
        let (topics, numbers) = columns(commits.iter().map(|(tp, ..)| tp));
        let epochs: Vec<i64> = commits.iter().map(|(_, epoch, _)| *epoch).collect();
        let xids: Vec<String> = commits.iter().map(|(.., c)| c.xid.to_string()).collect();
        let places: Vec<i64> = commits.iter().map(|(.., c)| c.position).collect();
        let rows = session
            .query(
                COMMIT,
                &[
                    &self.group,
                    &self.member,
                    &topics,
                    &numbers,
                    &epochs,
                    &xids,
                    &places,
                ],
            )
            .await?;
        rows.iter().map(partition).collect()
    }

    /// Releases partitions for other members.
    pub async fn release(
        &self,
        session: &mut Session,
        partitions: &[(TopicPartition, i64)],
    ) -> Result<(), Error> {
        let (topics, numbers) = columns(partitions.iter().map(|(tp, _)| tp));
        let epochs: Vec<i64> = partitions.iter().map(|(_, epoch)| *epoch).collect();
        session
            .query(
                RELEASE,
                &[&self.group, &self.member, &topics, &numbers, &epochs],
            )
            .await
            .map(drop)
    }
}

fn columns<'a>(partitions: impl Iterator<Item = &'a TopicPartition>) -> (Vec<&'a str>, Vec<i16>) {
    partitions
        .map(|tp| (&*tp.topic, tp.partition as i16))
        .unzip()
}

fn partition(row: &Row) -> Result<TopicPartition, Error> {
    Ok(TopicPartition {
        topic: row.try_get::<_, &str>(0)?.into(),
        partition: i32::from(row.try_get::<_, i16>(1)?),
    })
}
