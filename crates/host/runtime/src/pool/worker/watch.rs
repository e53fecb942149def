//! The deadlines of an instance: of its calls, of a guest that blocks it, and of its idle time.

use std::pin::Pin;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use tokio::time::{Sleep, sleep};

use super::{End, Worker};
use crate::pool::{CallError, Export, PoolLimits, lock};

/// How often deadlines are checked while there are calls.
const INTERVAL: Duration = Duration::from_millis(20);

/// What a worker saw of its instance over time.
pub(super) struct Watch {
    limits: PoolLimits,
    timer: Pin<Box<Sleep>>,
    /// Since when a guest has kept the event loop from turning.
    stuck_since: Option<Instant>,
    /// Since when it has had no call and may have none.
    leaving_since: Option<Instant>,
    /// When it last had a call, and how many it had begun by then.
    active: Instant,
    started: u64,
}

impl Watch {
    pub(super) fn new(limits: &PoolLimits) -> Self {
        Self {
            limits: *limits,
            timer: Box::pin(sleep(INTERVAL)),
            stuck_since: None,
            leaving_since: None,
            active: Instant::now(),
            started: 0,
        }
    }

    /// Note whether the event loop turned when it was polled.
    pub(super) fn turned(&mut self, turned: bool) {
        if turned {
            self.stuck_since = None;
        } else {
            self.stuck_since.get_or_insert_with(Instant::now);
        }
    }

    /// Whether a guest keeps the event loop from turning.
    pub(super) fn is_stuck(&self) -> bool {
        self.stuck_since.is_some()
    }

    /// Look at the deadlines, as often as the timer fires. Ready when the instance must stop.
    pub(super) fn poll_overrun<E: Export>(
        &mut self,
        worker: &Worker<E>,
        cx: &mut Context<'_>,
    ) -> Poll<End> {
        if self.is_stuck() || !lock(&worker.begun).is_empty() {
            let soon = Instant::now() + INTERVAL;
            if self.timer.deadline().into_std() > soon {
                self.timer.as_mut().reset(soon.into());
            }
        }
        while self.timer.as_mut().poll(cx).is_ready() {
            let now = Instant::now();
            if self.must_stop(worker, now) {
                return Poll::Ready(End::Overran);
            }
            let is_quiet = !self.is_stuck() && self.leaving_since.is_none() && self.active < now;
            let next = if is_quiet {
                self.active + self.limits.idle_timeout
            } else {
                now + INTERVAL
            };
            self.timer.as_mut().reset(next.into());
            if self.leaving_since.is_some() {
                // The event loop is to see that it may end.
                cx.waker().wake_by_ref();
            }
        }
        Poll::Pending
    }

    /// Tell callers that wait too long, close an instance that is idle or late, and say
    /// whether it must stop now.
    fn must_stop<E: Export>(&mut self, worker: &Worker<E>, now: Instant) -> bool {
        let (expired, placements) = {
            let mut dispatch = lock(&worker.shared.dispatch);
            // Calls that are not recent any more make room without being over.
            (dispatch.expired(now), dispatch.place_waiting())
        };
        worker.follow(placements);
        for job in expired {
            _ = job
                .reply
                .send(Err(CallError::Deadline(self.limits.deadline)));
        }
        let (overdue, begun) = expire(worker, now);
        let started = worker.started.load(Ordering::Relaxed);
        if std::mem::replace(&mut self.started, started) != started {
            self.active = now;
        }
        let is_idle = now.duration_since(self.active) >= self.limits.idle_timeout;
        let (load, closing) = lock(&worker.shared.dispatch).look(worker.id, overdue > 0, is_idle);
        if load > 0 {
            self.active = now;
        }
        match load {
            0 if closing => drop(self.leaving_since.get_or_insert(now)),
            _ => self.leaving_since = None,
        }
        let is_too_long = |since: Option<Instant>| {
            since.is_some_and(|since| now.duration_since(since) > self.limits.deadline)
        };
        let is_all_overdue = overdue > 0 && overdue == begun && load == begun;
        let is_late_and_stuck = overdue > 0 && self.is_stuck();
        is_all_overdue
            || is_late_and_stuck
            || is_too_long(self.stuck_since)
            || is_too_long(self.leaving_since)
    }
}

/// Tell the callers whose deadline has passed. Returns how many calls are overdue, and how
/// many have begun.
fn expire<E: Export>(worker: &Worker<E>, now: Instant) -> (usize, usize) {
    let mut begun = lock(&worker.begun);
    let mut overdue = 0;
    for begun in begun.iter_mut().filter(|begun| begun.deadline <= now) {
        overdue += 1;
        if let Some(reply) = begun.reply.take() {
            _ = reply.send(Err(CallError::Deadline(worker.shared.limits.deadline)));
        }
    }
    (overdue, begun.len())
}
