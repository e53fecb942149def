//! Lanes: the records of one key, in order. A record without a key has a lane of its own.
//!
//! Keys are compared by their 64-bit hashes, so that the dispatcher need not touch the memory of
//! waiting records. Two keys with the same hash would share a lane and wait for each other; nothing
//! else would happen.

use std::collections::{BTreeSet, VecDeque};
use std::num::NonZeroU64;
use std::time::Instant;

use hashbrown::HashTable;
use slotmap::SlotMap;

use super::queue::Queue;
use super::{Dispatcher, Owned};
use crate::transport::Delivery;

slotmap::new_key_type! {
    /// Never given again.
    pub(crate) struct LaneId;
}

/// The lane of each key of a partition, with the key's hash.
pub(super) type Keys = HashTable<(u64, LaneId)>;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    Ready,
    InFlight,
    /// After a failure.
    Waiting,
    /// The first record is being dead-lettered.
    DeadLettering,
}

impl State {
    pub fn is_busy(self) -> bool {
        matches!(self, Self::InFlight | Self::DeadLettering)
    }
}

/// It exists only while its partition is ours. There are thousands of them, and each is accessed
/// three times with a cold cache, so it is small.
pub(super) struct Lane {
    pub partition: Owned,
    /// Of the key, as its partition's [`Keys`] have it.
    pub hash: Option<NonZeroU64>,
    pub queue: Queue,
    pub state: State,
}

/// A lane's part of a batch: its first so many records.
pub(super) struct Share {
    pub lane: LaneId,
    pub count: usize,
}

/// All lanes, and whose turn it is.
#[derive(Default)]
pub(super) struct Lanes {
    all: SlotMap<LaneId, Lane>,
    /// Those that may go into a batch, in the order they became so.
    ready: VecDeque<LaneId>,
    ready_records: usize,
    /// Since when records wait for their batch to fill.
    ready_since: Option<Instant>,
    /// Those that wait after a failure, and some that are gone.
    waiting: BTreeSet<(Instant, LaneId)>,
}

impl Lanes {
    pub fn get_mut(&mut self, id: LaneId) -> Option<&mut Lane> {
        self.all.get_mut(id)
    }

    /// Records of lanes that are ready.
    pub fn ready_records(&self) -> usize {
        self.ready_records
    }

    /// Since when some are ready.
    pub fn ready_since(&self) -> Option<Instant> {
        self.ready_since
    }

    /// When the first wait after a failure ends.
    pub fn wakes_at(&self) -> Option<Instant> {
        self.waiting.first().map(|(at, _)| *at)
    }

    #[cfg(test)]
    pub fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// Appends a record to its key's lane.
    pub fn add(&mut self, partition: Owned, keys: &mut Keys, delivery: Delivery, now: Instant) {
        let hash = delivery.key_hash;
        if let Some(hash) = hash.map(NonZeroU64::get)
            && let Some((_, id)) = keys.find(hash, |(other, _)| *other == hash)
            && let Some(lane) = self.all.get_mut(*id)
        {
            if lane.state == State::Ready {
                self.ready_records += 1;
            }
            lane.queue.push(delivery.into());
            return;
        }
        let id = self.all.insert(Lane {
            partition,
            hash,
            queue: Queue::of(delivery.into()),
            state: State::Ready,
        });
        if let Some(hash) = hash.map(NonZeroU64::get) {
            keys.insert_unique(hash, (hash, id), |(hash, _)| *hash);
        }
        self.make_ready(id, now);
    }

    /// The lane may go into a batch.
    pub fn make_ready(&mut self, id: LaneId, now: Instant) {
        let Some(lane) = self.all.get_mut(id) else {
            return;
        };
        lane.state = State::Ready;
        self.ready_records += lane.queue.len();
        self.ready.push_back(id);
        self.ready_since.get_or_insert(now);
    }

    /// The lane waits after a failure.
    pub fn make_wait(&mut self, id: LaneId, until: Instant) {
        if let Some(lane) = self.all.get_mut(id) {
            lane.state = State::Waiting;
            self.waiting.insert((until, id));
        }
    }

