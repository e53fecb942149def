//! How long a client may take to send a body: a patience, and a second more for each so many bytes.
//! Only the time in which the host waits for the client is counted.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use tokio::time::{Sleep, sleep};

pub(crate) struct Pace {
    /// What is left of the time it may take.
    left: Duration,
    min_rate: u64,
    /// Since when the host has been waiting.
    since: Option<Instant>,
    timer: Option<Pin<Box<Sleep>>>,
}

impl Pace {
    pub(crate) fn new(patience: Duration, min_rate: u64) -> Self {
        Self {
            left: patience,
            min_rate: min_rate.max(1),
            since: None,
            timer: None,
        }
    }

    /// Something came.
    pub(crate) fn arrived(&mut self, bytes: usize) {
        if let Some(since) = self.since.take() {
            self.left = self.left.saturating_sub(since.elapsed());
        }
        self.timer = None;
        let earned = bytes as f64 / self.min_rate as f64;
        self.left += Duration::from_secs_f64(earned);
    }

    /// Nothing is there. Ready when the client has taken too long.
    pub(crate) fn poll_late(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if self.since.is_none() {
            // Most bodies have come with their heads, and asking for one is what makes the
            // connection hand it over: only who finds nothing a second time needs a timer.
            self.since = Some(Instant::now());
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        let left = self.left;
        let timer = self.timer.get_or_insert_with(|| Box::pin(sleep(left)));
        timer.as_mut().poll(cx)
    }

    /// Whether the host really waits.
    pub(crate) fn is_waiting(&self) -> bool {
        self.timer.is_some()
    }
}
