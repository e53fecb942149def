//! When a reader looks next: at once when it was woken or there is more, within milliseconds while rows
//! wait for an open transaction, and rarely while nothing happens. It only decides.

use std::time::Duration;

use tokio::time::Instant;

use crate::Options;

const HORIZON_FIRST: Duration = Duration::from_millis(1);
const HORIZON_LONGEST: Duration = Duration::from_millis(20);

/// What the last read found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ReadOutcome {
    /// Nothing new.
    Nothing,
    /// All rows there were; offsets may still wait for an open transaction.
    Rows,
    /// A page was full: there may be more.
    FullPage,
    /// Rows that may not be read yet, because an older transaction is still open.
    Horizon,
}

#[derive(Debug)]
pub(crate) struct Pacer {
    interval: Duration,
    busy: Duration,
    idle: Duration,
    poll: Duration,
    horizon: Duration,
    last_read: Option<Instant>,
    due: Instant,
}

impl Pacer {
    pub fn new(options: &Options, now: Instant) -> Self {
        Self {
            interval: options.read_interval,
            busy: options.poll_busy,
            idle: options.poll_idle,
            poll: options.poll_busy,
            horizon: HORIZON_FIRST,
            last_read: None,
            due: now,
        }
    }

    /// When the next read is to start.
    pub fn due(&self) -> Instant {
        self.due
    }

    /// There is a reason to look now.
    pub fn wake(&mut self, now: Instant) {
        let earliest = self.last_read.map_or(now, |last| last + self.interval);
        self.due = self.due.min(earliest.max(now));
    }

    /// A read that started at `started` is over.
    pub fn read(&mut self, started: Instant, now: Instant, met: ReadOutcome) {
        self.last_read = Some(started);
        self.due = match met {
            ReadOutcome::FullPage => now,
            ReadOutcome::Horizon => now + self.horizon,
            ReadOutcome::Rows | ReadOutcome::Nothing => now + self.poll,
        };
        self.horizon = match met {
            ReadOutcome::Horizon => (self.horizon * 2).min(HORIZON_LONGEST),
            _ => HORIZON_FIRST,
        };
        self.poll = match met {
            ReadOutcome::Nothing => (self.poll * 2).min(self.idle),
            _ => self.busy,
        };
    }

    /// A read failed: not again before `wait` is over.
    pub fn failed(&mut self, now: Instant, wait: Duration) {
        self.last_read = Some(now + wait);
        self.due = now + wait;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pacer(now: Instant) -> Pacer {
        Pacer::new(&Options::default(), now)
    }

    #[tokio::test]
    async fn an_idle_reader_slows_down_to_the_floor_and_a_row_speeds_it_up() {
        let now = Instant::now();
        let mut pacer = pacer(now);
        let mut waits = Vec::new();
        for _ in 0..9 {
            pacer.read(now, now, ReadOutcome::Nothing);
            waits.push((pacer.due() - now).as_millis());
        }
        assert_eq!(waits, [20, 40, 80, 160, 320, 640, 1000, 1000, 1000]);
        pacer.read(now, now, ReadOutcome::Rows);
        pacer.read(now, now, ReadOutcome::Nothing);
        assert_eq!((pacer.due() - now).as_millis(), 20);
    }

    #[tokio::test]
    async fn a_wake_up_reads_at_once_but_a_stream_of_them_in_batches() {
        let now = Instant::now();
        let mut pacer = pacer(now);
        pacer.read(now, now, ReadOutcome::Nothing);
        let later = now + Duration::from_millis(10);
        pacer.wake(later);
        assert_eq!(pacer.due(), later);
        pacer.read(later, later, ReadOutcome::Rows);
        pacer.wake(later);
        assert_eq!(pacer.due(), later + Duration::from_millis(5));
    }

    #[tokio::test]
    async fn rows_above_the_horizon_are_looked_for_again_within_milliseconds() {
        let now = Instant::now();
        let mut pacer = pacer(now);
        let mut waits = Vec::new();
        for _ in 0..6 {
            pacer.read(now, now, ReadOutcome::Horizon);
            waits.push((pacer.due() - now).as_millis());
        }
        assert_eq!(waits, [1, 2, 4, 8, 16, 20]);
    }

    #[tokio::test]
    async fn a_wake_up_does_not_shorten_the_wait_after_a_failure() {
        let now = Instant::now();
        let mut pacer = pacer(now);
        pacer.failed(now, Duration::from_millis(500));
        pacer.wake(now);
        assert_eq!((pacer.due() - now).as_millis(), 500);
    }
}
