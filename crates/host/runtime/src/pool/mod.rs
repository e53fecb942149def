//! Pools of instances. Calls go to warm instances and never wait behind a stuck one. A fresh
//! instance replaces one that traps or overruns its deadline.

mod body;
mod dispatch;
mod http;
mod loop_waker;
mod recent_calls;
mod worker;

use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use metrics::{Counter, Gauge};
use tokio::runtime::Handle;
use tokio::sync::oneshot;
use wasmtime::Store;
use wasmtime::component::{Accessor, Instance};

pub use self::body::{Body, ResponseBody};
use self::dispatch::{Dispatch, Job, Placement};
pub use self::http::HttpHandler;
use self::recent_calls::Began;
use crate::{Component, State};

/// Something a component exports and the host calls.
pub trait Export: Send + Sync + Sized + 'static {
    type Request: Send + 'static;
    type Response: Send + 'static;

    /// Check, before there is an instance, that the component exports it.
    ///
    /// # Errors
    /// Says what is missing; the caller adds the component's id.
    fn check(component: &Component) -> wasmtime::Result<()>;

    /// Find the export in a new instance.
    fn load(store: &mut Store<State>, instance: &Instance) -> wasmtime::Result<Self>;

    /// Call it. An error means the instance can no longer be trusted and is replaced.
    fn call<'a>(
        &'a self,
        accessor: &'a Accessor<State>,
        request: Self::Request,
    ) -> Pin<Box<dyn Future<Output = wasmtime::Result<Self::Response>> + Send + 'a>>;

    /// Lets a response take in what the guest adds at once. Polled at each turn of the event loop
    /// until it is ready. The caller gets the response at the latest when the event loop waits or
    /// yields, but not while a guest blocks it.
    fn poll_settled(_response: &mut Self::Response, _cx: &mut Context<'_>) -> Poll<()> {
        Poll::Ready(())
    }
}

/// Why a call gave no response.
#[derive(Clone, Debug, thiserror::Error)]
pub enum CallError {
    /// The guest trapped, or shared its instance with a call that did.
    #[error("the guest failed: {0}")]
    Trap(String),
    /// No response within the deadline. What the call did so far is not known.
    #[error("the guest did not answer within {0:?}")]
    Deadline(Duration),
    /// No instance could be made.
    #[error("cannot instantiate the component: {0}")]
    Instantiate(String),
    /// As many calls as the pool admits are in flight or wait; nothing was done.
    #[error("too many calls are in flight")]
    Busy,
}

/// The bounds of a [`Pool`].
#[derive(Clone, Copy, Debug)]
pub struct PoolLimits {
    /// Instances that may exist at once. There are more than cores only while calls wait for I/O.
    pub max_instances: usize,
    /// Calls one instance handles at once. A trap fails all of them.
    pub max_concurrent_calls: usize,
    /// Calls after which an instance is replaced.
    pub max_calls_per_instance: usize,
    /// Calls in flight, waiting ones and unfinished response bodies included.
    pub max_in_flight: usize,
    /// How long a call may take to give its response, waiting included.
    pub deadline: Duration,
    /// How long an instance stays without a call.
    pub idle_timeout: Duration,
}

/// Instances of one component, called through one of its exports.
pub struct Pool<E: Export> {
    shared: Arc<Shared<E>>,
}

impl<E: Export> Clone for Pool<E> {
    fn clone(&self) -> Self {
        Self {
            shared: self.shared.clone(),
        }
    }
}

struct Shared<E: Export> {
    component: Arc<Component>,
    limits: PoolLimits,
    dispatch: Mutex<Dispatch<E>>,
    live_instances: Gauge,
    started_instances: Counter,
    failed_instances: Counter,
}

impl<E: Export> Pool<E> {
    /// An empty pool; instances are made as calls come.
    ///
    /// # Errors
    /// When the component does not export what `E` calls.
    pub fn new(component: Arc<Component>, limits: PoolLimits) -> anyhow::Result<Self> {
        E::check(&component).map_err(|error| {
            anyhow::anyhow!("component `{}` cannot be called: {error:#}", component.id())
        })?;
        let label = component.id().to_owned();
        Ok(Self {
            shared: Arc::new(Shared {
                dispatch: Mutex::new(Dispatch::new(limits)),
                limits,
                live_instances: metrics::gauge!("spin_instances", "component" => label.clone()),
                started_instances: metrics::counter!(
                    "spin_instances_started_total", "component" => label.clone()
                ),
                failed_instances: metrics::counter!(
                    "spin_instances_failed_total", "component" => label
                ),
                component,
            }),
        })
    }

    /// The component whose instances these are.
    pub fn component(&self) -> &Arc<Component> {
        &self.shared.component
    }

    /// For how long there have been as many calls as there may be, give or take a few that ended and
    /// were replaced; `None` if there is room.
    pub fn full_for(&self) -> Option<Duration> {
        let since = lock(&self.shared.dispatch).full_since()?;
        Some(since.elapsed())
    }

    /// Whether both are one pool.
    pub fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.shared, &other.shared)
    }

    /// Call the export. The call counts as in flight until its [`Slot`] is dropped, so that
    /// what the response still streams can be counted too.
    ///
    /// # Errors
    /// See [`CallError`]. A dropped future does not stop the guest.
    pub async fn call(&self, request: E::Request) -> Result<(E::Response, Slot), CallError> {
        let (reply, response) = oneshot::channel();
        let placement = {
            let mut dispatch = lock(&self.shared.dispatch);
            if !dispatch.admit() {
                return Err(CallError::Busy);
            }
            dispatch.place(Job {
                request,
                reply,
                deadline: Instant::now() + self.shared.limits.deadline,
                slot: Slot {
                    pool: self.shared.clone(),
                    assignment: None,
                },
            })
        };
        self.shared.follow(placement);
        response
            .await
            .unwrap_or_else(|_| Err(CallError::Trap("the host dropped the call".into())))
    }
}

impl<E: Export> Shared<E> {
    fn follow(self: &Arc<Self>, placement: Placement) {
        match placement {
            Placement::Woken(waker) => waker.wake(),
            Placement::Start(id) => {
                // A slot may be dropped where the runtime is gone already.
                let Ok(runtime) = Handle::try_current() else {
                    return;
                };
                // tokio's budget would make a busy instance wait for data that has arrived; the
                // engine's clock makes it yield often enough.
                let worker = tokio::task::unconstrained(worker::run(self.clone(), id));
                drop(runtime.spawn(worker));
            }
            Placement::Waiting => {}
        }
    }
}

/// A call's permit for its instance and for the pool; dropping it releases both.
pub struct Slot {
    pool: Arc<dyn Release>,
    assignment: Option<Assignment>,
}

struct Assignment {
    id: u64,
    began: Began,
    failed: Arc<AtomicBool>,
}

impl Slot {
    /// Whether the instance stopped before its time: what it still had to send is lost.
    pub fn instance_failed(&self) -> bool {
        self.assignment
            .as_ref()
            .is_some_and(|assignment| assignment.failed.load(Ordering::Acquire))
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.pool.clone().release(
            self.assignment
                .as_ref()
                .map(|assignment| (assignment.id, assignment.began)),
        );
    }
}

trait Release: Send + Sync {
    fn release(self: Arc<Self>, assignment: Option<(u64, Began)>);
}

impl<E: Export> Release for Shared<E> {
    fn release(self: Arc<Self>, assignment: Option<(u64, Began)>) {
        let placements = lock(&self.dispatch).release(assignment);
        for placement in placements {
            self.follow(placement);
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
