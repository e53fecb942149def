//! Repairs the event log after a restore. A dump contains the transaction ids of the rows, but the
//! cluster that it is restored into counts its own. Rows and offsets would lie in its future, and
//! nothing would be read.

use crate::Error;
use crate::session::Session;

/// No transaction that wrote a row we can see has an id that is not given out yet. The newest row
/// of each partition is enough to look at.
const IS_NEEDED: &str = "
WITH RECURSIVE topics AS (
    (SELECT aggregatetype FROM outbox ORDER BY aggregatetype LIMIT 1)
    UNION ALL
    SELECT (SELECT o.aggregatetype FROM outbox o WHERE o.aggregatetype > t.aggregatetype
            ORDER BY o.aggregatetype LIMIT 1)
    FROM topics t WHERE t.aggregatetype IS NOT NULL
), newest AS (
    SELECT xid FROM log_positions
    UNION ALL
    SELECT l.xid FROM topics t CROSS JOIN generate_series(0, 7) AS p(partition)
    CROSS JOIN LATERAL (
        SELECT o.xid FROM outbox o
        WHERE o.aggregatetype = t.aggregatetype AND o.partition = p.partition::int2
        ORDER BY o.xid DESC, o.position DESC LIMIT 1
    ) l
)
SELECT EXISTS (SELECT FROM newest WHERE xid >= pg_snapshot_xmax(pg_current_snapshot()))";

/// All rows become one old transaction's, in the order of their positions, which within a key is
/// the order they were appended in. A group goes on before the first row it has not handled: it
/// may get some again, and misses none.
const REBASE: &str = "
WITH positions AS (
    UPDATE log_positions p SET xid = '3'::xid8, owner = NULL, epoch = p.epoch + 1, position = coalesce(
        (SELECT min(o.position) - 1 FROM outbox o
         WHERE o.aggregatetype = p.topic AND o.partition = p.partition
           AND (o.xid, o.position) > (p.xid, p.position)),
        (SELECT max(o.position) FROM outbox o
         WHERE o.aggregatetype = p.topic AND o.partition = p.partition),
        0)
)
UPDATE outbox SET xid = '3'::xid8";

pub(crate) async fn is_needed(session: &mut Session) -> Result<bool, Error> {
    let rows = session.query(IS_NEEDED, &[]).await?;
    Ok(rows.first().map(|row| row.try_get(0)).transpose()? == Some(true))
}

/// Makes the log of a restored database readable; does nothing for any other. To be called as
/// the owner of the tables before anything is appended. Returns whether it was needed.
///
/// # Errors
/// When Postgres cannot be reached, or refuses.
pub async fn rebase(owner_url: &str) -> Result<bool, Error> {
    // A connection of its own kind: all rows are rewritten, however long it takes.
    let (client, connection) = host_postgres::connect(owner_url).await?;
    let driver = tokio::spawn(connection);
    let needed: bool = client.query_one(IS_NEEDED, &[]).await?.try_get(0)?;
    if needed {
        client.execute(REBASE, &[]).await?;
        tracing::info!("rebased the event log of a restored database");
    }
    driver.abort();
    Ok(needed)
}
