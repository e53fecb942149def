//! Deletes rows that are old and that every consumer group has read. A group that lags retains its
//! rows, however old. [`EventLog::forget_group`](crate::EventLog::forget_group) removes a group that is
//! gone for good.

use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::log::Shared;
use crate::session::Session;
use crate::{Error, PARTITIONS, lease};

const LEASE: &str = "event-log/prune";
const BATCH: i64 = 2000;

/// Every topic, without reading every row.
const TOPICS: &str = "
WITH RECURSIVE topics AS (
    (SELECT aggregatetype FROM outbox ORDER BY aggregatetype LIMIT 1)
    UNION ALL
    SELECT (SELECT o.aggregatetype FROM outbox o WHERE o.aggregatetype > t.aggregatetype
            ORDER BY o.aggregatetype LIMIT 1)
    FROM topics t WHERE t.aggregatetype IS NOT NULL
)
SELECT aggregatetype FROM topics WHERE aggregatetype IS NOT NULL";

/// The oldest rows of one partition. Rows are appended in about the order of their age, so the
/// first that must stay ends the search.
const DELETE: &str = "
WITH oldest AS (
    SELECT xid, position FROM outbox
    WHERE aggregatetype = $1 AND partition = $2
      AND xid < pg_snapshot_xmin(pg_current_snapshot())
    ORDER BY xid, position LIMIT $4
)
DELETE FROM outbox o USING oldest
WHERE o.aggregatetype = $1 AND o.partition = $2
  AND o.xid = oldest.xid AND o.position = oldest.position
  AND o.created_at < now() - $3::float8 * interval '1 second'
  AND NOT EXISTS (
      SELECT FROM log_positions p
      WHERE p.topic = $1 AND p.partition = $2 AND (p.xid, p.position) < (o.xid, o.position)
  )
RETURNING 1";

/// Prunes now and then, in one process at a time.
pub(crate) async fn run(shared: Arc<Shared>, stop: CancellationToken) {
    let mut session = Session::new(shared.connector.clone());
    loop {
        // All hosts start together after a deployment; which one prunes does not matter.
        let wait = shared
            .options
            .prune_interval
            .mul_f64(rand::random_range(0.5..=1.0));
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(wait) => {}
        }
        let pruned = async {
            let Some(lease) = lease::try_acquire(&shared, LEASE).await? else {
                return Ok(0);
            };
            let pruned = prune(&mut session, shared.options.retention).await;
            lease.release().await;
            pruned
        };
        match pruned.await {
            Ok(0) => {}
            Ok(rows) => {
                metrics::counter!("event_log_pruned_records_total").increment(rows);
                tracing::info!(rows, "pruned the event log");
            }
            Err(error) => shared.connector.failed(&error),
        }
        // A connection is not worth keeping for the next time.
        session = Session::new(shared.connector.clone());
    }
}

/// Every topic that has rows, by name.
pub(crate) async fn topics(session: &mut Session) -> Result<Vec<String>, Error> {
    let rows = session.query(TOPICS, &[]).await?;
    rows.iter().map(|row| Ok(row.try_get(0)?)).collect()
}

pub(crate) async fn prune(session: &mut Session, retention: Duration) -> Result<u64, Error> {
    let mut pruned = 0;
    for topic in topics(session).await? {
        for partition in 0..PARTITIONS {
            loop {
                let deleted = session
                    .query(
                        DELETE,
                        &[&topic, &partition, &retention.as_secs_f64(), &BATCH],
                    )
                    .await?
                    .len();
                pruned += deleted as u64;
                if deleted < BATCH as usize {
                    break;
                }
            }
        }
    }
    Ok(pruned)
}
