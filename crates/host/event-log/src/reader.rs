//! Reads rows behind cursors, in order. No cursor passes the horizon, which is the oldest transaction
//! still running; otherwise a row that commits late would be skipped. Rows above the horizon go only to
//! a reader that remembers which ones it has.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use chrono::{DateTime, Utc};
use metrics::{Counter, Gauge, Histogram};
use tokio::time::Instant;
use tokio_postgres::Row;
use uuid::Uuid;

use crate::Error;
use crate::pacer::ReadOutcome;
use crate::row::{Attributes, Cursor};
use crate::session::Session;
use records::{Record, TopicPartition};

/// A transaction that holds readers back for longer is worth a warning.
const LONG: Duration = Duration::from_secs(10);

/// One statement for all cursors: an index range per cursor. `$6` lists the rows above the horizon that
/// the reader has already; NULL means that it wants no such rows. Unwanted rows are only counted; their
/// payload is not fetched.
const READ: &str = "
SELECT c.slot, o.xid::text, o.position, o.below, o.id, o.aggregateid, o.type,
       CASE WHEN w.wanted THEN o.payload::text END,
       CASE WHEN w.wanted THEN o.headers END,
       o.created_at, w.wanted
FROM unnest($1::text[], $2::int2[], $3::text[], $4::int8[])
         WITH ORDINALITY AS c(topic, partition, xid, position, slot)
CROSS JOIN pg_snapshot_xmin(pg_current_snapshot()) AS h(xmin)
CROSS JOIN LATERAL (
    SELECT r.xid, r.position, r.xid < h.xmin AS below, r.id, r.aggregateid, r.type, r.payload,
           r.headers, r.created_at
    FROM outbox r
    WHERE r.aggregatetype = c.topic AND r.partition = c.partition
      AND (r.xid, r.position) > (c.xid::xid8, c.position)
    ORDER BY r.xid, r.position
    LIMIT $5
) o
CROSS JOIN LATERAL (SELECT CASE WHEN $6::int8[] IS NULL THEN o.below ELSE o.position <> ALL ($6) END AS wanted) w";

const HORIZON: &str = "SELECT pg_snapshot_xmin(pg_current_snapshot())::text";

/// A row that was read, with its cursor.
#[derive(Debug, Clone)]
pub(crate) struct Read {
    pub partition: TopicPartition,
    pub cursor: Cursor,
    /// The reader's cursor may move here: nothing can appear before it any more.
    pub below: bool,
    /// `None`: the reader has it already.
    pub record: Option<Arc<Record>>,
}

/// The rows of one read, in the order they were appended, and what it met.
pub(crate) struct Page {
    pub rows: Vec<Read>,
    pub met: ReadOutcome,
}

/// What a page contains of one partition.
#[derive(Clone, Default)]
struct Taken {
    rows: usize,
    has_news: bool,
}

/// Reads with one statement per wake-up.
pub(crate) struct Reader {
    pub session: Session,
    limit: usize,
    blocked_since: Option<(Cursor, Instant)>,
    warned: bool,
    meters: Meters,
}

struct Meters {
    records: Counter,
    batches: Counter,
    seconds: Histogram,
    horizon_age: Gauge,
}

impl Reader {
    /// `name` labels the metrics: the group, or `tail`.
    pub fn new(session: Session, limit: usize, name: &str) -> Self {
        let name = name.to_owned();
        Self {
            session,
            limit: limit.max(1),
            blocked_since: None,
            warned: false,
            meters: Meters {
                records: metrics::counter!("event_log_records_total", "reader" => name.clone()),
                batches: metrics::counter!("event_log_batches_total", "reader" => name.clone()),
                seconds: metrics::histogram!("event_log_read_seconds", "reader" => name.clone()),
                horizon_age: metrics::gauge!("event_log_horizon_age_seconds", "reader" => name),
            },
        }
    }

