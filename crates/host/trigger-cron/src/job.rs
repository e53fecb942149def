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

/// What became of a tick.
enum Fired {
    /// It was dealt with, and all until this one.
    Until(DateTime<Utc>),
    /// Its run failed because the component had no database: it stays due.
    Postponed,
    /// Its run was left behind by a stop, so that another host makes it again.
    LeftBehind,
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
        // Runs in a row.
        let mut postponed = 0u32;
        loop {
            let now = Utc::now();
            let mut sleep = None;
            if let Some(tick) = self.schedule.due(last, now) {
                match self.fire(tick, shutdown).await {
                    Fired::Until(dealt_with) => {
                        postponed = 0;
                        last = dealt_with;
                        self.save(last).await;
                    }
                    Fired::Postponed => {
                        sleep = Some((RETRY * (1 << postponed)).min(LONGEST_SLEEP));
                        postponed = (postponed + 1).min(5);
                    }
                    Fired::LeftBehind => return,
                }
            }
            let sleep = sleep.unwrap_or_else(|| self.until_next(last));
            tokio::select! {
                () = shutdown.cancelled() => return,
                () = lost(lease) => return,
                () = tokio::time::sleep(sleep) => {}
            }
        }
    }

    fn until_next(&self, last: DateTime<Utc>) -> Duration {
        // A clock that was set back must not make a tick come twice.
        let from = last.max(Utc::now());
        let until_next = self.schedule.next(from).map(|next| next - Utc::now());
        until_next
            .and_then(|wait| wait.to_std().ok())
            .map_or(LONGEST_SLEEP, |wait| wait.min(LONGEST_SLEEP))
    }

    /// Runs the component for one tick.
    async fn fire(&self, tick: DateTime<Utc>, shutdown: &CancellationToken) -> Fired {
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
        let (failure, outage) = loop {
            tokio::select! {
                called = &mut call => break match called.result {
                    Ok(Ok(())) => (None, None),
                    Ok(Err(Error::Other(reason))) => (Some(reason), called.outage),
                    Err(error) => (Some(error.to_string()), called.outage),
                },
                () = &mut deadline => {
                    tracing::warn!(job = self.name, "left a run behind: it did not end in time");
                    return Fired::LeftBehind;
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
        if let Some(outage) = outage {
            self.meters.failed.increment(1);
            tracing::warn!(
                job = self.name,
                component = self.component,
                tick = %tick.to_rfc3339(),
                reason = outage,
                "a run had no database; it is made again"
            );
            return Fired::Postponed;
        }
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
        Fired::Until(last)
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
