//! What an operator may set about the HTTP trigger.

use std::net::SocketAddr;
use std::time::Duration;

/// Settings of the [`Service`](crate::Service).
#[derive(Clone, Debug)]
pub struct Options {
    /// Where to listen. Port 0 takes a free one.
    pub listen: SocketAddr,
    /// Connections open at once; more wait in the system's queue.
    pub max_connections: usize,
    /// Requests of one component in flight, to the end of their response bodies. Past it
    /// clients get 503 with `Retry-After`.
    pub max_requests: usize,
    /// Instances of one component.
    pub max_instances: usize,
    /// Requests one instance handles at once. A trap fails all of them.
    pub instance_concurrency: usize,
    /// Requests after which an instance is replaced.
    pub instance_reuse: usize,
    /// How long an instance stays without a request.
    pub instance_idle_timeout: Duration,
    /// From the request's head to the response's head; past it clients get 504.
    pub request_deadline: Duration,
    /// Bytes of a request body; past it clients get 413.
    pub max_request_body: u64,
    /// Bytes of a request's head.
    pub max_request_head: usize,
    /// For a request's head to arrive, the wait for its first byte included: how long an
    /// idle connection stays open.
    pub head_timeout: Duration,
    /// How long a client may take nothing of what is sent to it.
    pub write_timeout: Duration,
    /// How long requests in flight may take to end after a shutdown began.
    pub drain_timeout: Duration,
}

impl Options {
    /// The defaults, on this address.
    pub fn new(listen: SocketAddr) -> Self {
        Self {
            listen,
            max_connections: 4096,
            max_requests: 1024,
            max_instances: 64,
            instance_concurrency: 16,
            instance_reuse: 4096,
            instance_idle_timeout: Duration::from_secs(30),
            request_deadline: Duration::from_secs(30),
            max_request_body: 10 << 20,
            max_request_head: 64 << 10,
            head_timeout: Duration::from_secs(30),
            write_timeout: Duration::from_secs(30),
            drain_timeout: Duration::from_secs(25),
        }
    }
}
