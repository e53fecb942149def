//! All open connections of a listener: how many there may be, and which one goes when there is one
//! more.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use slotmap::{DefaultKey, SlotMap};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use crate::state::{Activity, Order, State};

/// How long one that was told to go has, until another is told to go as well.
const MAKE_ROOM_AGAIN: Duration = Duration::from_millis(10);

pub(crate) struct Table {
    name: &'static str,
    start: Instant,
    max: usize,
    places: Arc<Semaphore>,
    open: Mutex<SlotMap<DefaultKey, Arc<State>>>,
    /// Since when all places are taken and no connection is idle, in milliseconds from the start,
    /// plus one; 0 while that is not so.
    full_since: AtomicU64,
}

impl Table {
    pub(crate) fn new(name: &'static str, max: usize) -> Arc<Self> {
        Arc::new(Self {
            name,
            start: Instant::now(),
            max,
            places: Arc::new(Semaphore::new(max)),
            open: Mutex::default(),
            full_since: AtomicU64::new(0),
        })
    }

    fn open(&self) -> MutexGuard<'_, SlotMap<DefaultKey, Arc<State>>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A place for one more connection. Where there is none, the oldest idle one makes room.
    pub(crate) async fn place(&self) -> OwnedSemaphorePermit {
        loop {
            if let Some(place) = self.place_if_free() {
                return place;
            }
            let makes_room = self.close_oldest_idle();
            self.note_full(!makes_room);
            let freed = self.places.clone().acquire_owned();
            if let Ok(Ok(place)) = timeout(MAKE_ROOM_AGAIN, freed).await {
                return place;
            }
        }
    }

    pub(crate) fn place_if_free(&self) -> Option<OwnedSemaphorePermit> {
        let place = self.places.clone().try_acquire_owned().ok()?;
        if self.has_room() {
            self.note_full(false);
        }
        Some(place)
    }

    /// So that one connection that ends does not look like room.
    fn has_room(&self) -> bool {
        self.places.available_permits() > self.max / 8
    }

    fn note_full(&self, is_full: bool) {
        let since = match is_full {
            true => self.start.elapsed().as_millis() as u64 + 1,
            false => 0,
        };
        let change = |now: u64| (now == 0 || !is_full).then_some(since);
        _ = self
            .full_since
            .try_update(Ordering::Relaxed, Ordering::Relaxed, change);
    }

    pub(crate) fn enter(
        self: &Arc<Self>,
        client: SocketAddr,
        place: OwnedSemaphorePermit,
    ) -> Entry {
        let state = State::new(client, self.start);
        Entry {
            key: self.open().insert(state.clone()),
            table: self.clone(),
            state,
            _place: place,
        }
    }

    pub(crate) fn order_all(&self, order: Order) {
        for state in self.open().values() {
            state.order(order);
        }
    }

    /// Whether there is one that goes: rather one without a request than one whose request has not
    /// arrived as a whole.
    fn close_oldest_idle(&self) -> bool {
        let oldest = {
            let open = self.open();
            let stays = |state: &&Arc<State>| !state.is_ordered(Order::MakeRoom);
            let rank = |state: &Arc<State>| (state.activity().max(Activity::Idle), state.since());
            let first = open.values().filter(stays).min_by_key(|state| rank(state));
            first.cloned()
        };
        match oldest.filter(|state| state.activity() != Activity::Active) {
            Some(state) => {
                state.order(Order::MakeRoom);
                true
            }
            None => false,
        }
    }
}

/// A connection's place in the table.
pub(crate) struct Entry {
    table: Arc<Table>,
    key: DefaultKey,
    pub(crate) state: Arc<State>,
    _place: OwnedSemaphorePermit,
}

impl Drop for Entry {
    fn drop(&mut self) {
        self.table.open().remove(self.key);
    }
}

/// Tells from outside how a listener's connections are.
#[derive(Clone)]
pub struct Watch(pub(crate) Arc<Table>);

impl Watch {
    /// Why clients have found no place for so long, if that is so.
    pub fn exhausted(&self, for_at_least: Duration) -> Option<String> {
        let since = self.0.full_since.load(Ordering::Relaxed).checked_sub(1)?;
        let full_for = self
            .0
            .start
            .elapsed()
            .saturating_sub(Duration::from_millis(since));
        let is_exhausted = full_for >= for_at_least && !self.0.has_room();
        is_exhausted.then(|| {
            format!(
                "all {} connections of the {} listener have been in use for {} s",
                self.0.max,
                self.0.name,
                full_for.as_secs()
            )
        })
    }

    /// Brings the gauges of open connections up to date.
    pub fn observe(&self) {
        let mut counts = [0u32; Activity::ALL.len()];
        for state in self.0.open().values() {
            counts[state.activity() as usize] += 1;
        }
        for (activity, count) in Activity::ALL.into_iter().zip(counts) {
            let labels = [("listener", self.0.name), ("state", activity.name())];
            metrics::gauge!("http_server_connections", &labels).set(count);
        }
    }
}
