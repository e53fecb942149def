//! Calls to a custom export: one call per instance at a time, so that a trap or a deadline
//! fails no other call.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use host_postgres::Outage;
use wasmtime::Store;
use wasmtime::component::{Accessor, Instance};

use crate::pool::{CallError, Export, Pool, PoolLimits};
use crate::{Component, State};

/// Calls that may wait for an instance, for each instance there may be.
const WAITING_PER_INSTANCE: usize = 16;

/// The bounds of an [`Invoker`].
#[derive(Clone, Copy, Debug)]
pub struct InvokerLimits {
    /// Instances, and so calls, at once.
    pub max_instances: usize,
    /// Calls after which an instance is replaced.
    pub max_calls_per_instance: usize,
    /// How long a call may take, waiting for an instance included. It is enforced on a
    /// guest that spins, too.
    pub deadline: Duration,
    /// How long an instance stays without a call.
    pub idle_timeout: Duration,
}

/// Runs a custom export on pooled instances.
pub struct Invoker<E: Export> {
    pool: Pool<Watched<E>>,
}

/// How a call ended.
#[derive(Clone, Debug)]
pub struct Called<R> {
    pub result: Result<R, CallError>,
    /// Why the component had no Postgres during the call, if that is so. Then a failure says nothing
    /// of what the component was called with.
    pub outage: Option<String>,
}

impl<E: Export> Invoker<E> {
    /// No instance is made before the first call.
    ///
    /// # Errors
    /// When the component does not have the export.
    pub fn new(component: Arc<Component>, limits: InvokerLimits) -> anyhow::Result<Self> {
        let limits = PoolLimits {
            max_instances: limits.max_instances,
            max_concurrent_calls: 1,
            max_calls_per_instance: limits.max_calls_per_instance,
            max_in_flight: limits
                .max_instances
                .saturating_mul(1 + WAITING_PER_INSTANCE),
            deadline: limits.deadline,
            idle_timeout: limits.idle_timeout,
        };
        Ok(Self {
            pool: Pool::new(component, limits)?,
        })
    }

    /// Call the export on an instance that is free, or wait for one.
    pub async fn call(&self, request: E::Request) -> Called<E::Response> {
        let outage = Outage::default();
        let called = self.pool.call((request, outage.clone())).await;
        Called {
            result: called.map(|(response, _slot)| response),
            outage: outage.reason(),
        }
    }
}

/// An export whose calls learn whether Postgres was away. Each has an instance to itself, so what
/// fails in the instance meanwhile is the call's own.
struct Watched<E>(E);

impl<E: Export> Export for Watched<E> {
    type Request = (E::Request, Outage);
    type Response = E::Response;

    fn check(component: &Component) -> wasmtime::Result<()> {
        E::check(component)
    }

    fn load(store: &mut Store<State>, instance: &Instance) -> wasmtime::Result<Self> {
        E::load(store, instance).map(Self)
    }

    fn call<'a>(
        &'a self,
        accessor: &'a Accessor<State>,
        (request, outage): Self::Request,
    ) -> Pin<Box<dyn Future<Output = wasmtime::Result<Self::Response>> + Send + 'a>> {
        accessor.with(|mut access| access.get().postgres.report_outages_to(outage));
        self.0.call(accessor, request)
    }

    fn poll_settled(response: &mut Self::Response, cx: &mut Context<'_>) -> Poll<()> {
        E::poll_settled(response, cx)
    }
}
