//! Leases: of all processes, one holds a lease. A process loses its leases with the connection that
//! proves that it lives, so another one replaces a killed process at once.

use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use crate::Error;
use crate::log::Shared;

/// Acquires a lease that is free, expired, ours, or held by a process that is gone. The first part
/// avoids locking the holder's row at each attempt.
const ACQUIRE: &str = "
WITH present AS MATERIALIZED (
    SELECT objid::bigint AS presence FROM pg_locks
    WHERE locktype = 'advisory' AND objsubid = 2 AND classid::bigint = $4 AND granted
      AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
)
INSERT INTO log_leases AS l (name, owner, presence, epoch, expires_at)
SELECT $1, $2, $3, 1, now() + $5::float8 * interval '1 second'
WHERE NOT EXISTS (
    SELECT FROM log_leases h
    WHERE h.name = $1 AND h.owner <> $2 AND h.expires_at > now()
      AND ($6 OR h.presence::bigint IN (SELECT presence FROM present))
)
ON CONFLICT (name) DO UPDATE
SET owner = excluded.owner, presence = excluded.presence, epoch = l.epoch + 1,
    expires_at = excluded.expires_at
WHERE l.owner = $2 OR l.expires_at <= now()
   OR NOT ($6 OR l.presence::bigint IN (SELECT presence FROM present))
RETURNING epoch";

const RELEASE: &str = "DELETE FROM log_leases WHERE name = $1 AND owner = $2 AND epoch = $3";

/// The right to do something that one process at a time may do. A dropped lease is free when it
/// expires, a released one at once ([`Lease::release`]).
pub struct Lease {
    shared: Arc<Shared>,
    name: String,
    epoch: i64,
    lost: CancellationToken,
}

impl Lease {
    /// Grows each time the lease is acquired: it tells an old holder from a new one.
    pub fn epoch(&self) -> i64 {
        self.epoch
    }

    /// False once another process may hold it.
    pub fn is_held(&self) -> bool {
        !self.lost.is_cancelled()
    }

    /// Resolves when it is lost.
    pub async fn lost(&self) {
        self.lost.cancelled().await;
    }

    /// Releases it, so that another process can acquire it now.
    pub async fn release(self) {
        self.shared.leases.forget(&self.name, &self.lost);
        let mut session = self.shared.session.lock().await;
        let released = session
            .query(RELEASE, &[&self.name, &self.shared.process, &self.epoch])
            .await;
        if let Err(error) = released {
            // It expires by itself.
            tracing::debug!(name = self.name, %error, "cannot release a lease");
        }
        drop(session);
        self.shared.wake_ups.members_changed();
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.shared.leases.forget(&self.name, &self.lost);
    }
}

pub(crate) async fn try_acquire(shared: &Arc<Shared>, name: &str) -> Result<Option<Lease>, Error> {
    let cluster = shared.cluster.borrow().clone();
    let Some(presence) = cluster.presence else {
        // Without its own connection no process can prove that it is alive.
        return Ok(None);
    };
    if shared.leases.holds(name) {
        return Ok(None);
    }
    let ttl = shared.options.time_to_live.as_secs_f64();
    let rows = shared
        .session
        .lock()
        .await
        .query(
            ACQUIRE,
            &[
                &name,
                &shared.process,
                &presence,
                &i64::from(crate::presence::PRESENCE),
                &ttl,
                &cluster.in_grace,
            ],
        )
        .await?;
    let Some(row) = rows.first() else {
        return Ok(None);
    };
    Ok(Some(Lease {
        epoch: row.try_get(0)?,
        lost: shared.leases.remember(name),
        name: name.to_owned(),
        shared: shared.clone(),
    }))
}

/// The leases this process holds, for the link to renew.
#[derive(Default)]
pub(crate) struct Leases(std::sync::Mutex<Vec<(String, CancellationToken)>>);

impl Leases {
    fn with<T>(&self, f: impl FnOnce(&mut Vec<(String, CancellationToken)>) -> T) -> T {
        f(&mut self
            .0
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner))
    }

    fn remember(&self, name: &str) -> CancellationToken {
        let lost = CancellationToken::new();
        self.with(|held| held.push((name.to_owned(), lost.clone())));
        lost
    }

    fn holds(&self, name: &str) -> bool {
        self.with(|held| held.iter().any(|(held, _)| held == name))
    }

    fn forget(&self, name: &str, lost: &CancellationToken) {
        lost.cancel();
        self.with(|held| held.retain(|(n, token)| n != name || !token.is_cancelled()));
    }

    pub fn names(&self) -> Vec<String> {
        self.with(|held| held.iter().map(|(name, _)| name.clone()).collect())
    }

    /// Of the leases asked to be renewed only these were.
    pub fn renewed(&self, asked: &[String], renewed: &[String]) {
        self.with(|held| {
            held.retain(|(name, lost)| {
                let gone = asked.contains(name) && !renewed.contains(name);
                if gone {
                    tracing::warn!(name, "lost a lease");
                    lost.cancel();
                }
                !gone
            });
        });
    }

    pub fn lose_all(&self) {
        let names = self.names();
        self.renewed(&names, &[]);
    }
}
