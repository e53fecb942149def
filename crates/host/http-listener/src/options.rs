//! What bounds the connections of a listener.

use std::time::Duration;

/// Settings of a [`Listener`](crate::Listener).
#[derive(Clone, Debug)]
pub struct Options {
    /// Connections open at once. For one more, the one that has been idle for longest is closed; while
    /// none is idle, it waits.
    pub max_connections: usize,
    /// From the accept to the end of the first request's head, whatever the protocol.
    pub head_timeout: Duration,
    /// How long a connection stays open without a request, a later request's unfinished head included.
    pub idle_timeout: Duration,
    /// How long a client may take nothing of what is sent to it.
    pub write_timeout: Duration,
    /// How often a client of HTTP/2 is pinged.
    pub ping_interval: Duration,
    /// How long the answer to a ping may take.
    pub ping_timeout: Duration,
    /// Bytes of a request's head.
    pub max_head_bytes: usize,
    /// How long requests may take to end after a shutdown began.
    pub drain_timeout: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            max_connections: 4096,
            head_timeout: Duration::from_secs(10),
            idle_timeout: Duration::from_secs(30),
            write_timeout: Duration::from_secs(30),
            ping_interval: Duration::from_secs(30),
            ping_timeout: Duration::from_secs(10),
            max_head_bytes: 64 << 10,
            drain_timeout: Duration::from_secs(25),
        }
    }
}
