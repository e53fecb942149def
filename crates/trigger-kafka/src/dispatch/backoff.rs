//! How long a key waits after a failure.

use std::time::Duration;

use crate::config::Retry;

impl Retry {
    /// The wait after this many failures (from 1), with `chance` from 0 to 1.
    pub(crate) fn delay(&self, failures: u32, chance: f64) -> Duration {
        let doublings = failures.saturating_sub(1).min(32);
        let full = self
            .initial_ms
            .saturating_mul(1 << doublings)
            .min(self.max_ms);
        let part = 1.0 - self.jitter * chance;
        Duration::from_secs_f64(full as f64 / 1000.0 * part)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn delays(jitter: f64, chance: f64) -> Vec<u128> {
        let retry = Retry {
            max_attempts: 9,
            initial_ms: 100,
            max_ms: 1000,
            jitter,
        };
        [1, 2, 3, 4, 5, 99]
            .map(|failures| retry.delay(failures, chance).as_millis())
            .to_vec()
    }

    #[test]
    fn waits_double_up_to_the_longest() {
        assert_eq!(delays(0.0, 0.7), [100, 200, 400, 800, 1000, 1000]);
    }

    #[test]
    fn jitter_takes_away_at_most_its_part() {
        assert_eq!(delays(0.5, 0.0), [100, 200, 400, 800, 1000, 1000]);
        assert_eq!(delays(0.5, 1.0), [50, 100, 200, 400, 500, 500]);
    }
}
