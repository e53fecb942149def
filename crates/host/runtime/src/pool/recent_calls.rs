//! Counts calls that started within the last 30 ms or so. Those probably compute; an older call
//! waits for I/O, or streams.

use std::time::{Duration, Instant};

/// A call is recent for about this time in all.
const BUCKET: Duration = Duration::from_millis(4);
const BUCKETS: usize = 8;

/// When a call began, for [`RecentCalls::end`].
#[derive(Clone, Copy)]
pub(super) struct Began(u64);

/// Counts recent calls, in buckets by the time they began.
pub(super) struct RecentCalls {
    start: Instant,
    newest: u64,
    buckets: [usize; BUCKETS],
    count: usize,
}

impl RecentCalls {
    pub(super) fn new(now: Instant) -> Self {
        Self {
            start: now,
            newest: 0,
            buckets: [0; BUCKETS],
            count: 0,
        }
    }

    pub(super) fn begin(&mut self, now: Instant) -> Began {
        self.advance(now);
        *self.bucket(self.newest) += 1;
        self.count += 1;
        Began(self.newest)
    }

    pub(super) fn end(&mut self, Began(bucket): Began) {
        if self.newest - bucket < BUCKETS as u64 {
            *self.bucket(bucket) -= 1;
            self.count -= 1;
        }
    }

    pub(super) fn count(&mut self, now: Instant) -> usize {
        self.advance(now);
        self.count
    }

    /// Forget what is not recent any more.
    fn advance(&mut self, now: Instant) {
        let elapsed = now.saturating_duration_since(self.start);
        let newest = (elapsed.as_millis() / BUCKET.as_millis()) as u64;
        if newest >= self.newest + BUCKETS as u64 {
            self.buckets = [0; BUCKETS];
            self.count = 0;
            self.newest = newest;
        }
        while self.newest < newest {
            self.newest += 1;
            self.count -= std::mem::take(self.bucket(self.newest));
        }
    }

    fn bucket(&mut self, number: u64) -> &mut usize {
        &mut self.buckets[number as usize % BUCKETS]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_is_recent_until_it_ends_or_has_been_there_for_a_while() {
        let start = Instant::now();
        let at = |ms| start + Duration::from_millis(ms);
        let mut recent_calls = RecentCalls::new(start);
        let first = recent_calls.begin(at(1));
        let second = recent_calls.begin(at(10));
        assert_eq!(recent_calls.count(at(11)), 2);
        recent_calls.end(first);
        assert_eq!(recent_calls.count(at(12)), 1);
        assert_eq!(recent_calls.count(at(60)), 0);
        recent_calls.end(second);
        assert_eq!(recent_calls.count(at(60)), 0);
    }

    #[test]
    fn calls_of_the_same_moment_age_together_even_after_a_long_silence() {
        let start = Instant::now();
        let mut recent_calls = RecentCalls::new(start);
        let later = start + Duration::from_secs(3600);
        let calls = [recent_calls.begin(later), recent_calls.begin(later)];
        assert_eq!(recent_calls.count(later), 2);
        assert_eq!(recent_calls.count(later + Duration::from_secs(3600)), 0);
        for call in calls {
            recent_calls.end(call);
        }
        assert_eq!(recent_calls.count(later + Duration::from_secs(3600)), 0);
    }
}
