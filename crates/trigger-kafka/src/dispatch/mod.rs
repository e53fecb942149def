//! Decides, for one group, which records go to the handler when, and what may be committed.
//! Pure: it is told the time, and says what is to be done in effects. It never waits.
//!
//! Records of one key form a lane; a lane has at most one call in flight, so order within a key
//! holds whatever fails. Lanes do not wait for each other.

mod backoff;
mod batches;
mod lane;
mod outcomes;
#[cfg(test)]
mod simulation;
#[cfg(test)]
mod tests;
mod tracker;

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;

pub(crate) use self::batches::{Batch, BatchId};
pub(crate) use self::lane::LaneId;
use self::lane::{Lane, Pending, State};
use self::tracker::Tracker;
use crate::carrier::{Delivery, Position, Record, TopicPartition};
use crate::config::TriggerConfig;
use crate::meters::Meters;

/// Finished records of a partition that may wait behind one that is not, in count: they cost
/// only their places.
const MAX_SPAN: usize = 100_000;

/// Records of a partition in lanes, past which it is paused: enough that no call waits for the next ones,
/// and no more than this whatever the trigger's settings.
const MIN_HELD: usize = 2_000;
const MAX_HELD: usize = 10_000;
/// And bytes of them. One record may be larger.
const MAX_HELD_BYTES: usize = 16 << 20;

/// What is to be done.
#[derive(Debug)]
pub(crate) enum Effect {
    Commit(TopicPartition, Position),
    Pause(TopicPartition),
    Resume(TopicPartition),
    /// Drained, or out of time.
    Release(TopicPartition),
    Bury(Burial),
}

/// A record to be kept as a dead letter; [`Dispatcher::buried`] says how that went.
#[derive(Debug)]
pub(crate) struct Burial {
    pub lane: LaneId,
    pub record: Arc<Record>,
    pub reason: String,
    pub attempts: u32,
}

/// One group's records, from their arrival to the commit.
pub(crate) struct Dispatcher {
    config: TriggerConfig,
    meters: Meters,
    partitions: HashMap<TopicPartition, Partition>,
    lanes: HashMap<LaneId, Lane>,
    /// The lane of each key of a partition.
    keys: HashMap<(u64, Bytes), LaneId>,
    /// Lanes that may go into a batch, in the order they became so.
    ready: VecDeque<LaneId>,
    ready_records: usize,
    /// Since when records wait for their batch to fill.
    ready_since: Option<Instant>,
    /// Lanes that wait after a failure.
    waiting: BTreeSet<(Instant, LaneId)>,
    in_flight: BTreeMap<BatchId, Vec<lane::Share>>,
    effects: Vec<Effect>,
    next_id: u64,
    /// Calls in a row that the host could not make.
    host_failures: u32,
}

/// A partition that is ours.
struct Partition {
    /// Tells this ownership from an earlier one.
    id: u64,
    tracker: Tracker,
    /// Records in lanes.
    held: usize,
    /// Bytes of them, about.
    held_bytes: usize,
    /// Lanes with a call in flight or a burial.
    busy: usize,
    paused: bool,
    /// Set when revoked: what is not begun is dropped, and this is when waiting ends.
    drain_until: Option<Instant>,
}

impl Dispatcher {
    pub fn new(config: TriggerConfig, meters: Meters) -> Self {
        Self {
            config,
            meters,
            partitions: HashMap::new(),
            lanes: HashMap::new(),
            keys: HashMap::new(),
            ready: VecDeque::new(),
            ready_records: 0,
            ready_since: None,
            waiting: BTreeSet::new(),
            in_flight: BTreeMap::new(),
            effects: Vec::new(),
            next_id: 0,
            host_failures: 0,
        }
    }

    /// What is to be done since the last call.
    pub fn effects(&mut self) -> Vec<Effect> {
        std::mem::take(&mut self.effects)
    }

    pub fn assigned(&mut self, partitions: Vec<TopicPartition>) {
        self.lost(&partitions);
        for partition in partitions {
            let owned = Partition {
                id: self.next_id(),
                tracker: Tracker::default(),
                held: 0,
                held_bytes: 0,
                busy: 0,
                paused: false,
                drain_until: None,
            };
            self.partitions.insert(partition, owned);
        }
    }

    /// Nothing of these partitions matters any more, whatever becomes of it.
    pub fn lost(&mut self, partitions: &[TopicPartition]) {
        for partition in partitions {
            if let Some(gone) = self.partitions.remove(partition) {
                self.drop_lanes(gone.id, |_| true);
            }
        }
    }

    /// Calls in flight may end until `drain_until`, then the partitions are released.
    pub fn revoked(&mut self, partitions: &[TopicPartition], drain_until: Instant) {
        for name in partitions {
            match self.partitions.get_mut(name) {
                Some(partition) => {
                    partition.drain_until = Some(drain_until);
                    let id = partition.id;
                    self.drop_lanes(id, |lane| !lane.state.is_busy());
                    self.settle(name);
                }
                None => self.effects.push(Effect::Release(name.clone())),
            }
        }
    }

