//! Makes batches of lanes that are ready.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::lane::Share;
use super::{Dispatcher, Flight};
use crate::handler::Message;

/// Bytes of records in one batch, about; one record may be larger.
const MAX_BYTES: usize = 4 << 20;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct BatchId(pub u64);

/// Records for one call of the handler. Those of one key are together, in order.
pub(crate) struct Batch {
    pub id: BatchId,
    pub messages: Arc<[Message]>,
    /// When those that come for the first time were appended, in milliseconds since the Unix epoch:
    /// neighbours of one millisecond together, with how many they are.
    pub appended: Vec<(i64, usize)>,
}

impl Dispatcher {
    /// The next call, if there is something to handle and one more may be in flight.
    pub fn next_batch(&mut self, now: Instant) -> Option<Batch> {
        if !self.has_free_call() || self.batch_due().is_none_or(|due| due > now) {
            return None;
        }
        let most = self.config.batch.max_records;
        let limit = if self.config.batch.max_wait_ms > 0 {
            // A trigger that waits for full batches wants few large ones.
            most
        } else {
            // Spread the records over the free calls, so that they work in parallel.
            let free = self.config.concurrency - self.in_flight.len();
            self.lanes.ready_records().div_ceil(free).clamp(1, most)
        };
        Some(self.fill(limit))
    }

    pub(super) fn has_free_call(&self) -> bool {
        self.in_flight.len() < self.config.concurrency
    }

    /// When the records that are ready need not wait for more.
    pub(super) fn batch_due(&self) -> Option<Instant> {
        let since = self.lanes.ready_since()?;
        if self.lanes.ready_records() >= self.config.batch.max_records {
            return Some(since);
        }
        Some(since + Duration::from_millis(self.config.batch.max_wait_ms))
    }

    fn fill(&mut self, limit: usize) -> Batch {
        self.last_batch += 1;
        let id = BatchId(self.last_batch);
        let mut messages: Vec<Message> = Vec::with_capacity(limit);
        let mut appended: Vec<(i64, usize)> = Vec::new();
        let mut shares = Vec::new();
        let mut bytes = 0;
        while messages.len() < limit
            && bytes < MAX_BYTES
            && let Some((lane_id, lane)) = self.lanes.first_ready()
        {
            let alone = lane.queue.first().is_some_and(|first| first.alone);
            if alone && !messages.is_empty() {
                break;
            }
            let mut count = 0;
            for pending in lane.queue.iter() {
                let full = messages.len() >= limit || bytes >= MAX_BYTES;
                if count > 0 && (full || alone || pending.alone) {
                    break;
                }
                count += 1;
                bytes += pending.size;
                // Records that go alone were in a failed batch that charged none of them.
                if pending.failures == 0 && !pending.alone {
                    match appended.last_mut() {
                        Some((at, count)) if *at == pending.timestamp_ms => *count += 1,
                        _ => appended.push((pending.timestamp_ms, 1)),
                    }
                }
                messages.push(Message {
                    record: pending.record.clone(),
                    attempt: pending.failures + 1,
                });
            }
            if let Some(partition) = self.partitions.get_mut(&lane.partition) {
                partition.busy += 1;
            }
            self.lanes.take_first();
            shares.push(Share {
                lane: lane_id,
                count,
            });
            if alone {
                break;
            }
        }
        let messages: Arc<[Message]> = messages.into();
        let flight = Flight {
            shares,
            _messages: messages.clone(),
        };
        self.in_flight.insert(id, flight);
        Batch {
            id,
            messages,
            appended,
        }
    }
}
