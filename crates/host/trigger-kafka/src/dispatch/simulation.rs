//! Thousands of random histories: whatever fails, order within a key holds, nothing is lost, and
//! what is committed is finished.

use std::collections::{BTreeSet, HashMap};
use std::time::{Duration, Instant};

use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{Rng, SeedableRng};

use super::tests::{config, delivery, partition, run};
use super::*;
use crate::handler::{Failure, Handled, Message, Outcome};

const PARTITIONS: i32 = 3;
const KEYS: [&str; 5] = ["a", "b", "c", "d", ""];

/// A world around the dispatcher: a log with positions, and a handler that fails at random.
struct World {
    random: StdRng,
    now: Instant,
    dispatcher: Dispatcher,
    /// All records of each partition, by offset, with their keys.
    log: Vec<Vec<Option<&'static str>>>,
    /// Up to where each partition was given to the dispatcher in this ownership.
    given: Vec<usize>,
    committed: Vec<usize>,
    /// Finished in any ownership: handled or dead-lettered.
    finished: Vec<BTreeSet<usize>>,
    calls: Vec<(BatchId, Arc<[Message]>)>,
    dead_letter_writes: Vec<FailedRecord>,
}

impl World {
    fn new(seed: u64) -> Self {
        let mut random = StdRng::seed_from_u64(seed);
        let config = config(&format!(
            "concurrency = {}\nbatch = {{ max_records = {}, max_wait_ms = {} }}",
            random.random_range(1..5),
            random.random_range(1..8),
            random.random_range(0..3) * 5,
        ));
        let mut dispatcher = Dispatcher::new(config, Meters::new("g", "c"));
        dispatcher.config.retry.max_attempts = random.random_range(1..4);
        dispatcher.assigned((0..PARTITIONS).map(partition).collect());
        let log = (0..PARTITIONS)
            .map(|_| {
                (0..random.random_range(0..40))
                    .map(|_| {
                        KEYS.choose(&mut random)
                            .copied()
                            .filter(|key| !key.is_empty())
                    })
                    .collect()
            })
            .collect();
        Self {
            random,
            now: Instant::now(),
            dispatcher,
            log,
            given: vec![0; PARTITIONS as usize],
            committed: vec![0; PARTITIONS as usize],
            finished: vec![BTreeSet::new(); PARTITIONS as usize],
            calls: Vec::new(),
            dead_letter_writes: Vec::new(),
        }
    }

    fn step(&mut self) {
        match self.random.random_range(0..10) {
            0..3 => self.give(),
            3..5 => self.start_calls(),
            5..8 => self.end_call(),
            8 => self.end_dead_letter_write(),
            _ if self.random.random_bool(0.1) => self.change_owner(),
            _ => self.now += Duration::from_millis(self.random.random_range(0..500)),
        }
        self.dispatcher.tick(self.now);
        self.perform();
    }

    fn give(&mut self) {
        let index = self.random.random_range(0..self.log.len());
        let until = (self.given[index] + self.random.random_range(1..6)).min(self.log[index].len());
        let deliveries = (self.given[index]..until)
            .map(|place| delivery(index as i32, self.log[index][place], place as i64 + 1))
            .collect();
        self.given[index] = until;
        self.dispatcher
            .arrived(run(index as i32, deliveries), self.now);
    }

    fn start_calls(&mut self) {
        while let Some(batch) = self.dispatcher.next_batch(self.now) {
            assert!(!batch.messages.is_empty());
            self.check_order(&batch.messages);
            self.calls.push((batch.id, batch.messages));
            assert!(self.calls.len() <= self.dispatcher.config.concurrency + 8);
        }
    }

