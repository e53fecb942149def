//! The last tick of each cron job, so that a missed job runs once.

use chrono::{DateTime, Utc};

use crate::Error;
use crate::session::Session;

const LOAD: &str = "
WITH new AS (
    INSERT INTO cron_ticks (name, last_tick)
    SELECT $1, $2 WHERE NOT EXISTS (SELECT FROM cron_ticks WHERE name = $1)
    ON CONFLICT (name) DO NOTHING
)
SELECT last_tick FROM cron_ticks WHERE name = $1";

const SAVE: &str = "
UPDATE cron_ticks SET last_tick = $2, updated_at = now() WHERE name = $1 AND last_tick < $2";

/// The last tick that was dealt with. A job that is new starts `now`: it has missed nothing.
pub(crate) async fn load(
    session: &mut Session,
    name: &str,
    now: DateTime<Utc>,
) -> Result<DateTime<Utc>, Error> {
    let rows = session.query(LOAD, &[&name, &now]).await?;
    match rows.first() {
        Some(row) => Ok(row.try_get(0)?),
        None => Ok(now),
    }
}

pub(crate) async fn save(
    session: &mut Session,
    name: &str,
    tick: DateTime<Utc>,
) -> Result<(), Error> {
    session.query(SAVE, &[&name, &tick]).await.map(drop)
}
