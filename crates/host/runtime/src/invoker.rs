//! Calls to a custom export: one call per instance at a time, so that a trap or a deadline
//! fails no other call.

use std::sync::Arc;
use std::time::Duration;

use crate::Component;
use crate::pool::{CallError, Export, Pool, PoolLimits};

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
    pool: Pool<E>,
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
    ///
    /// # Errors
    /// See [`CallError`].
    pub async fn call(&self, request: E::Request) -> Result<E::Response, CallError> {
        let (response, _slot) = self.pool.call(request).await?;
        Ok(response)
    }
}
