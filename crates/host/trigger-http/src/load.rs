//! Whether the trigger has room for more: what readiness depends on.

use std::time::Duration;

use host_runtime::{HttpHandler, Pool};
use http_listener::Watch;

/// A running [`Service`](crate::Service), seen from outside.
#[derive(Clone)]
pub struct Load {
    pub(crate) connections: Watch,
    pub(crate) pools: Vec<Pool<HttpHandler>>,
    pub(crate) exhausted_after: Duration,
}

impl Load {
    /// Why new requests have found no room for a while, if that is so.
    pub fn exhausted(&self) -> Option<String> {
        let connections = self.connections.exhausted(self.exhausted_after);
        connections.or_else(|| self.pools.iter().find_map(|pool| self.exhausted_pool(pool)))
    }

    fn exhausted_pool(&self, pool: &Pool<HttpHandler>) -> Option<String> {
        let full_for = pool.full_for()?;
        (full_for >= self.exhausted_after).then(|| {
            format!(
                "component {} has had as many requests as it may have for {} s",
                pool.component().id(),
                full_for.as_secs()
            )
        })
    }

    /// Brings the gauges of connections up to date.
    pub fn observe(&self) {
        self.connections.observe();
    }
}
