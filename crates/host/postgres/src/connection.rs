//! The resources a component holds: a connection and its builder.
//!
//! A connection handle takes a pooled connection for each statement, not for its own lifetime.
//! From the first statement that leaves something behind (BEGIN, SET, ...) it keeps the one it
//! used until the handle is dropped.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use tokio::sync::Mutex;

use crate::bindings::wit::{Error, ParameterValue};
use crate::failure::connection_failed;
use crate::outage::Reporter;
use crate::pool::{Lease, Pool};
use crate::rows::{Hold, Rows};
use crate::sql::Effect;
use crate::text::Text;
use crate::values;

/// The `connection-builder` resource.
pub struct Builder {
    pub(crate) address: String,
    pub(crate) ca_root: Option<String>,
}

/// The `connection` resource. Clones are the same connection.
#[derive(Clone)]
pub struct Connection {
    pool: Arc<Pool>,
    reporter: Reporter,
    keeps: Arc<AtomicBool>,
    kept: Arc<Mutex<KeptConnection>>,
}

/// The connection that a handle keeps between statements.
#[expect(clippy::large_enum_variant, reason = "one for each handle")]
pub(crate) enum KeptConnection {
    Nothing,
    Here(Lease),
    /// In use by a statement that runs or was dropped half-way.
    Away,
}

impl Connection {
    pub(crate) fn new(pool: Arc<Pool>, reporter: Reporter) -> Self {
        Self {
            pool,
            reporter,
            keeps: Arc::default(),
            kept: Arc::new(Mutex::new(KeptConnection::Nothing)),
        }
    }

    /// Starts a statement. Statements of one handle run at the same time unless it keeps a
    /// connection; then they take turns.
    pub(crate) async fn start(
        &self,
        sql: &str,
        parameters: Vec<ParameterValue>,
    ) -> Result<Rows, Error> {
        let started = self.try_start(sql, parameters).await;
        self.pool.meters.statements.increment(1);
        started.inspect_err(|_| self.pool.meters.errors.increment(1))
    }

    /// Largest result, or row of a streamed result, in bytes.
    pub(crate) fn max_result_bytes(&self) -> usize {
        self.pool.options.max_result_bytes
    }

    async fn try_start(&self, sql: &str, parameters: Vec<ParameterValue>) -> Result<Rows, Error> {
        let parameters = values::parameters(parameters)?;
        let text = self.pool.text(sql);
        let hold = self.hold(&text).await?;
        let sent = Instant::now();
        let rows = Rows::start(hold, text, &parameters).await;
        self.pool.meters.answered(sent.elapsed());
        rows
    }

    async fn hold(&self, text: &Text) -> Result<Hold, Error> {
        if text.traits.effect == Effect::None && !self.keeps.load(Ordering::Acquire) {
            let lease = self.lease().await?;
            return Ok(Hold { lease, home: None });
        }
        // Rare: kept out of the future of every statement.
        Box::pin(self.hold_kept()).await
    }

    async fn hold_kept(&self) -> Result<Hold, Error> {
        self.keeps.store(true, Ordering::Release);
        let mut home = self.kept.clone().lock_owned().await;
        if matches!(*home, KeptConnection::Nothing) {
            *home = KeptConnection::Here(self.lease().await?);
        }
        match std::mem::replace(&mut *home, KeptConnection::Away) {
            KeptConnection::Here(lease) => Ok(Hold {
                lease,
                home: Some(home),
            }),
            KeptConnection::Nothing | KeptConnection::Away => Err(connection_failed(
                "this connection was closed when one of its statements was cancelled: open a new \
                 one",
            )),
        }
    }

    async fn lease(&self) -> Result<Lease, Error> {
        let lease = self.pool.lease(&self.reporter).await;
        lease.map_err(|error| connection_failed(error.to_string()))
    }
}
