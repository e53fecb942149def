//! The job of one member: claims partitions, reads them, writes positions. One statement at a
//! time on one connection, so its view of what it owns is never ahead of Postgres.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;

use super::assignment::desired;
use super::consumer::{Change, Fetched};
use super::positions::Positions;
use super::{Start, lag};
use crate::backoff::Backoff;
use crate::log::Shared;
use crate::pacer::Pacer;
use crate::reader::Reader;
use crate::session::Session;
use crate::{Cursor, Error, TopicPartition};

/// What is owned is compared with Postgres at least this often.
const SYNC_INTERVAL: Duration = Duration::from_secs(5);
const LAG_INTERVAL: Duration = Duration::from_secs(10);

/// Records with the epoch of the ownership they were fetched under.
pub(super) type Batch = Vec<(i64, Fetched)>;

pub(super) enum Command {
    Commit(TopicPartition, i64, Cursor),
    Pause(TopicPartition),
    Resume(TopicPartition),
    Release(Vec<TopicPartition>),
    Close(oneshot::Sender<()>),
}

struct Owned {
    epoch: i64,
    /// Read up to here.
    read: Cursor,
    /// Written up to here.
    committed: Cursor,
    /// To be written.
    finished: Option<Cursor>,
    paused: bool,
    /// Not read any more; the user drains it.
    revoked: bool,
    /// Drained: to be given up once `finished` is written.
    released: bool,
}

