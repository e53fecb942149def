//! When changes were committed, and when their handlers started. Microseconds since the Unix epoch.

use std::collections::HashMap;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use uuid::Uuid;

use super::load::Span;

/// What is measured is only what is in the log, so a few lost ones must not pass for fast ones.
const HANDLED_WITHIN: Duration = Duration::from_secs(60);

/// By event id, as Postgres kept it.
pub async fn commits(database_url: &str, span: Span) -> anyhow::Result<HashMap<Uuid, u64>> {
    let (client, connection) = host_postgres::connect(database_url).await?;
    tokio::spawn(connection);
    let rows = client
        .query(
            "SELECT id, at FROM (
                 SELECT id, (extract(epoch FROM pg_xact_commit_timestamp(xid::xid)) * 1e6)::bigint AS at
                 FROM outbox WHERE aggregatetype = 'task-events'
             ) AS commits
             WHERE at BETWEEN $1 AND $2",
            &[&span.from, &span.until],
        )
        .await?;
    rows.iter()
        .map(|row| Ok((row.try_get(0)?, u64::try_from(row.try_get::<_, i64>(1)?)?)))
        .collect()
}

/// By event id, the first time, once all of these were handled.
pub async fn starts(
    output: &Path,
    awaited: &HashMap<Uuid, u64>,
) -> anyhow::Result<HashMap<Uuid, u64>> {
    let patience = Instant::now() + HANDLED_WITHIN;
    loop {
        let starts = read(output)?;
        let missing = awaited.keys().filter(|id| !starts.contains_key(id)).count();
        if missing == 0 {
            return Ok(starts);
        }
        anyhow::ensure!(
            Instant::now() < patience,
            "{missing} of {} events were not handled",
            awaited.len()
        );
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

fn read(output: &Path) -> anyhow::Result<HashMap<Uuid, u64>> {
    let text =
        std::fs::read_to_string(output).with_context(|| format!("reading {}", output.display()))?;
    let mut starts = HashMap::new();
    // The last line may be half written.
    for line in text
        .split_inclusive('\n')
        .filter(|line| line.ends_with('\n'))
    {
        let (id, at) = line.trim_end().split_once(' ').context("id and time")?;
        starts.entry(id.parse()?).or_insert(at.parse()?);
    }
    Ok(starts)
}