    /// Reads the rows after the cursors: those below the horizon, and with `ahead` also visible ones
    /// above it that `ahead` does not list.
    pub async fn read(
        &mut self,
        cursors: &[(TopicPartition, Cursor)],
        ahead: Option<&[i64]>,
    ) -> Result<Page, Error> {
        let topics: Vec<&str> = cursors.iter().map(|(tp, _)| &*tp.topic).collect();
        let partitions: Vec<i16> = cursors.iter().map(|(tp, _)| tp.partition as i16).collect();
        let xids: Vec<String> = cursors.iter().map(|(_, c)| c.xid.to_string()).collect();
        let positions: Vec<i64> = cursors.iter().map(|(_, c)| c.position).collect();
        let limit = self.limit as i64;
        let started = Instant::now();
        let rows = self
            .session
            .query(
                READ,
                &[&topics, &partitions, &xids, &positions, &limit, &ahead],
            )
            .await?;
        self.meters.seconds.record(started.elapsed());

        let mut pages = vec![Taken::default(); cursors.len()];
        let mut read = Vec::with_capacity(rows.len());
        let mut records = 0;
        let mut blocked: Option<Cursor> = None;
        for row in &rows {
            let cursor = cursor(row, 1, 2)?;
            let (below, wanted): (bool, bool) = (row.try_get(3)?, row.try_get(10)?);
            if !below {
                blocked = Some(blocked.map_or(cursor, |first| first.min(cursor)));
            }
            let slot = row.try_get::<_, i64>(0)? - 1;
            let Some((partition, _)) = cursors.get(slot as usize) else {
                continue;
            };
            let page = &mut pages[slot as usize];
            page.rows += 1;
            page.has_news |= below || wanted;
            if !below && !wanted {
                continue;
            }
            let record = wanted.then(|| record(row, partition, cursor)).transpose()?;
            records += u64::from(wanted);
            read.push(Read {
                partition: partition.clone(),
                cursor,
                below,
                record: record.map(Arc::new),
            });
        }
        read.sort_by_key(|row| row.cursor);
        self.observe_horizon(blocked);
        if records > 0 {
            self.meters.batches.increment(1);
            self.meters.records.increment(records);
        }
        let is_full = |page: &Taken| page.rows == self.limit && page.has_news;
        let met = if pages.iter().any(is_full) {
            ReadOutcome::FullPage
        } else if blocked.is_some() && ahead.is_none() {
            ReadOutcome::Horizon
        } else if blocked.is_some() || !read.is_empty() {
            ReadOutcome::Rows
        } else {
            ReadOutcome::Nothing
        };
        Ok(Page { rows: read, met })
    }

    /// The cursor after all transactions that have ended, and before all others.
    pub async fn horizon(&mut self) -> Result<Cursor, Error> {
        let rows = self.session.query(HORIZON, &[]).await?;
        let xid = match rows.first() {
            Some(row) => parse_xid(row.try_get(0)?)?,
            None => return Err(Error::Postgres("no answer to a snapshot query".to_owned())),
        };
        Ok(Cursor { xid, position: 0 })
    }

    fn observe_horizon(&mut self, blocked: Option<Cursor>) {
        let now = Instant::now();
        let since = match (blocked, self.blocked_since) {
            (None, _) => None,
            // Still the same row: it has waited since then.
            (Some(row), Some((before, since))) if row == before => Some((row, since)),
            (Some(row), _) => Some((row, now)),
        };
        let age = since.map_or(Duration::ZERO, |(_, since)| now - since);
        self.meters.horizon_age.set(age.as_secs_f64());
        if age < LONG {
            self.warned = false;
        } else if !self.warned {
            self.warned = true;
            tracing::warn!(
                age_s = age.as_secs(),
                "a transaction in this Postgres cluster has been open for long: no position in the \
                 event log may pass it; find it in pg_stat_activity (backend_xid) and end it"
            );
        }
        self.blocked_since = since;
    }
}

fn record(row: &Row, partition: &TopicPartition, cursor: Cursor) -> Result<Record, Error> {
    let id: Uuid = row.try_get(4)?;
    let key: String = row.try_get(5)?;
    let payload: Option<String> = row.try_get(7)?;
    let created_at: DateTime<Utc> = row.try_get(9)?;
    let attributes = Attributes {
        id,
        kind: row.try_get(6)?,
        created_at,
        headers: row
            .try_get::<_, Option<serde_json::Value>>(8)?
            .unwrap_or_default(),
    };
    Ok(Record {
        topic: partition.topic.clone(),
        partition: partition.partition,
        offset: cursor.position,
        id,
        timestamp_ms: created_at.timestamp_millis(),
        key: Some(Bytes::from(key)),
        value: payload.map(Bytes::from),
        headers: attributes.into_headers(),
    })
}

pub(crate) fn cursor(row: &Row, xid: usize, position: usize) -> Result<Cursor, Error> {
    Ok(Cursor {
        xid: parse_xid(row.try_get(xid)?)?,
        position: row.try_get(position)?,
    })
}

fn parse_xid(text: &str) -> Result<u64, Error> {
    text.parse()
        .map_err(|_| Error::Postgres(format!("`{text}` is no transaction id")))
}
