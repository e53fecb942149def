//! Opens connections for the event log, each with the same set-up. It tells the operator once per
//! outage that Postgres is away, and once that it is back.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use host_postgres::Connection;
use tokio_postgres::Client;

use crate::Error;

/// Readers walk an index in order: no other plan is ever better, whatever the statistics say. A crash
/// of the server may lose offsets (records are delivered again), so their commits need not wait for the
/// disk. A later write is never durable before an earlier one.
const SETUP: &str = "SET application_name = 'event-log'; SET timezone = 'UTC'; SET jit = off; \
    SET enable_seqscan = off; SET enable_bitmapscan = off; SET synchronous_commit = off; \
    SET statement_timeout = '30s'; SET lock_timeout = '10s'; \
    SET idle_in_transaction_session_timeout = '30s'";

/// How often, at most, the log mentions something that fails and works by turns.
const QUIET: Duration = Duration::from_secs(10);

pub(crate) struct Connector {
    url: String,
    health: Mutex<Health>,
}

#[derive(Default)]
struct Health {
    /// Since when something fails, if the log has mentioned it.
    failing_since: Option<Instant>,
    last_told: Option<Instant>,
}

impl Connector {
    pub fn new(url: &str) -> Self {
        Self {
            url: url.to_owned(),
            health: Mutex::default(),
        }
    }

    /// A connection; its second half must be driven before the first can be used.
    pub async fn open(&self) -> Result<(Client, Connection), Error> {
        Ok(host_postgres::connect(&self.url).await?)
    }

    pub async fn set_up(client: &Client) -> Result<(), Error> {
        Ok(client.batch_execute(SETUP).await?)
    }

    /// Something failed that will be tried again.
    pub fn failed(&self, error: &Error) {
        let now = Instant::now();
        let mut health = self.health.lock().unwrap_or_else(PoisonError::into_inner);
        let told_lately = health.last_told.is_some_and(|at| now - at < QUIET);
        if health.failing_since.is_some() || told_lately {
            tracing::debug!(%error, "event log: failed again");
            return;
        }
        health.failing_since = Some(now);
        health.last_told = Some(now);
        tracing::warn!(%error, "event log: trying again until it works");
    }

    /// Something worked.
    pub fn worked(&self) {
        let mut health = self.health.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(since) = health.failing_since.take() {
            let away_ms = since.elapsed().as_millis() as u64;
            tracing::info!(away_ms, "event log: works again");
        }
    }
}
