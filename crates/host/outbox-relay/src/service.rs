//! The relay of this process: waits for the lease, then relays until it loses the lease.

use std::sync::Arc;
use std::time::Duration;

use event_log::{EventLog, Lease};
use kafka_client::{Cluster, Error};
use tokio_util::sync::CancellationToken;

use crate::meters::Meters;
use crate::options::Options;
use crate::round::{End, Round};

const LEASE: &str = "event-log/relay";
/// Between rounds, so that a topic that appears and disappears does not keep the relay busy, and
/// between checks of a log without topics.
const ROUND_PAUSE: Duration = Duration::from_millis(500);

/// Relays the records of an event log to Kafka.
pub struct Relay {
    log: Arc<EventLog>,
    cluster: Cluster,
    options: Options,
    meters: Meters,
}

impl Relay {
    /// Connects to Kafka only when it holds the lease, and waits as long as no broker answers.
    ///
    /// # Errors
    /// Settings that make no sense.
    pub fn new(log: &Arc<EventLog>, options: Options) -> Result<Self, Error> {
        Ok(Self {
            log: log.clone(),
            cluster: Cluster::new(&options.connection)?,
            options,
            meters: Meters::new(),
        })
    }

    /// Relays until `shutdown`, whenever no other process does.
    ///
    /// # Errors
    /// When the log is closed.
    pub async fn run(self, shutdown: CancellationToken) -> anyhow::Result<()> {
        self.meters.active.set(0.0);
        loop {
            let lease = shutdown.run_until_cancelled(self.log.lease(LEASE)).await;
            let Some(lease) = lease else { return Ok(()) };
            tracing::info!(
                brokers = self.options.connection.brokers,
                "relays the event log to Kafka"
            );
            self.meters.active.set(1.0);
            let relayed = self.hold(&lease, &shutdown).await;
            self.meters.active.set(0.0);
            lease.release().await;
            relayed?;
            if shutdown.is_cancelled() {
                return Ok(());
            }
            tracing::warn!("another process relays now: this one was not seen alive");
        }
    }

    async fn hold(&self, lease: &Lease, shutdown: &CancellationToken) -> anyhow::Result<()> {
        let stop = shutdown.child_token();
        let rounds = async {
            loop {
                let round = Round::start(&self.log, &self.cluster, &self.options, &self.meters);
                if let Some(round) = round.await?
                    && round.run(&stop, || lease.is_held()).await? == End::Stopped
                {
                    return Ok(());
                }
                if stop
                    .run_until_cancelled(tokio::time::sleep(ROUND_PAUSE))
                    .await
                    .is_none()
                {
                    return Ok(());
                }
            }
        };
        let watch = async {
            lease.lost().await;
            stop.cancel();
            std::future::pending().await
        };
        tokio::select! {
            relayed = rounds => relayed,
            never = watch => never,
        }
    }
}
