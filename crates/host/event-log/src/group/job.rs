//! The job of one member: acquires partitions, reads them and commits offsets. It runs one statement
//! at a time on one connection, so its view of what it owns is never ahead of Postgres.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;

use super::consumer::{Change, Fetched};
use super::in_flight::{DeliveryTag, InFlight};
use super::positions::Positions;
use super::{Start, lag};
use crate::backoff::Backoff;
use crate::log::Shared;
use crate::pacer::Pacer;
use crate::reader::{Page, Reader};
use crate::session::Session;
use crate::{Cursor, Error};
use records::TopicPartition;

/// How often, at least, the job compares what it owns with Postgres.
const SYNC_INTERVAL: Duration = Duration::from_secs(5);
const LAG_INTERVAL: Duration = Duration::from_secs(10);

/// How long released partitions wait for transactions that were open when records were received ahead
/// of them. Otherwise the next owner handles those records again.
const SETTLE: Duration = Duration::from_secs(1);
const SETTLE_INTERVAL: Duration = Duration::from_millis(10);

/// Records with the epoch of the ownership they were fetched under.
pub(super) type Batch = Vec<(i64, Fetched)>;

pub(super) enum Command {
    Commit(TopicPartition, i64, DeliveryTag),
    Pause(TopicPartition),
    Resume(TopicPartition),
    Release(Vec<TopicPartition>),
    Close(oneshot::Sender<()>),
}

pub(super) struct Owned {
    pub(super) epoch: i64,
    /// Everything up to here has been received.
    pub(super) read: Cursor,
    /// The offset in Postgres.
    pub(super) committed: Cursor,
    /// The offset to write next.
    pub(super) finished: Option<Cursor>,
    /// Records received and not yet covered by `finished`.
    pub(super) in_flight: InFlight,
    pub(super) paused: bool,
    /// No longer read; the user drains it.
    pub(super) revoked: bool,
    /// Drained: released after `finished` is written.
    pub(super) released: bool,
}

pub(super) struct Job {
    pub(super) shared: Arc<Shared>,
    pub(super) positions: Positions,
    pub(super) reader: Reader,
    pub(super) topics: Vec<String>,
    pub(super) start: Start,
    pub(super) created: bool,
    pub(super) owned: BTreeMap<TopicPartition, Owned>,
    /// The number of the next record.
    pub(super) next: u64,
    pub(super) change: mpsc::UnboundedSender<Change>,
    pub(super) batches: mpsc::Sender<Batch>,
    pub(super) pacer: Pacer,
    pub(super) backoff: Backoff,
    /// When to write offsets and releases.
    pub(super) flush_at: Option<Instant>,
    pub(super) sync_at: Instant,
    pub(super) lag_at: Instant,
}

impl Job {
    pub fn new(
        shared: Arc<Shared>,
        positions: Positions,
        topics: Vec<String>,
        start: Start,
        change: mpsc::UnboundedSender<Change>,
        batches: mpsc::Sender<Batch>,
    ) -> Self {
        let now = Instant::now();
        let session = Session::new(shared.connector.clone());
        Self {
            reader: Reader::new(session, shared.options.fetch_rows, &positions.group),
            pacer: Pacer::new(&shared.options, now),
            backoff: Backoff::default(),
            flush_at: None,
            sync_at: now,
            lag_at: now + LAG_INTERVAL,
            created: false,
            owned: BTreeMap::new(),
            next: 0,
            shared,
            positions,
            topics,
            start,
            change,
            batches,
        }
    }

