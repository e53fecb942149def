//! The bound on connections of all components together. When it is reached, pools share fairly: the
//! pool with the fewest gets the next slot, and pools with more close idle connections.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, Weak};

use metrics::Gauge;
use tokio::sync::oneshot;

use crate::pool::lock;
use crate::registry::Registry;

pub(crate) struct Slots {
    state: Mutex<State>,
    /// So that callers skip the lock while nobody waits.
    waiting: AtomicUsize,
    registry: Weak<Registry>,
}

struct State {
    free: usize,
    /// In the order they came. Those that gave up are still among them.
    waiting: Vec<Waiting>,
}

struct Waiting {
    open: Arc<Open>,
    slot: oneshot::Sender<Slot>,
}

/// How many connections a pool has.
pub(crate) struct Open {
    count: AtomicUsize,
    gauge: Gauge,
}

impl Open {
    pub fn new(gauge: Gauge) -> Arc<Self> {
        Arc::new(Self {
            count: AtomicUsize::new(0),
            gauge,
        })
    }

    pub fn count(&self) -> usize {
        self.count.load(Ordering::Relaxed)
    }
}

impl Slots {
    pub fn new(max: usize, registry: Weak<Registry>) -> Self {
        Self {
            state: Mutex::new(State {
                free: max,
                waiting: Vec::new(),
            }),
            waiting: AtomicUsize::new(0),
            registry,
        }
    }

    /// A slot for one more connection of a pool. Waits as long as there is none.
    pub async fn acquire(self: &Arc<Self>, open: &Arc<Open>) -> Slot {
        let granted = {
            let mut state = lock(&self.state);
            if state.free > 0 {
                state.free -= 1;
                return Slot::new(self, open);
            }
            let (slot, granted) = oneshot::channel();
            state.waiting.retain(|other| !other.slot.is_closed());
            state.waiting.push(Waiting {
                open: open.clone(),
                slot,
            });
            self.waiting.store(state.waiting.len(), Ordering::Relaxed);
            granted
        };
        self.close_one_idle(open);
        match granted.await {
            Ok(slot) => slot,
            // Not before these slots are gone.
            Err(_) => std::future::pending().await,
        }
    }

    /// Whether a connection that its pool could use again should rather make room for another
    /// pool: one that has none, or at least two fewer.
    pub fn should_yield(&self, own: &Arc<Open>) -> bool {
        if self.waiting.load(Ordering::Relaxed) == 0 {
            return false;
        }
        let state = lock(&self.state);
        let mut others = state
            .waiting
            .iter()
            .filter(|other| !other.slot.is_closed() && !Arc::ptr_eq(&other.open, own));
        others.any(|other| {
            let theirs = other.open.count();
            theirs == 0 || theirs + 1 < own.count()
        })
    }

    /// Closes an idle connection, preferably of a pool that has more connections than this one.
    /// Nobody waits while one is idle.
    pub fn close_one_idle(&self, asking: &Open) {
        if let Some(registry) = self.registry.upgrade()
            && !registry.close_one_idle(asking.count())
        {
            registry.close_one_idle(0);
        }
    }

    fn release(self: &Arc<Self>) {
        while let Some(next) = self.next_waiting() {
            let slot = Slot::new(self, &next.open);
            match next.slot.send(slot) {
                Ok(()) => return,
                // It gave up meanwhile: the slot is still to be given to somebody.
                Err(slot) => slot.forget(),
            }
        }
    }

    /// Who gets a slot that has become free. `None`: nobody wants it, and it is noted as free.
    fn next_waiting(&self) -> Option<Waiting> {
        let mut state = lock(&self.state);
        state.waiting.retain(|waiting| !waiting.slot.is_closed());
        let fewest =
            (0..state.waiting.len()).min_by_key(|index| state.waiting[*index].open.count());
        let next = fewest.map(|index| state.waiting.remove(index));
        state.free += usize::from(next.is_none());
        self.waiting.store(state.waiting.len(), Ordering::Relaxed);
        next
    }
}

/// One open connection's slot among all, counted while it is held.
pub(crate) struct Slot {
    open: Arc<Open>,
    /// `None`: given up without being free for others.
    slots: Option<Arc<Slots>>,
}

impl Slot {
    fn new(slots: &Arc<Slots>, open: &Arc<Open>) -> Self {
        open.count.fetch_add(1, Ordering::Relaxed);
        open.gauge.increment(1.0);
        Self {
            open: open.clone(),
            slots: Some(slots.clone()),
        }
    }

    fn forget(mut self) {
        self.slots = None;
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.open.count.fetch_sub(1, Ordering::Relaxed);
        self.open.gauge.decrement(1.0);
        if let Some(slots) = self.slots.take() {
            slots.release();
        }
    }
}
