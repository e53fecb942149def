//! One job: waits for its ticks and runs the component, one run at a time. With an event log the
//! host first takes the job's lease, and goes on behind the last tick any host dealt with.

use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta, Utc};
use event_log::{EventLog, Lease};
use host_runtime::Invoker;
use tokio_util::sync::CancellationToken;

use crate::bindings::{Error, Exported, Metadata};
use crate::meters::Meters;
use crate::schedule::Schedule;

/// How long a run may go on when the host stops.
const DRAIN: Duration = Duration::from_secs(20);
/// The clock of the day may be set while a job sleeps: it is looked at at least this often.
const LONGEST_SLEEP: Duration = Duration::from_secs(30);
const RETRY: Duration = Duration::from_secs(1);

pub(crate) struct Job {
    /// Unique among the jobs that share a database.
    pub name: String,
    pub component: String,
    pub schedule: Schedule,
    pub invoker: Invoker<Exported>,
    pub log: Option<Arc<EventLog>>,
    pub meters: Meters,
}

impl Job {
    /// Runs the job on its ticks until `shutdown`.
    pub async fn run(self, shutdown: CancellationToken) {
        let Some(log) = self.log.clone() else {
            return self.follow(Utc::now(), None, &shutdown).await;
        };
        while !shutdown.is_cancelled() {
            let lease = tokio::select! {
                () = shutdown.cancelled() => return,
                lease = log.lease(&self.name) => lease,
            };
            tracing::debug!(job = self.name, "this host fires");
            tokio::select! {
                () = shutdown.cancelled() => {}
                last = self.last_tick(&log) => {
                    self.follow(last, Some(&lease), &shutdown).await;
                }
            }
            lease.release().await;
        }
    }

    async fn last_tick(&self, log: &EventLog) -> DateTime<Utc> {
        loop {
            match log.last_tick(&self.name, Utc::now()).await {
                Ok(last) => return last,
                Err(error) => {
                    tracing::warn!(job = self.name, %error, "cannot read the last tick");
                    tokio::time::sleep(RETRY).await;
                }
            }
        }
    }

    /// Runs what is due after `last`, until the lease is lost or the host stops.
    async fn follow(
        &self,
        mut last: DateTime<Utc>,
        lease: Option<&Lease>,
        shutdown: &CancellationToken,
    ) {
        loop {
            let now = Utc::now();
            if let Some(tick) = self.schedule.due(last, now) {
                let Some(dealt_with) = self.fire(tick, shutdown).await else {
                    return;
                };
                last = dealt_with;
                self.save(last).await;
            }
            // A clock that was set back must not make a tick come twice.
            let from = last.max(Utc::now());
            let until_next = self.schedule.next(from).map(|next| next - Utc::now());
            let sleep = until_next
                .and_then(|wait| wait.to_std().ok())
                .map_or(LONGEST_SLEEP, |wait| wait.min(LONGEST_SLEEP));
            tokio::select! {
                () = shutdown.cancelled() => return,
                () = lost(lease) => return,
                () = tokio::time::sleep(sleep) => {}
            }
        }
    }

    /// Runs the component for one tick. Returns the last tick that was due until the end; `None`
    /// if the run was left behind by a stop, so that another host runs it again.
    async fn fire(
        &self,
        tick: DateTime<Utc>,
        shutdown: &CancellationToken,
    ) -> Option<DateTime<Utc>> {
        let started = Instant::now();
        let delay = (Utc::now() - tick).max(TimeDelta::zero());
        self.meters.delay.record(delay.as_seconds_f64());
        let metadata = Metadata {
            timestamp: u64::try_from(tick.timestamp()).unwrap_or_default(),
        };
        let mut call = std::pin::pin!(self.invoker.call(metadata));
        let mut last = tick;
        let deadline = async {
            shutdown.cancelled().await;
            tokio::time::sleep(DRAIN).await;
        };
        let mut deadline = std::pin::pin!(deadline);
        let failure = loop {
            tokio::select! {
                result = &mut call => break match result {
                    Ok(Ok(())) => None,
                    Ok(Err(Error::Other(reason))) => Some(reason),
                    Err(error) => Some(error.to_string()),
                },
                () = &mut deadline => {
                    tracing::warn!(job = self.name, "left a run behind: it did not end in time");
                    return None;
                }
                next = self.next_tick(last) => {
                    last = next;
                    self.meters.skipped.increment(1);
                    tracing::warn!(
                        job = self.name,
                        component = self.component,
                        "skipped a tick: the run before has not ended"
                    );
                }
            }
        };
        self.meters.seconds.record(started.elapsed());
        match failure {
            None => self.meters.done.increment(1),
            Some(reason) => {
                self.meters.failed.increment(1);
                tracing::error!(
                    job = self.name,
                    component = self.component,
                    tick = %tick.to_rfc3339(),
                    reason,
                    "a run failed"
                );
            }
        }
        Some(last)
    }

    /// Waits for the tick after this one.
    async fn next_tick(&self, last: DateTime<Utc>) -> DateTime<Utc> {
        let Some(next) = self.schedule.next(last) else {
            return std::future::pending().await;
        };
        while let Ok(wait) = (next - Utc::now()).to_std() {
            tokio::time::sleep(wait.min(LONGEST_SLEEP)).await;
        }
        next
    }

    async fn save(&self, tick: DateTime<Utc>) {
        let Some(log) = &self.log else { return };
        if let Err(error) = log.save_tick(&self.name, tick).await {
            tracing::warn!(
                job = self.name,
                %error,
                "cannot save a tick; if this host ends now, it is run again"
            );
        }
    }
}

async fn lost(lease: Option<&Lease>) {
    match lease {
        Some(lease) => lease.lost().await,
        None => std::future::pending().await,
    }
}