    pub async fn run(mut self, mut commands: mpsc::UnboundedReceiver<Command>) {
        let stop = self.shared.stop.clone();
        let mut wake_ups = self.shared.wake_ups.listen();
        let mut cluster = self.shared.cluster.clone();
        let batches = self.batches.clone();
        loop {
            let reads = self.owned.values().any(Owned::reads);
            let read_at = self.pacer.due();
            let upkeep_at = self.upkeep_at();
            tokio::select! {
                () = stop.cancelled() => return,
                command = commands.recv() => match command {
                    Some(Command::Close(closed)) => {
                        self.close().await;
                        let _ = closed.send(());
                        return;
                    }
                    Some(command) => self.take(command),
                    None => return,
                },
                changed = cluster.changed() => {
                    if changed.is_err() {
                        return;
                    }
                    if self.out_of_balance() {
                        self.sync_at = Instant::now();
                    }
                }
                _ = wake_ups.changed(), if reads => self.pacer.wake(Instant::now()),
                permit = async {
                    tokio::time::sleep_until(read_at).await;
                    batches.reserve().await
                }, if reads => match permit {
                    Ok(permit) => self.read(permit).await,
                    Err(_) => return,
                },
                () = tokio::time::sleep_until(upkeep_at) => self.upkeep().await,
            }
        }
    }

    fn take(&mut self, command: Command) {
        match command {
            Command::Commit(partition, epoch, tag) => {
                if let Some(owned) = self.owned.get_mut(&partition)
                    && owned.epoch == epoch
                {
                    owned.in_flight.handled(tag);
                    if owned.reach() {
                        self.flush_soon();
                    }
                }
            }
            Command::Pause(partition) => {
                if let Some(owned) = self.owned.get_mut(&partition) {
                    owned.paused = true;
                }
            }
            Command::Resume(partition) => {
                if let Some(owned) = self.owned.get_mut(&partition) {
                    owned.paused = false;
                    self.pacer.wake(Instant::now());
                }
            }
            Command::Release(partitions) => {
                for partition in partitions {
                    if let Some(owned) = self.owned.get_mut(&partition) {
                        owned.released = true;
                    }
                }
                self.flush_at = Some(Instant::now());
            }
            // Handled by the caller, which ends with it.
            Command::Close(_) => {}
        }
    }

    fn flush_soon(&mut self) {
        let interval = self.shared.options.commit_interval;
        self.flush_at.get_or_insert(Instant::now() + interval);
    }

    async fn read(&mut self, permit: mpsc::Permit<'_, Batch>) {
        let started = Instant::now();
        let page = match self.page(Owned::reads).await {
            Ok(page) => page,
            Err(error) => return self.failed(&error),
        };
        self.worked();
        let mut batch = Vec::with_capacity(page.rows.len());
        let mut reached = false;
        for row in page.rows {
            let Some(owned) = self.owned.get_mut(&row.partition) else {
                continue;
            };
            if let Some(record) = row.record {
                let tag = DeliveryTag(self.next);
                self.next += 1;
                owned.in_flight.add(tag, row.cursor);
                let fetched = Fetched {
                    partition: row.partition,
                    tag,
                    record,
                };
                batch.push((owned.epoch, fetched));
            }
            if row.below {
                owned.read = row.cursor;
                reached |= owned.reach();
            }
        }
        if !batch.is_empty() {
            permit.send(batch);
        }
        if reached {
            self.flush_soon();
        }
        self.pacer.read(started, Instant::now(), page.met);
    }

    /// Reads what is after the cursors of some partitions and was not received yet.
    async fn page(&mut self, of: impl Fn(&Owned) -> bool) -> Result<Page, Error> {
        let mut cursors = Vec::with_capacity(self.owned.len());
        let mut ahead = Vec::new();
        for (partition, owned) in self.owned.iter().filter(|(_, owned)| of(owned)) {
            cursors.push((partition.clone(), owned.read));
            ahead.extend(owned.in_flight.ahead_of(owned.read).map(|(row, _)| row));
        }
        self.reader.read(&cursors, Some(&ahead)).await
    }

    /// Waits a while until the offsets of drained partitions cover all that was received.
    async fn settle(&mut self) -> Result<(), Error> {
        let deadline = Instant::now() + SETTLE;
        let unsettled = |owned: &Owned| owned.released && owned.is_ahead();
        while self.owned.values().any(unsettled) && Instant::now() < deadline {
            // A record that was not received belongs to the next owner, and so does everything after
            // it.
            let mut ended = BTreeSet::new();
            for row in self.page(unsettled).await?.rows {
                if row.record.is_some() || !row.below {
                    ended.insert(row.partition);
                } else if !ended.contains(&row.partition)
                    && let Some(owned) = self.owned.get_mut(&row.partition)
                {
                    owned.read = row.cursor;
                    owned.reach();
                }
            }
            tokio::time::sleep(SETTLE_INTERVAL).await;
        }
        Ok(())
    }

