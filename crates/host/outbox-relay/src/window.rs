//! Records that were read and are not finished. It says how far each partition's offset may move: to the
//! first record that is not finished.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::Arc;

use event_log::{DeliveryTag, Fetched};
use records::{Record, TopicPartition};

/// Records in the order they were read, each with a number.
#[derive(Default)]
pub(crate) struct Window {
    lanes: BTreeMap<TopicPartition, VecDeque<Entry>>,
    places: HashMap<usize, TopicPartition>,
    next: usize,
    bytes: usize,
}

struct Entry {
    number: usize,
    tag: DeliveryTag,
    record: Arc<Record>,
    finished: bool,
}

impl Window {
    /// Remembers a record; returns its number.
    pub fn add(&mut self, fetched: Fetched) -> usize {
        let number = self.next;
        self.next += 1;
        self.bytes += fetched.record.size();
        self.places.insert(number, fetched.partition.clone());
        self.lanes
            .entry(fetched.partition)
            .or_default()
            .push_back(Entry {
                number,
                tag: fetched.tag,
                record: fetched.record,
                finished: false,
            });
        number
    }

    /// The record with this number, unless it is finished or forgotten.
    pub fn record(&self, number: usize) -> Option<&Arc<Record>> {
        let lane = self.lanes.get(self.places.get(&number)?)?;
        let at = lane.binary_search_by_key(&number, |entry| entry.number);
        Some(&lane.get(at.ok()?)?.record)
    }

    /// A record is finished. Returns the tag up to which its partition may be committed, if it may.
    pub fn finish(&mut self, number: usize) -> Option<(TopicPartition, DeliveryTag)> {
        let partition = self.places.remove(&number)?;
        let lane = self.lanes.get_mut(&partition)?;
        let at = lane.binary_search_by_key(&number, |entry| entry.number);
        let entry = lane.get_mut(at.ok()?)?;
        entry.finished = true;
        self.bytes = self.bytes.saturating_sub(entry.record.size());
        let mut reached = None;
        while lane.front().is_some_and(|entry| entry.finished) {
            reached = lane.pop_front().map(|entry| entry.tag);
        }
        reached.map(|tag| (partition, tag))
    }

    /// Another process owns these partitions now.
    pub fn forget(&mut self, partitions: &[TopicPartition]) {
        for partition in partitions {
            for entry in self.lanes.remove(partition).unwrap_or_default() {
                if !entry.finished {
                    self.places.remove(&entry.number);
                    self.bytes = self.bytes.saturating_sub(entry.record.size());
                }
            }
        }
    }

    /// The numbers of unfinished records, in the order they were read.
    pub fn unfinished(&self) -> Vec<usize> {
        let mut numbers: Vec<_> = self.places.keys().copied().collect();
        numbers.sort_unstable();
        numbers
    }

    /// Records that are not finished.
    pub fn len(&self) -> usize {
        self.places.len()
    }

    /// Their bytes.
    pub fn bytes(&self) -> usize {
        self.bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures::{fetched, partition};

    #[test]
    fn a_position_moves_to_the_last_record_before_the_first_unfinished_one() {
        let mut window = Window::default();
        let numbers: Vec<_> = [(0, 1), (1, 2), (0, 3), (0, 4)]
            .map(|(partition, position)| window.add(fetched(partition, position)))
            .to_vec();
        let mut finish = |at: usize| {
            window
                .finish(numbers[at])
                .map(|(tp, tag)| (tp.partition, tag.0))
        };
        assert_eq!(finish(2), None, "the one before it is not finished");
        assert_eq!(finish(1), Some((1, 2)), "another partition");
        assert_eq!(finish(0), Some((0, 3)));
        assert_eq!(finish(0), None, "a second time");
        assert_eq!(finish(3), Some((0, 4)));
        assert_eq!((window.len(), window.bytes()), (0, 0));
    }

    #[test]
    fn what_is_not_finished_is_told_in_the_order_it_was_read() {
        let mut window = Window::default();
        let numbers = [(1, 1), (0, 2), (1, 3), (0, 4)].map(|(p, n)| window.add(fetched(p, n)));
        window.finish(numbers[1]);
        assert_eq!(window.unfinished(), [numbers[0], numbers[2], numbers[3]]);
        window.forget(&[partition(1)]);
        assert_eq!(window.unfinished(), [numbers[3]]);
        assert_eq!(window.finish(numbers[0]), None, "it is somebody else's now");
        assert!(window.record(numbers[2]).is_none());
        assert_eq!(
            window.record(numbers[3]).map(|record| record.offset),
            Some(4)
        );
    }
}
