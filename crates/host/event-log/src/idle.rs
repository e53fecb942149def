//! Groups without members. They retain every row that they have not read.

use crate::Error;
use crate::session::Session;

const FORGET: &str = "
DELETE FROM log_positions WHERE consumer_group = $1 AND NOT EXISTS (
    SELECT FROM log_members WHERE consumer_group = $1 AND expires_at > now())
RETURNING 1";

const SUPERSEDE: &str = "
DELETE FROM log_positions p
WHERE p.consumer_group = $1
  AND NOT EXISTS (
      SELECT FROM log_members WHERE consumer_group = $1 AND expires_at > now())
  AND EXISTS (
      SELECT FROM log_positions q
      WHERE q.consumer_group = $2 AND q.topic = p.topic AND q.partition = p.partition)
RETURNING 1";

/// Deletes the offsets of a group without members. If it ever comes back, it starts anew.
pub(crate) async fn forget(session: &mut Session, group: &str) -> Result<bool, Error> {
    let forgotten = session.query(FORGET, &[&group]).await?;
    Ok(!forgotten.is_empty())
}

/// The same, but only in partitions that the group `by` reads; their rows are retained for `by` now.
pub(crate) async fn supersede(session: &mut Session, group: &str, by: &str) -> Result<bool, Error> {
    let forgotten = session.query(SUPERSEDE, &[&group, &by]).await?;
    Ok(!forgotten.is_empty())
}
