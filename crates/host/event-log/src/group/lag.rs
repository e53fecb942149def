//! The lag of a group, for its metrics. Counting stops at ten thousand rows, because a larger exact
//! number helps nobody.

use std::collections::BTreeMap;

use crate::session::Session;
use crate::{Cursor, Error};
use records::TopicPartition;

const LAG: &str = "
SELECT c.topic, sum(b.rows)::int8, max(b.age)::float8
FROM unnest($1::text[], $2::int2[], $3::text[], $4::int8[]) AS c(topic, partition, xid, position)
CROSS JOIN LATERAL (
    SELECT count(*) AS rows, coalesce(extract(epoch FROM now() - min(r.created_at)), 0) AS age
    FROM (
        SELECT o.created_at FROM outbox o
        WHERE o.aggregatetype = c.topic AND o.partition = c.partition
          AND (o.xid, o.position) > (c.xid::xid8, c.position)
        ORDER BY o.xid, o.position LIMIT 10000
    ) r
) b
GROUP BY c.topic";

/// Sets the gauges of the partitions this process owns; the sum over all processes is the
/// group's.
pub(crate) async fn observe(
    session: &mut Session,
    group: &str,
    topics: &[String],
    committed: &[(TopicPartition, Cursor)],
) -> Result<(), Error> {
    let names: Vec<&str> = committed.iter().map(|(tp, _)| &*tp.topic).collect();
    let partitions: Vec<i16> = committed
        .iter()
        .map(|(tp, _)| tp.partition as i16)
        .collect();
    let xids: Vec<String> = committed.iter().map(|(_, c)| c.xid.to_string()).collect();
    let positions: Vec<i64> = committed.iter().map(|(_, c)| c.position).collect();
    let mut lags: BTreeMap<String, (i64, f64)> = topics
        .iter()
        .map(|topic| (topic.clone(), (0, 0.0)))
        .collect();
    for row in session
        .query(LAG, &[&names, &partitions, &xids, &positions])
        .await?
    {
        lags.insert(row.try_get(0)?, (row.try_get(1)?, row.try_get(2)?));
    }
    for (topic, (records, seconds)) in lags {
        let labels = [("group", group.to_owned()), ("topic", topic)];
        metrics::gauge!("event_log_lag_records", &labels).set(records as f64);
        metrics::gauge!("event_log_lag_seconds", &labels).set(seconds);
    }
    Ok(())
}
