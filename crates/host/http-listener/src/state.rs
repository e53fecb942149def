//! What is known of one connection, by all who look at it: its own job, the table of connections,
//! and the requests on it. Requests touch atomics only.

use std::future::poll_fn;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU32, AtomicU64, Ordering};
use std::task::Poll;
use std::time::{Duration, Instant};

use futures::task::AtomicWaker;
use tokio::sync::Notify;

use crate::unread::Unread;

/// What a connection is told to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Order {
    /// End after what is under way: the host stops.
    Drain = 1,
    /// Make room for another.
    MakeRoom = 2,
    /// End at once.
    Abort = 4,
}

impl Order {
    /// The more urgent first.
    const ALL: [Self; 3] = [Self::Abort, Self::MakeRoom, Self::Drain];
}

/// What a connection does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Activity {
    /// It has not sent a whole request head yet.
    New,
    /// It has no request.
    Idle,
    /// All its requests wait for the rest of their bodies.
    Receiving,
    /// It has a request, or takes a response.
    Active,
}

impl Activity {
    pub(crate) const ALL: [Self; 4] = [Self::New, Self::Idle, Self::Receiving, Self::Active];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Idle => "idle",
            Self::Receiving => "receiving",
            Self::Active => "active",
        }
    }
}

pub(crate) struct State {
    client: SocketAddr,
    /// What `since` counts from.
    start: Instant,
    /// When it last did something, in milliseconds.
    since_ms: AtomicU64,
    /// Requests whose responses have not ended.
    requests: AtomicU32,
    /// Requests among them that wait for the rest of their bodies.
    receiving: AtomicU32,
    /// There was a request.
    begun: AtomicBool,
    pub(crate) first_request: Notify,
    /// A write waits for the client.
    writing: AtomicBool,
    pub(crate) unread: Unread,
    /// The bits of each [`Order`] it got.
    orders: AtomicU8,
    job: AtomicWaker,
}

impl State {
    /// Of a connection that has just been accepted.
    pub(crate) fn new(client: SocketAddr, start: Instant) -> Arc<Self> {
        let state = Self {
            client,
            start,
            since_ms: AtomicU64::new(0),
            requests: AtomicU32::new(0),
            receiving: AtomicU32::new(0),
            begun: AtomicBool::new(false),
            first_request: Notify::new(),
            writing: AtomicBool::new(false),
            unread: Unread::default(),
            orders: AtomicU8::new(0),
            job: AtomicWaker::new(),
        };
        state.touch();
        Arc::new(state)
    }

    pub(crate) fn client(&self) -> SocketAddr {
        self.client
    }

    /// It is doing something now.
    pub(crate) fn touch(&self) {
        let now = self.start.elapsed().as_millis() as u64;
        self.since_ms.store(now, Ordering::Relaxed);
    }

    /// When it was accepted, or last did something.
    pub(crate) fn since(&self) -> Instant {
        self.start + Duration::from_millis(self.since_ms.load(Ordering::Relaxed))
    }

    pub(crate) fn has_begun(&self) -> bool {
        self.begun.load(Ordering::Relaxed)
    }

    pub(crate) fn activity(&self) -> Activity {
        let requests = self.requests.load(Ordering::Relaxed);
        if requests > 0 {
            match self.receiving.load(Ordering::Relaxed) >= requests {
                true => Activity::Receiving,
                false => Activity::Active,
            }
        } else if self.writing.load(Ordering::Relaxed) {
            Activity::Active
        } else if self.has_begun() {
            Activity::Idle
        } else {
            Activity::New
        }
    }

    pub(crate) fn set_writing(&self, waits: bool) {
        self.writing.store(waits, Ordering::Relaxed);
    }

    pub(crate) fn order(&self, order: Order) {
        self.orders.fetch_or(order as u8, Ordering::AcqRel);
        self.job.wake();
    }

    pub(crate) fn is_ordered(&self, order: Order) -> bool {
        self.orders.load(Ordering::Acquire) & order as u8 != 0
    }

    /// Resolves once it has one of these orders. For the connection's own job only.
    pub(crate) async fn ordered(&self, orders: &[Order]) -> Order {
        poll_fn(|cx| {
            self.job.register(cx.waker());
            let ordered = orders.iter().find(|order| self.is_ordered(**order));
            ordered.copied().map_or(Poll::Pending, Poll::Ready)
        })
        .await
    }

    /// Resolves once it has an order, with the most urgent.
    pub(crate) async fn any_order(&self) -> Order {
        self.ordered(&Order::ALL).await
    }
}

/// A request that has come on a connection. It counts until this is dropped, with its response.
pub struct OpenRequest(Arc<State>);

impl OpenRequest {
    pub(crate) fn begin(state: &Arc<State>) -> Self {
        state.requests.fetch_add(1, Ordering::Relaxed);
        if !state.has_begun() {
            state.begun.store(true, Ordering::Relaxed);
            state.first_request.notify_one();
        }
        Self(state.clone())
    }

    /// Who sent it.
    pub fn client(&self) -> SocketAddr {
        self.0.client
    }

    /// The rest of its body is awaited until this is dropped. Meanwhile the connection may be closed
    /// to make room for another.
    pub fn receiving(&self) -> Receiving {
        self.0.touch();
        self.0.receiving.fetch_add(1, Ordering::Relaxed);
        Receiving(self.0.clone())
    }

    pub(crate) fn unread(&self) -> &Unread {
        &self.0.unread
    }
}

impl Drop for OpenRequest {
    fn drop(&mut self) {
        self.0.touch();
        self.0.requests.fetch_sub(1, Ordering::Relaxed);
    }
}

/// A request's body that has not arrived yet.
pub struct Receiving(Arc<State>);

impl Drop for Receiving {
    fn drop(&mut self) {
        self.0.receiving.fetch_sub(1, Ordering::Relaxed);
    }
}
