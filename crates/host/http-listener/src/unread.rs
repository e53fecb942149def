//! Finds responses that a client does not take. A client of HTTP/2 can open a stream, grant it no
//! window, and so hold a response for ever without a single write that waits.
//!
//! Each response stands in the bucket of the period in which it last gave bytes or was asked for
//! some; whoever is left in the bucket of two periods ago is stalled. One that waits for more bytes
//! of its own stands in none.

use std::sync::atomic::{AtomicU32, Ordering};

/// This period, the two before it, and the one whose responses are stalled.
const BUCKETS: u32 = 4;

/// The responses of one connection.
#[derive(Default)]
pub(crate) struct Unread {
    period: AtomicU32,
    buckets: [AtomicU32; BUCKETS as usize],
}

impl Unread {
    fn bucket(&self, period: u32) -> &AtomicU32 {
        &self.buckets[(period % BUCKETS) as usize]
    }

    /// The next period begins. Whether a response has not been asked for bytes in two whole periods.
    pub(crate) fn advance(&self) -> bool {
        let now = self.period.fetch_add(1, Ordering::Relaxed).wrapping_add(1);
        self.bucket(now.wrapping_sub(3)).load(Ordering::Relaxed) > 0
    }
}

/// Where one response stands.
#[derive(Default)]
pub(crate) struct Standing(Option<u32>);

impl Standing {
    /// The client is to take something now.
    pub(crate) fn gives(&mut self, unread: &Unread) {
        let now = unread.period.load(Ordering::Relaxed);
        if self.0 == Some(now) {
            return;
        }
        self.leave(unread);
        unread.bucket(now).fetch_add(1, Ordering::Relaxed);
        self.0 = Some(now);
    }

    /// It waits for bytes itself, or is over.
    pub(crate) fn leave(&mut self, unread: &Unread) {
        if let Some(period) = self.0.take() {
            unread.bucket(period).fetch_sub(1, Ordering::Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_response_is_stalled_after_two_whole_periods_in_which_nobody_asked_for_more() {
        let unread = Unread::default();
        let mut response = Standing::default();
        response.gives(&unread);
        assert!(!unread.advance());
        assert!(!unread.advance());
        assert!(unread.advance());
    }

    #[test]
    fn one_that_is_taken_or_waits_for_bytes_is_not_stalled() {
        let unread = Unread::default();
        let (mut taken, mut waiting) = (Standing::default(), Standing::default());
        waiting.gives(&unread);
        waiting.leave(&unread);
        for _ in 0..9 {
            taken.gives(&unread);
            assert!(!unread.advance());
        }
        taken.leave(&unread);
        for _ in 0..9 {
            assert!(!unread.advance());
        }
    }
}