    /// Revokes everything.
    pub fn stop(&mut self, drain_until: Instant) {
        let all: Vec<_> = self.partitions.keys().cloned().collect();
        self.revoked(&all, drain_until);
    }

    /// Whether there is nothing left of any partition.
    pub fn is_empty(&self) -> bool {
        self.partitions.is_empty()
    }

    pub fn arrived(&mut self, deliveries: Vec<Delivery>, now: Instant) {
        for delivery in deliveries {
            let Some(partition) = self.partitions.get_mut(&delivery.partition) else {
                continue;
            };
            if partition.drain_until.is_some() || !partition.tracker.begin(delivery.position) {
                continue;
            }
            self.meters.records.increment(1);
            if self.config.filter.accepts(&delivery.record) {
                partition.held += 1;
                partition.held_bytes += delivery.record.size();
                let id = partition.id;
                self.enqueue(id, delivery, now);
            } else {
                self.meters.filtered.increment(1);
                self.finish(&delivery.partition, delivery.position);
            }
        }
        self.control_flow();
    }

    fn enqueue(&mut self, partition: u64, delivery: Delivery, now: Instant) {
        let key = delivery.record.key.clone();
        let known = key
            .as_ref()
            .and_then(|key| self.keys.get(&(partition, key.clone())))
            .copied();
        let pending = Pending::new(delivery);
        if let Some(id) = known
            && let Some(lane) = self.lanes.get_mut(&id)
        {
            if lane.state == State::Ready {
                self.ready_records += 1;
            }
            lane.queue.push_back(pending);
            return;
        }
        let id = LaneId(self.next_id());
        if let Some(key) = &key {
            self.keys.insert((partition, key.clone()), id);
        }
        self.lanes.insert(id, Lane::new(partition, key, pending));
        self.make_ready(id, now);
    }

    /// When there is something to do though nothing has happened.
    pub fn next_timer(&self) -> Option<Instant> {
        let backoff = self.waiting.first().map(|(at, _)| *at);
        let draining = self.partitions.values().filter_map(|p| p.drain_until).min();
        let full = self.batch_due().filter(|_| self.has_free_call());
        [backoff, draining, full].into_iter().flatten().min()
    }

    /// Does what is due: ends waits after failures, and drains that took too long.
    pub fn tick(&mut self, now: Instant) {
        while let Some((at, id)) = self.waiting.first().copied()
            && at <= now
        {
            self.waiting.remove(&(at, id));
            self.make_ready(id, now);
        }
        let late: Vec<_> = self
            .partitions
            .iter()
            .filter(|(_, partition)| partition.drain_until.is_some_and(|at| at <= now))
            .map(|(name, _)| name.clone())
            .collect();
        for name in late {
            tracing::warn!(partition = %name, "gave a partition up before its calls ended");
            self.lost(std::slice::from_ref(&name));
            self.effects.push(Effect::Release(name));
        }
    }

    fn next_id(&mut self) -> u64 {
        self.next_id += 1;
        self.next_id
    }

    /// A record needs no more work.
    fn finish(&mut self, name: &TopicPartition, position: Position) {
        if let Some(partition) = self.partitions.get_mut(name)
            && let Some(position) = partition.tracker.finish(position)
        {
            self.effects.push(Effect::Commit(name.clone(), position));
        }
    }

    /// Releases a partition that is drained.
    fn settle(&mut self, name: &TopicPartition) {
        let drained = self
            .partitions
            .get(name)
            .is_some_and(|partition| partition.drain_until.is_some() && partition.busy == 0);
        if drained {
            self.lost(std::slice::from_ref(name));
            self.effects.push(Effect::Release(name.clone()));
        }
    }

    /// Pauses partitions that hold too much and resumes those that have room again.
    fn control_flow(&mut self) {
        let calls = self.config.concurrency.saturating_add(1);
        let wanted = self
            .config
            .batch
            .max_records
            .saturating_mul(calls)
            .saturating_mul(2);
        let limit = wanted.clamp(MIN_HELD, MAX_HELD);
        for (name, partition) in &mut self.partitions {
            let (held, span) = (partition.held, partition.tracker.len());
            let bytes = partition.held_bytes;
            if !partition.paused && (held >= limit || bytes >= MAX_HELD_BYTES || span >= MAX_SPAN) {
                partition.paused = true;
                self.effects.push(Effect::Pause(name.clone()));
            } else if partition.paused
                && held <= limit / 2
                && bytes <= MAX_HELD_BYTES / 2
                && span <= MAX_SPAN / 2
            {
                partition.paused = false;
                self.effects.push(Effect::Resume(name.clone()));
            }
        }
    }

    /// How long from now a record waits after this many failures.
    fn delay(&self, failures: u32) -> Duration {
        self.config.retry.delay(failures, rand::random())
    }
}
