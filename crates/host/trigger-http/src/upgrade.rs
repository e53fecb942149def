//! Lets another trigger answer some paths of the same listener, such as WebSocket upgrades.

use std::net::SocketAddr;

use bytes::Bytes;
use futures::future::BoxFuture;
use http_body_util::Full;
use hyper::body::Incoming;

/// Answers requests in place of the routes.
pub trait Upgrade: Send + Sync {
    /// Whether requests to this path are its own.
    fn matches(&self, path: &str) -> bool;

    /// Answer one. The connection can be taken over with [`hyper::upgrade::on`].
    fn handle(
        &self,
        request: hyper::Request<Incoming>,
        remote: SocketAddr,
    ) -> BoxFuture<'static, hyper::Response<Full<Bytes>>>;
}
