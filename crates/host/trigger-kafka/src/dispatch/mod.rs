//! Decides for one group which records go to the handler when, and which offsets may be committed.
//! It is pure: it is told the time and returns effects. It never waits.
//!
//! A lane is the queue of one key. It has at most one call in flight, so the order within a key
//! holds whatever fails. Lanes do not wait for each other.

mod backoff;
mod batches;
mod lane;
mod outcomes;
mod queue;
#[cfg(test)]
mod simulation;
#[cfg(test)]
mod tests;
mod tracker;

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::{Duration, Instant};

use foldhash::fast::RandomState;
use records::RecordRef;

pub(crate) use self::batches::{Batch, BatchId};
pub(crate) use self::lane::LaneId;
use self::lane::{Keys, Lane, Lanes, Share};
use self::queue::Queue;
use self::tracker::Tracker;
use crate::config::TriggerConfig;
use crate::handler::Message;
use crate::meters::Meters;
use crate::transport::{Position, Run, TopicPartition};

/// How many finished records of a partition may wait behind an unfinished one. They cost only an
/// entry each.
const MAX_SPAN: usize = 100_000;

/// Records in lanes past which partitions with more than their share are paused: enough that no
/// call waits for records, and a bound whatever the trigger's settings are.
const MIN_HELD: usize = 2_000;
const MAX_HELD: usize = 100_000;
/// And bytes of them. One record may be larger.
const MAX_HELD_BYTES: usize = 64 << 20;

/// What the group must do.
#[derive(Debug)]
pub(crate) enum Effect {
    Commit(TopicPartition, Position),
    Pause(TopicPartition),
    Resume(TopicPartition),
    /// Drained, or out of time.
    Release(TopicPartition),
    DeadLetter(FailedRecord),
}

/// A record to be kept as a dead letter; [`Dispatcher::dead_lettered`] says how that went.
#[derive(Debug)]
pub(crate) struct FailedRecord {
    pub lane: LaneId,
    pub record: RecordRef,
    pub reason: String,
    pub attempts: u32,
}

/// A call in flight. It keeps its messages, so that one thread counts the references to their
/// records.
struct Flight {
    shares: Vec<Share>,
    _messages: Arc<[Message]>,
}

/// One group's records, from their arrival to the commit.
pub(crate) struct Dispatcher {
    config: TriggerConfig,
    meters: Meters,
    partitions: HashMap<Owned, Partition, RandomState>,
    names: HashMap<TopicPartition, Owned>,
    lanes: Lanes,
    in_flight: BTreeMap<BatchId, Flight>,
    effects: Vec<Effect>,
    last_batch: u64,
    last_owned: u32,
    /// Calls in a row that failed through no fault of their records.
    host_failures: u32,
}

/// One ownership of a partition: one that leaves and comes back is another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Owned(u32);

/// A partition that is ours.
struct Partition {
    name: TopicPartition,
    tracker: Tracker,
    keys: Keys,
    /// What may be committed and was not asked for yet.
    moved: Option<Position>,
    /// Records in lanes.
    held: usize,
    /// Bytes of them, about.
    held_bytes: usize,
    /// Lanes with a call in flight or a dead letter write.
    busy: usize,
    paused: bool,
    /// Set when revoked: what is not begun is dropped, and this is when waiting ends.
    drain_until: Option<Instant>,
}

impl Partition {
    fn new(name: TopicPartition) -> Self {
        Self {
            name,
            tracker: Tracker::default(),
            keys: Keys::new(),
            moved: None,
            held: 0,
            held_bytes: 0,
            busy: 0,
            paused: false,
            drain_until: None,
        }
    }

    /// A record needs no more work.
    fn finish(&mut self, position: Position) {
        self.moved = self.tracker.finish(position).or(self.moved);
    }

    /// The first so many records of a lane need no more work.
    fn finish_first(&mut self, queue: &mut Queue, count: usize) {
        for finished in std::iter::from_fn(|| queue.pop()).take(count) {
            self.held -= 1;
            self.held_bytes -= finished.size;
            self.finish(finished.position);
        }
    }

    /// A lane is gone.
    fn forget(&mut self, id: LaneId, lane: &Lane) {
        self.held -= lane.queue.len();
        self.held_bytes -= lane.queue.iter().map(|left| left.size).sum::<usize>();
        if let Some(hash) = lane.hash
            && let Ok(entry) = self.keys.find_entry(hash.get(), |(_, other)| *other == id)
        {
            entry.remove();
        }
    }

    fn commit(&mut self) -> Option<Effect> {
        let position = self.moved.take()?;
        Some(Effect::Commit(self.name.clone(), position))
    }
}

impl Dispatcher {
    pub fn new(config: TriggerConfig, meters: Meters) -> Self {
        Self {
            config,
            meters,
            partitions: HashMap::default(),
            names: HashMap::new(),
            lanes: Lanes::default(),
            in_flight: BTreeMap::new(),
            effects: Vec::new(),
            last_batch: 0,
            last_owned: 0,
            host_failures: 0,
        }
    }

    /// What is to be done since the last call.
    pub fn effects(&mut self) -> Vec<Effect> {
        let commits = self.partitions.values_mut().filter_map(Partition::commit);
        self.effects.extend(commits);
        std::mem::take(&mut self.effects)
    }

    pub fn assigned(&mut self, partitions: Vec<TopicPartition>) {
        self.lost(&partitions);
        for name in partitions {
            self.last_owned = self.last_owned.wrapping_add(1);
            let owned = Owned(self.last_owned);
            self.names.insert(name.clone(), owned);
            self.partitions.insert(owned, Partition::new(name));
        }
    }