    /// Whoever comes before a record in its key is finished, or right before it in the batch.
    fn check_order(&self, messages: &[Message]) {
        let mut in_batch: HashMap<i32, BTreeSet<usize>> = HashMap::new();
        for message in messages {
            let record = &message.record;
            let (index, place) = (record.partition() as usize, record.offset() as usize - 1);
            let here = in_batch.entry(record.partition()).or_default();
            if let Some(key) = self.log[index][place] {
                for earlier in 0..place {
                    let before = self.log[index][earlier] == Some(key);
                    let settled =
                        self.finished[index].contains(&earlier) || here.contains(&earlier);
                    assert!(
                        !before || settled,
                        "{place} overtook {earlier} of key {key}"
                    );
                }
            }
            here.insert(place);
        }
    }

    fn end_call(&mut self) {
        if self.calls.is_empty() {
            return;
        }
        let call = self.random.random_range(0..self.calls.len());
        let (id, messages) = self.calls.swap_remove(call);
        let result = match self.random.random_range(0..12) {
            0 => Err(Failure::Handler("trap".to_owned())),
            1 => Err(Failure::Host("busy".to_owned())),
            _ => Ok(messages.iter().map(|_| self.outcome()).collect::<Vec<_>>()),
        };
        let mut failed: BTreeSet<(i32, Option<&str>)> = BTreeSet::new();
        for (message, outcome) in messages.iter().zip(result.iter().flatten()) {
            let (index, place) = (
                message.record.partition(),
                message.record.offset() as usize - 1,
            );
            let key = self.log[index as usize][place];
            if *outcome != Outcome::Done {
                failed.insert((index, key));
            } else if key.is_none() || !failed.contains(&(index, key)) {
                self.finished[index as usize].insert(place);
            }
        }
        let outage = self.random.random_bool(0.1).then(|| "away".to_owned());
        self.dispatcher
            .handled(id, Handled { result, outage }, self.now);
    }

    fn outcome(&mut self) -> Outcome {
        match self.random.random_range(0..10) {
            0 => Outcome::Retry("later".to_owned()),
            1 => Outcome::Reject("never".to_owned()),
            _ => Outcome::Done,
        }
    }

    fn end_dead_letter_write(&mut self) {
        let Some(failed_record) = self.dead_letter_writes.pop() else {
            return;
        };
        let kept = if self.random.random_bool(0.2) {
            Err(anyhow::anyhow!("away"))
        } else {
            let record = &failed_record.record;
            self.finished[record.partition() as usize].insert(record.offset() as usize - 1);
            Ok(())
        };
        self.dispatcher
            .dead_lettered(failed_record.lane, kept, self.now);
    }

    /// A partition is lost and comes back at what was committed.
    fn change_owner(&mut self) {
        let index = self.random.random_range(0..self.log.len());
        let name = partition(index as i32);
        self.dispatcher.lost(std::slice::from_ref(&name));
        self.dispatcher.assigned(vec![name]);
        self.given[index] = self.committed[index];
    }

    fn perform(&mut self) {
        for effect in self.dispatcher.effects() {
            match effect {
                Effect::Commit(name, Position(position)) => {
                    let (index, position) = (name.partition as usize, position as usize);
                    assert!(position >= self.committed[index], "went back");
                    for place in 0..position {
                        assert!(self.finished[index].contains(&place), "a gap at {place}");
                    }
                    self.committed[index] = position;
                }
                Effect::DeadLetter(failed_record) => self.dead_letter_writes.push(failed_record),
                Effect::Pause(_) | Effect::Resume(_) | Effect::Release(_) => {}
            }
        }
    }

    fn is_over(&self) -> bool {
        self.log
            .iter()
            .zip(&self.committed)
            .all(|(records, committed)| records.len() == *committed)
    }
}

#[test]
fn order_holds_and_everything_is_finished_whatever_happens() {
    for seed in 0..2000 {
        let mut world = World::new(seed);
        let mut steps = 0;
        while !world.is_over() {
            world.step();
            steps += 1;
            assert!(steps < 200_000, "seed {seed} never ends");
        }
        assert!(world.dispatcher.lanes.is_empty() || !world.calls.is_empty());
    }
}
