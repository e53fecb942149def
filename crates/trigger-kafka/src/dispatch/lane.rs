//! Lanes: the records of one key, in order. A record without a key has a lane of its own.

use std::collections::VecDeque;
use std::time::Instant;

use bytes::Bytes;

use super::{BatchId, Dispatcher};
use crate::carrier::{Delivery, TopicPartition};

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct LaneId(pub u64);

/// A record that is not finished.
pub(super) struct Pending {
    pub delivery: Delivery,
    /// Deliveries that failed through its own fault.
    pub failures: u32,
    /// Goes into a batch of its own: a batch it was in failed as a whole, or it failed alone.
    pub alone: bool,
}

impl Pending {
    pub fn new(delivery: Delivery) -> Self {
        Self {
            delivery,
            failures: 0,
            alone: false,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    Ready,
    InFlight(BatchId),
    /// After a failure.
    Waiting(Instant),
    /// The first record is on its way to the dead letters.
    Burying,
}

impl State {
    pub fn is_busy(self) -> bool {
        matches!(self, Self::InFlight(_) | Self::Burying)
    }
}

/// It exists only while its partition is ours.
pub(super) struct Lane {
    pub partition: TopicPartition,
    /// The id of the partition's ownership.
    pub ownership: u64,
    pub key: Option<Bytes>,
    pub queue: VecDeque<Pending>,
    pub state: State,
}

/// A lane's part of a batch: its first so many records.
pub(super) struct Share {
    pub lane: LaneId,
    pub count: usize,
}

impl Lane {
    pub fn new(ownership: u64, key: Option<Bytes>, first: Pending) -> Self {
        Self {
            partition: first.delivery.partition.clone(),
            ownership,
            key,
            queue: [first].into(),
            state: State::Ready,
        }
    }
}

impl Dispatcher {
    /// The lane may go into a batch.
    pub(super) fn make_ready(&mut self, id: LaneId, now: Instant) {
        let Some(lane) = self.lanes.get_mut(&id) else {
            return;
        };
        lane.state = State::Ready;
        self.ready_records += lane.queue.len();
        self.ready.push_back(id);
        self.ready_since.get_or_insert(now);
    }

    /// The lane waits after a failure.
    pub(super) fn make_wait(&mut self, id: LaneId, until: Instant) {
        if let Some(lane) = self.lanes.get_mut(&id) {
            lane.state = State::Waiting(until);
            self.waiting.insert((until, id));
        }
    }

    /// The lane's call or burial is over, and it has nothing to wait for.
    pub(super) fn go_on(&mut self, id: LaneId, now: Instant) {
        if self.end_busy(id) {
            self.make_ready(id, now);
        }
    }

    /// The lane's call or burial is over, and the first record is to be tried again.
    pub(super) fn pause_lane(&mut self, id: LaneId, until: Instant) {
        if self.end_busy(id) {
            self.make_wait(id, until);
        }
    }

    /// Whether there is more for the lane to do here.
    fn end_busy(&mut self, id: LaneId) -> bool {
        let Some(lane) = self.lanes.get(&id) else {
            return false;
        };
        let (name, empty) = (lane.partition.clone(), lane.queue.is_empty());
        let Some(partition) = self.partitions.get_mut(&name) else {
            return false;
        };
        partition.busy -= 1;
        let draining = partition.drain_until.is_some();
        if empty || draining {
            self.remove_lane(id);
            self.settle(&name);
            return false;
        }
        true
    }

    /// Forgets a lane, whatever it holds.
    pub(super) fn remove_lane(&mut self, id: LaneId) {
        let Some(lane) = self.lanes.remove(&id) else {
            return;
        };
        match lane.state {
            State::Ready => {
                self.ready_records -= lane.queue.len();
                // Its id stays in the queue, to be passed over; it is never given again.
                if self.ready_records == 0 {
                    self.ready.clear();
                    self.ready_since = None;
                }
            }
            State::Waiting(until) => {
                self.waiting.remove(&(until, id));
            }
            State::InFlight(_) | State::Burying => {}
        }
        if let Some(partition) = self.partitions.get_mut(&lane.partition)
            && partition.id == lane.ownership
        {
            partition.held -= lane.queue.len();
            let sizes = lane.queue.iter().map(|left| left.delivery.record.size());
            partition.held_bytes -= sizes.sum::<usize>();
        }
        if let Some(key) = lane.key {
            self.keys.remove(&(lane.ownership, key));
        }
    }

    /// Forgets the lanes of an ownership that `chosen` picks.
    pub(super) fn drop_lanes(&mut self, ownership: u64, chosen: impl Fn(&Lane) -> bool) {
        let ids: Vec<_> = self
            .lanes
            .iter()
            .filter(|(_, lane)| lane.ownership == ownership && chosen(lane))
            .map(|(id, _)| *id)
            .collect();
        for id in ids {
            self.remove_lane(id);
        }
    }
}