pub(super) struct Job {
    shared: Arc<Shared>,
    positions: Positions,
    reader: Reader,
    topics: Vec<String>,
    start: Start,
    created: bool,
    owned: BTreeMap<TopicPartition, Owned>,
    change: mpsc::UnboundedSender<Change>,
    batches: mpsc::Sender<Batch>,
    pacer: Pacer,
    backoff: Backoff,
    /// When finished work and releases are to be written.
    flush_at: Option<Instant>,
    sync_at: Instant,
    lag_at: Instant,
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
        let mut pulse = self.shared.pulse.listen();
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
                _ = pulse.changed(), if reads => self.pacer.wake(Instant::now()),
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
            Command::Commit(partition, epoch, cursor) => {
                if let Some(owned) = self.owned.get_mut(&partition)
                    && owned.epoch == epoch
                {
                    owned.finished = Some(cursor);
                    let interval = self.shared.options.commit_interval;
                    self.flush_at.get_or_insert(Instant::now() + interval);
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

    async fn read(&mut self, permit: mpsc::Permit<'_, Batch>) {
        let cursors: Vec<_> = self
            .owned
            .iter()
            .filter(|(_, owned)| owned.reads())
            .map(|(partition, owned)| (partition.clone(), owned.read))
            .collect();
        let started = Instant::now();
        let page = match self.reader.read(&cursors).await {
            Ok(page) => page,
            Err(error) => return self.failed(&error),
        };
        self.worked();
        let mut batch = Vec::with_capacity(page.rows.len());
        for row in page.rows {
            let Some(owned) = self.owned.get_mut(&row.partition) else {
                continue;
            };
            owned.read = row.cursor;
            let fetched = Fetched {
                partition: row.partition,
                cursor: row.cursor,
                record: row.record,
            };
            batch.push((owned.epoch, fetched));
        }
        if !batch.is_empty() {
            permit.send(batch);
        }
        self.pacer.read(started, Instant::now(), page.met);
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

    /// Nothing is tried again before a while has passed.
    fn failed(&mut self, error: &Error) {
        self.shared.connector.failed(error);
        let now = Instant::now();
        let wait = self.backoff.next();
        self.pacer.failed(now, wait);
        self.flush_at = self.flush_at.map(|at| at.max(now + wait));
        self.sync_at = self.sync_at.max(now + wait);
        self.lag_at = self.lag_at.max(now + wait);
    }

    /// Writes what is finished, then gives up what is drained.
    async fn flush(&mut self) -> Result<(), Error> {
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
            self.shared.pulse.members_changed();
        }
        self.flush_at = None;
        Ok(())
    }

    fn wanted(&self) -> Option<(BTreeSet<TopicPartition>, bool)> {
        let cluster = self.shared.cluster.borrow();
        let Positions { group, member } = &self.positions;
        let members = cluster.members.get(group)?;
        // Until our own heartbeat is written, others would not know whose partitions we take;
        // without a connection of its own the process cannot prove that it lives.
        let known = members.iter().any(|other| other.member == *member);
        (known && cluster.presence.is_some()).then(|| {
            (
                desired(group, *member, &self.topics, members),
                cluster.in_grace,
            )
        })
    }

    fn out_of_balance(&self) -> bool {
        let held = self.owned.iter().filter(|(_, owned)| !owned.revoked);
        let held: BTreeSet<_> = held.map(|(partition, _)| partition).collect();
        self.wanted()
            .is_some_and(|(wanted, _)| wanted.iter().collect::<BTreeSet<_>>() != held)
    }

    /// Makes what is owned what should be: drops what was lost, claims what is free, revokes what
    /// another member should have.
    async fn sync(&mut self) -> Result<(), Error> {
        let session = &mut self.reader.session;
        if !self.created {
            self.positions
                .create(session, &self.topics, self.start)
                .await?;
            self.created = true;
        }
        let held: BTreeMap<_, _> = self.positions.owned(session).await?.into_iter().collect();
        let lost = self
            .owned
            .iter()
            .filter(|(partition, owned)| held.get(*partition) != Some(&owned.epoch))
            .map(|(partition, _)| partition.clone())
            .collect();
        self.lose(lost);

        let Some((wanted, in_grace)) = self.wanted() else {
            return Ok(());
        };
        let missing: Vec<_> = wanted
            .iter()
            .filter(|partition| !self.owned.contains_key(*partition))
            .cloned()
            .collect();
        if !missing.is_empty() {
            self.claim(&missing, in_grace).await?;
        }
        let mut revoked = Vec::new();
        for (partition, owned) in &mut self.owned {
            if !owned.revoked && !wanted.contains(partition) {
                owned.revoked = true;
                revoked.push(partition.clone());
            }
        }
        if !revoked.is_empty() {
            tracing::debug!(
                group = self.positions.group,
                partitions = revoked.len(),
                "revoked"
            );
            let _ = self.change.send(Change::Revoked(revoked));
        }
        Ok(())
    }

    async fn claim(&mut self, missing: &[TopicPartition], in_grace: bool) -> Result<(), Error> {
        let session = &mut self.reader.session;
        let claimed = self.positions.claim(session, missing, in_grace).await?;
        if claimed.is_empty() {
            return Ok(());
        }
        tracing::debug!(
            group = self.positions.group,
            partitions = claimed.len(),
            "assigned"
        );
        let mut assigned = Vec::with_capacity(claimed.len());
        for claim in claimed {
            assigned.push((claim.partition.clone(), claim.epoch));
            let owned = Owned {
                epoch: claim.epoch,
                read: claim.cursor,
                committed: claim.cursor,
                finished: None,
                paused: false,
                revoked: false,
                released: false,
            };
            self.owned.insert(claim.partition, owned);
        }
        let _ = self.change.send(Change::Assigned(assigned));
        self.pacer.wake(Instant::now());
        Ok(())
    }

    fn lose(&mut self, partitions: Vec<TopicPartition>) {
        if partitions.is_empty() {
            return;
        }
        tracing::warn!(
            group = self.positions.group,
            partitions = partitions.len(),
            "another member took partitions over: this one was not seen alive"
        );
        for partition in &partitions {
            self.owned.remove(partition);
        }
        let _ = self.change.send(Change::Lost(partitions));
    }

    /// Gives everything back. The caller stops waiting after a while.
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
        self.shared.pulse.members_changed();
    }
}

impl Owned {
    fn reads(&self) -> bool {
        !self.paused && !self.revoked
    }
}
