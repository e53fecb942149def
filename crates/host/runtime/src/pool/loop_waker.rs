//! The waker of an event loop. It tells a loop that waits from one that only yielded; the latter is
//! polled again at once, without the scheduler.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::task::{Wake, Waker};

use futures::task::AtomicWaker;

const WAITING: u8 = 0;
const POLLED: u8 = 1;
const WOKEN: u8 = 2;

/// Between an event loop and the task that runs it.
pub(super) struct LoopWaker {
    state: AtomicU8,
    task: AtomicWaker,
}

impl LoopWaker {
    pub(super) fn new() -> Arc<Self> {
        Arc::new(Self {
            state: AtomicU8::new(WAITING),
            task: AtomicWaker::new(),
        })
    }

    /// The event loop is about to be polled.
    pub(super) fn begin(&self, task: &Waker) {
        self.task.register(task);
        self.state.store(POLLED, Ordering::Release);
    }

    /// It is pending. Whether it waits: nothing woke it since it was polled.
    pub(super) fn is_waiting(&self) -> bool {
        self.state
            .compare_exchange(POLLED, WAITING, Ordering::AcqRel, Ordering::Acquire)
            .is_ok()
    }

    /// It does not wait, but lets others have the thread first.
    pub(super) fn yield_now(&self) {
        if self.state.swap(WAITING, Ordering::AcqRel) == WOKEN {
            self.task.wake();
        }
    }
}

impl Wake for LoopWaker {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if self.state.swap(WOKEN, Ordering::AcqRel) == WAITING {
            self.task.wake();
        }
    }
}
