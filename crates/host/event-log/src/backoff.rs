//! Waits between attempts to reach Postgres: exponential and bounded, with jitter so that many hosts
//! do not reconnect at the same time.

use std::time::Duration;

const FIRST: Duration = Duration::from_millis(50);
const LONGEST: Duration = Duration::from_secs(2);

#[derive(Debug, Default)]
pub(crate) struct Backoff {
    failures: u32,
}

impl Backoff {
    /// The wait after one more failure.
    pub fn next(&mut self) -> Duration {
        let full = FIRST
            .saturating_mul(1 << self.failures.min(10))
            .min(LONGEST);
        self.failures += 1;
        full.mul_f64(rand::random_range(0.5..=1.0))
    }

    /// Waits have reached their full length: this is an outage, not a hiccup.
    pub fn is_long(&self) -> bool {
        self.failures > 6
    }

    pub fn reset(&mut self) {
        self.failures = 0;
    }
}