    /// Ends the waits that are over.
    pub fn wake(&mut self, now: Instant) {
        while let Some((at, id)) = self.waiting.first().copied()
            && at <= now
        {
            self.waiting.remove(&(at, id));
            self.make_ready(id, now);
        }
    }

    /// The lane whose turn it is. It stays the first until it is taken.
    pub fn first_ready(&mut self) -> Option<(LaneId, &mut Lane)> {
        // Ids of removed lanes are still in the queue; they are never reused.
        while let Some(id) = self.ready.front()
            && !self.all.contains_key(*id)
        {
            self.ready.pop_front();
        }
        let id = *self.ready.front()?;
        Some((id, self.all.get_mut(id)?))
    }

    /// Puts the lane whose turn it is into a batch.
    pub fn take_first(&mut self) {
        if let Some(id) = self.ready.pop_front()
            && let Some(lane) = self.all.get_mut(id)
        {
            lane.state = State::InFlight;
            let taken = lane.queue.len();
            self.forget_ready(taken);
        }
    }

    /// So many records are not ready any more. Those that are left have not waited longer than the
    /// oldest of all of them.
    fn forget_ready(&mut self, records: usize) {
        self.ready_records -= records;
        if self.ready_records == 0 {
            self.ready.clear();
            self.ready_since = None;
        }
    }

    /// Forgets a lane, whatever it holds.
    pub fn remove(&mut self, id: LaneId) -> Option<Lane> {
        let lane = self.all.remove(id)?;
        if lane.state == State::Ready {
            self.forget_ready(lane.queue.len());
        }
        Some(lane)
    }

    /// The lanes of a partition that `chosen` picks.
    pub fn of(&self, partition: Owned, chosen: impl Fn(&Lane) -> bool) -> Vec<LaneId> {
        self.all
            .iter()
            .filter(|(_, lane)| lane.partition == partition && chosen(lane))
            .map(|(id, _)| id)
            .collect()
    }
}

impl Dispatcher {
    /// The first so many records of a lane are done, and so is its call or dead letter write.
    pub(super) fn complete(&mut self, id: LaneId, count: usize, now: Instant) {
        let Some(lane) = self.lanes.get_mut(id) else {
            return;
        };
        let Some(partition) = self.partitions.get_mut(&lane.partition) else {
            return;
        };
        partition.finish_first(&mut lane.queue, count);
        if lane.queue.is_empty() && partition.drain_until.is_none() {
            // As `end_busy` does it, which would look everything up again for nearly each record.
            partition.busy -= 1;
            if let Some(lane) = self.lanes.remove(id) {
                partition.forget(id, &lane);
            }
        } else {
            self.go_on(id, now);
        }
    }

    /// The lane's call or dead letter write is over, and it has nothing to wait for.
    pub(super) fn go_on(&mut self, id: LaneId, now: Instant) {
        if self.end_busy(id) {
            self.lanes.make_ready(id, now);
        }
    }

    /// The lane's call or dead letter write is over, and the first record is to be tried again.
    pub(super) fn pause_lane(&mut self, id: LaneId, until: Instant) {
        if self.end_busy(id) {
            self.lanes.make_wait(id, until);
        }
    }

    /// Whether there is more for the lane to do here.
    fn end_busy(&mut self, id: LaneId) -> bool {
        let Some(lane) = self.lanes.get_mut(id) else {
            return false;
        };
        let (owned, empty) = (lane.partition, lane.queue.is_empty());
        let Some(partition) = self.partitions.get_mut(&owned) else {
            return false;
        };
        partition.busy -= 1;
        let draining = partition.drain_until.is_some();
        if empty || draining {
            self.remove_lane(id);
            self.settle(owned);
            return false;
        }
        true
    }

    /// Forgets a lane, whatever it holds.
    pub(super) fn remove_lane(&mut self, id: LaneId) {
        let Some(lane) = self.lanes.remove(id) else {
            return;
        };
        if let Some(partition) = self.partitions.get_mut(&lane.partition) {
            partition.forget(id, &lane);
        }
    }

    /// Forgets the lanes of a partition that `chosen` picks.
    pub(super) fn drop_lanes(&mut self, partition: Owned, chosen: impl Fn(&Lane) -> bool) {
        for id in self.lanes.of(partition, chosen) {
            self.remove_lane(id);
        }
    }
}
