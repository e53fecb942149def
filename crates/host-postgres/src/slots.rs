//! The bound on connections of all components together. When it is reached, idle connections of
//! others make room.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Weak};
use std::time::Duration;

use metrics::Gauge;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::registry::Registry;

pub(crate) struct Slots {
    semaphore: Arc<Semaphore>,
    waiting: AtomicUsize,
    registry: Weak<Registry>,
}

impl Slots {
    pub fn new(max: usize, registry: Weak<Registry>) -> Self {
        Self {
            semaphore: Arc::new(Semaphore::new(max)),
            waiting: AtomicUsize::new(0),
            registry,
        }
    }

    /// Somebody waits: a connection that nobody uses should be closed rather than kept.
    pub fn are_wanted(&self) -> bool {
        self.waiting.load(Ordering::Relaxed) > 0
    }

    /// `None`: nothing became free in time.
    pub async fn acquire(&self, patience: Duration) -> Option<OwnedSemaphorePermit> {
        if let Ok(permit) = self.semaphore.clone().try_acquire_owned() {
            return Some(permit);
        }
        let _waiting = Waiting::new(&self.waiting);
        self.close_one_idle();
        let permit = self.semaphore.clone().acquire_owned();
        tokio::time::timeout(patience, permit).await.ok()?.ok()
    }

    /// Makes room, here and at the server.
    pub fn close_one_idle(&self) {
        if let Some(registry) = self.registry.upgrade() {
            registry.close_one_idle();
        }
    }
}

/// One open connection's place among all, counted while it is held.
pub(crate) struct Place {
    open: Gauge,
    _slot: OwnedSemaphorePermit,
}

impl Place {
    pub fn new(slot: OwnedSemaphorePermit, open: Gauge) -> Self {
        open.increment(1.0);
        Self { open, _slot: slot }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.open.decrement(1.0);
    }
}

struct Waiting<'a>(&'a AtomicUsize);

impl<'a> Waiting<'a> {
    fn new(count: &'a AtomicUsize) -> Self {
        count.fetch_add(1, Ordering::Relaxed);
        Self(count)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}