    fn upkeep_at(&self) -> Instant {
        let soonest = self.sync_at.min(self.lag_at);
        self.flush_at.map_or(soonest, |flush| flush.min(soonest))
    }

    async fn upkeep(&mut self) {
        if let Err(error) = self.try_upkeep(Instant::now()).await {
            self.failed(&error);
        } else {
            self.worked();
        }
    }

    async fn try_upkeep(&mut self, now: Instant) -> Result<(), Error> {
        if self.flush_at.is_some_and(|at| at <= now) {
            self.flush().await?;
        }
        if self.sync_at <= now {
            self.sync().await?;
            self.sync_at = now + SYNC_INTERVAL;
        }
        if self.lag_at <= now {
            let committed: Vec<_> = self
                .owned
                .iter()
                .map(|(partition, owned)| (partition.clone(), owned.committed))
                .collect();
            let session = &mut self.reader.session;
            lag::observe(session, &self.positions.group, &self.topics, &committed).await?;
            self.lag_at = now + LAG_INTERVAL;
        }
        Ok(())
    }

    fn worked(&mut self) {
        self.backoff.reset();
        self.shared.connector.worked();
    }

    /// Delays every retry.
    fn failed(&mut self, error: &Error) {
        self.shared.connector.failed(error);
        let now = Instant::now();
        let wait = self.backoff.next();
        self.pacer.failed(now, wait);
        self.flush_at = self.flush_at.map(|at| at.max(now + wait));
        self.sync_at = self.sync_at.max(now + wait);
        self.lag_at = self.lag_at.max(now + wait);
    }

    /// Writes offsets, then releases drained partitions.
    async fn flush(&mut self) -> Result<(), Error> {
        self.settle().await?;
        let commits: Vec<_> = self
            .owned
            .iter()
            .filter_map(|(tp, owned)| Some((tp.clone(), owned.epoch, owned.finished?)))
            .collect();
        if !commits.is_empty() {
            let session = &mut self.reader.session;
            let kept = self.positions.commit(session, &commits).await?;
            for (partition, _, cursor) in commits {
                if !kept.contains(&partition) {
                    self.lose([partition].into());
                } else if let Some(owned) = self.owned.get_mut(&partition) {
                    owned.committed = cursor;
                    owned.finished = None;
                }
            }
        }
        let drained: Vec<_> = self
            .owned
            .iter()
            .filter(|(_, owned)| owned.released)
            .map(|(partition, owned)| (partition.clone(), owned.epoch))
            .collect();
        if !drained.is_empty() {
            let session = &mut self.reader.session;
            self.positions.release(session, &drained).await?;
            for (partition, _) in &drained {
                self.owned.remove(partition);
            }
            tracing::debug!(
                group = self.positions.group,
                partitions = drained.len(),
                "released"
            );
            self.shared.wake_ups.members_changed();
        }
        self.flush_at = None;
        Ok(())
    }

    /// Releases everything. The caller stops waiting after a while.
    async fn close(&mut self) {
        for owned in self.owned.values_mut() {
            owned.released = true;
        }
        while let Err(error) = self.flush().await {
            self.shared.connector.failed(&error);
            let wait = self.backoff.next();
            if self.backoff.is_long() {
                break;
            }
            tokio::time::sleep(wait).await;
        }
        self.shared.registry.leave(self.positions.member);
        self.shared.wake_ups.members_changed();
    }
}

impl Owned {
    fn reads(&self) -> bool {
        !self.paused && !self.revoked
    }

    /// Whether the offset moved.
    fn reach(&mut self) -> bool {
        let reached = self.in_flight.reached(self.read);
        self.finished = reached.or(self.finished);
        reached.is_some()
    }

    /// Whether records are handled that the offset cannot cover yet.
    fn is_ahead(&self) -> bool {
        self.in_flight
            .ahead_of(self.read)
            .any(|(_, handled)| handled)
    }
}