    /// Forgets these partitions, whatever is in flight.
    pub fn lost(&mut self, partitions: &[TopicPartition]) {
        for name in partitions {
            if let Some(gone) = self.names.remove(name) {
                self.partitions.remove(&gone);
                self.drop_lanes(gone, |_| true);
            }
        }
    }

    /// Calls in flight may end until `drain_until`, then the partitions are released.
    pub fn revoked(&mut self, partitions: &[TopicPartition], drain_until: Instant) {
        for name in partitions {
            let owned = self.names.get(name).copied();
            match owned.and_then(|owned| Some((owned, self.partitions.get_mut(&owned)?))) {
                Some((owned, partition)) => {
                    partition.drain_until = Some(drain_until);
                    self.drop_lanes(owned, |lane| !lane.state.is_busy());
                    self.settle(owned);
                }
                None => self.effects.push(Effect::Release(name.clone())),
            }
        }
    }

    /// Revokes everything.
    pub fn stop(&mut self, drain_until: Instant) {
        let all: Vec<_> = self.names.keys().cloned().collect();
        self.revoked(&all, drain_until);
    }

    /// Whether there is nothing left of any partition.
    pub fn is_empty(&self) -> bool {
        self.partitions.is_empty()
    }

    pub fn arrived(&mut self, runs: Vec<Run>, now: Instant) {
        for run in runs {
            let Some(owned) = self.names.get(&run.partition).copied() else {
                continue;
            };
            let Some(partition) = self.partitions.get_mut(&owned) else {
                continue;
            };
            if partition.drain_until.is_some() {
                continue;
            }
            let (mut came, mut filtered) = (0, 0);
            for delivery in run.deliveries {
                if !partition.tracker.begin(delivery.position) {
                    continue;
                }
                came += 1;
                if self.config.filter.accepts(&delivery.record) {
                    partition.held += 1;
                    partition.held_bytes += delivery.size;
                    self.lanes.add(owned, &mut partition.keys, delivery, now);
                } else {
                    filtered += 1;
                    partition.finish(delivery.position);
                }
            }
            self.meters.records.increment(came);
            self.meters.filtered.increment(filtered);
        }
        self.control_flow();
    }

    /// When `tick` must be called although nothing has happened.
    pub fn next_timer(&self) -> Option<Instant> {
        let backoff = self.lanes.wakes_at();
        let draining = self.partitions.values().filter_map(|p| p.drain_until).min();
        let full = self.batch_due().filter(|_| self.has_free_call());
        [backoff, draining, full].into_iter().flatten().min()
    }

    /// Ends waits after failures, and drains that took too long.
    pub fn tick(&mut self, now: Instant) {
        self.lanes.wake(now);
        let late: Vec<_> = self
            .partitions
            .iter()
            .filter(|(_, partition)| partition.drain_until.is_some_and(|at| at <= now))
            .map(|(owned, _)| *owned)
            .collect();
        for owned in late {
            let name = self.give_back(owned);
            tracing::warn!(
                partition = name.map(|name| name.to_string()),
                "gave a partition up before its calls ended"
            );
        }
    }

    /// Releases a partition that is drained.
    fn settle(&mut self, owned: Owned) {
        let drained = self
            .partitions
            .get(&owned)
            .is_some_and(|partition| partition.drain_until.is_some() && partition.busy == 0);
        if drained {
            self.give_back(owned);
        }
    }

    /// Commits what it may and releases a partition.
    fn give_back(&mut self, owned: Owned) -> Option<TopicPartition> {
        let partition = self.partitions.get_mut(&owned)?;
        self.effects.extend(partition.commit());
        let name = partition.name.clone();
        self.lost(std::slice::from_ref(&name));
        self.effects.push(Effect::Release(name.clone()));
        Some(name)
    }

    /// Pauses partitions that hold too much and resumes those with room. A single partition may use
    /// the whole bound; several share it equally.
    fn control_flow(&mut self) {
        let calls = self.config.concurrency.saturating_add(1);
        let wanted = self
            .config
            .batch
            .max_records
            .saturating_mul(calls)
            .saturating_mul(2);
        let limit = wanted.clamp(MIN_HELD, MAX_HELD);
        let parts = self.partitions.len().max(1);
        let all = self.partitions.values().map(|p| (p.held, p.held_bytes));
        let (records, bytes) = all.fold((0, 0), |sum, held| (sum.0 + held.0, sum.1 + held.1));
        for partition in self.partitions.values_mut() {
            let span = partition.tracker.len();
            let (own, own_bytes) = (partition.held, partition.held_bytes);
            let is_past =
                |all: usize, own: usize, most: usize| all >= most && own >= (most / parts).max(1);
            let is_full = is_past(records, own, limit)
                || is_past(bytes, own_bytes, MAX_HELD_BYTES)
                || span >= MAX_SPAN;
            let has_room = !is_past(records, own, limit / 2)
                && !is_past(bytes, own_bytes, MAX_HELD_BYTES / 2)
                && span <= MAX_SPAN / 2;
            if !partition.paused && is_full {
                partition.paused = true;
                self.effects.push(Effect::Pause(partition.name.clone()));
            } else if partition.paused && has_room {
                partition.paused = false;
                self.effects.push(Effect::Resume(partition.name.clone()));
            }
        }
    }

    /// How long from now a record waits after this many failures.
    fn delay(&self, failures: u32) -> Duration {
        self.config.retry.delay(failures, rand::random())
    }
}
