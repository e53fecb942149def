//! What an operator may set about the HTTP trigger.

use std::net::SocketAddr;
use std::time::Duration;

/// Settings of the [`Service`](crate::Service).
#[derive(Clone, Debug)]
pub struct Options {
    /// Where to listen. Port 0 takes a free one.
    pub listen: SocketAddr,
    /// Bounds and deadlines of connections, and of the drain at the end.
    pub connections: http_listener::Options,
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
    /// From the moment a request has arrived, or the first [`READ_AHEAD`](crate::READ_AHEAD) bytes
    /// of its body, to the response's head; past it clients get 504.
    pub request_deadline: Duration,
    /// Bytes of a request body; past it clients get 413.
    pub max_request_body: u64,
    /// Bytes of a body that a client must send each second, on average over the time that is spent
    /// waiting for them; past `body_patience` beyond that it gets 408.
    pub min_body_rate: u64,
    /// See `min_body_rate`.
    pub body_patience: Duration,
    /// Bytes of all bodies together whose rest is awaited before their requests count. Past it
    /// requests count from their heads on.
    pub max_waiting_body_bytes: usize,
    /// How long connections or requests must have been at their limit for [`Load`](crate::Load) to
    /// call it exhaustion.
    pub exhausted_after: Duration,
}

impl Options {
    /// The defaults, on this address.
    pub fn new(listen: SocketAddr) -> Self {
        Self {
            listen,
            connections: http_listener::Options::default(),
            max_requests: 1024,
            max_instances: 64,
            instance_concurrency: 16,
            instance_reuse: 4096,
            instance_idle_timeout: Duration::from_secs(30),
            request_deadline: Duration::from_secs(30),
            max_request_body: 10 << 20,
            min_body_rate: 1024,
            body_patience: Duration::from_secs(10),
            max_waiting_body_bytes: 32 << 20,
            exhausted_after: Duration::from_secs(5),
        }
    }
}
