//! Which offsets to commit next. Commits are coalesced: one is in flight at a time, and later
//! offsets wait for the next.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use crate::transport::TopicPartition;

/// Between two commits. After a crash, records handled within about this time are delivered again.
const INTERVAL: Duration = Duration::from_millis(100);
/// After a commit that failed.
const PAUSE: Duration = Duration::from_millis(500);

/// The next record of each partition.
pub(super) type Offsets = HashMap<TopicPartition, i64>;

#[derive(Debug, Default)]
pub(super) struct Commits {
    wanted: Offsets,
    under_way: Option<Offsets>,
    not_before: Option<Instant>,
}

impl Commits {
    /// Everything before this offset is handled.
    pub fn want(&mut self, partition: &TopicPartition, next: i64) {
        match self.wanted.get_mut(partition) {
            Some(wanted) => *wanted = next,
            None => {
                self.wanted.insert(partition.clone(), next);
            }
        }
    }

    /// What to commit now. [`Commits::done`] says how it went.
    pub fn take(&mut self, now: Instant) -> Option<Offsets> {
        let due = self.not_before.is_none_or(|at| at <= now);
        if self.wanted.is_empty() || self.under_way.is_some() || !due {
            return None;
        }
        self.not_before = Some(now + INTERVAL);
        let offsets = std::mem::take(&mut self.wanted);
        self.under_way = Some(offsets.clone());
        Some(offsets)
    }

    /// Whether there is a commit that [`Commits::done`] was not told of.
    pub fn is_under_way(&self) -> bool {
        self.under_way.is_some()
    }

    /// When there may be something to take, if nothing else happens.
    pub fn due(&self) -> Option<Instant> {
        let waits = !self.wanted.is_empty() && self.under_way.is_none();
        self.not_before.filter(|_| waits)
    }

    /// The commit in flight has ended. Failed offsets go into the next one, unless there are newer
    /// ones.
    pub fn done(&mut self, worked: bool, now: Instant) {
        let Some(offsets) = self.under_way.take() else {
            return;
        };
        if !worked {
            self.not_before = Some(now + PAUSE);
            for (partition, next) in offsets {
                self.wanted.entry(partition).or_insert(next);
            }
        }
    }

    /// The handled offset of a partition that leaves, if it may not be committed yet.
    pub fn remove(&mut self, partition: &TopicPartition) -> Option<i64> {
        let under_way = self
            .under_way
            .as_mut()
            .and_then(|all| all.remove(partition));
        self.wanted.remove(partition).or(under_way)
    }

    /// All that may not be committed yet.
    pub fn drain(&mut self) -> Offsets {
        let mut all = self.under_way.take().unwrap_or_default();
        all.extend(std::mem::take(&mut self.wanted));
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn partition(number: i32) -> TopicPartition {
        TopicPartition {
            topic: "t".into(),
            partition: number,
        }
    }

    #[test]
    fn what_comes_during_a_commit_goes_with_the_next() {
        let mut commits = Commits::default();
        let now = Instant::now();
        commits.want(&partition(0), 1);
        assert_eq!(commits.take(now), Some([(partition(0), 1)].into()));
        commits.want(&partition(0), 2);
        commits.want(&partition(0), 3);
        assert_eq!(commits.take(now + INTERVAL), None, "one at a time");
        commits.done(true, now);
        assert_eq!(commits.take(now), None, "not so soon");
        assert_eq!(commits.due(), Some(now + INTERVAL));
        assert_eq!(
            commits.take(now + INTERVAL),
            Some([(partition(0), 3)].into())
        );
    }

    #[test]
    fn what_failed_is_tried_again_but_never_goes_back() {
        let mut commits = Commits::default();
        let now = Instant::now();
        commits.want(&partition(0), 1);
        commits.want(&partition(1), 1);
        commits.take(now).expect("due");
        commits.want(&partition(0), 5);
        commits.done(false, now);
        assert_eq!(
            commits.take(now + INTERVAL),
            None,
            "it waits after a failure"
        );
        let again = commits.take(now + PAUSE).expect("due");
        assert_eq!(again, [(partition(0), 5), (partition(1), 1)].into());
    }

    #[test]
    fn a_partition_that_leaves_takes_its_newest_offset_along() {
        let mut commits = Commits::default();
        let now = Instant::now();
        commits.want(&partition(0), 1);
        commits.take(now).expect("due");
        assert_eq!(commits.remove(&partition(0)), Some(1), "it may have failed");
        commits.want(&partition(0), 2);
        assert_eq!(commits.remove(&partition(0)), Some(2));
        commits.done(false, now);
        assert_eq!(commits.drain(), Offsets::new());
    }
}
