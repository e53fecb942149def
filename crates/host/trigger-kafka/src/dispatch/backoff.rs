//! How long a key waits after a failure.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::config::Retry;

impl Retry {
    /// Whether a record of this time is not worth another attempt.
    pub(crate) fn is_too_old(&self, appended_ms: i64, now: SystemTime) -> bool {
        let now_ms = now
            .duration_since(UNIX_EPOCH)
            .map_or(0, |since| since.as_millis() as i64);
        let age_ms = u64::try_from(now_ms.saturating_sub(appended_ms)).unwrap_or(0);
        self.max_age_ms > 0 && age_ms > self.max_age_ms
    }

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
            max_age_ms: 0,
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
    fn a_record_is_too_old_only_past_a_limit_that_is_set() {
        let retry = |max_age_ms| Retry {
            max_age_ms,
            ..Retry::default()
        };
        let now = UNIX_EPOCH + Duration::from_millis(10_000);
        assert!(retry(1000).is_too_old(8_999, now));
        assert!(!retry(1000).is_too_old(9_000, now));
        assert!(!retry(1000).is_too_old(11_000, now), "clocks differ");
        assert!(!retry(0).is_too_old(0, now));
    }

    #[test]
    fn jitter_takes_away_at_most_its_part() {
        assert_eq!(delays(0.5, 0.0), [100, 200, 400, 800, 1000, 1000]);
        assert_eq!(delays(0.5, 1.0), [50, 100, 200, 400, 500, 500]);
    }
}
