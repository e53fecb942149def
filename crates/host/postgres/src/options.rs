//! Limits and hooks of the import.

use std::sync::Arc;
use std::time::Duration;

/// Called right after a statement that appends to the event log has been committed.
pub type OnAppend = Arc<dyn Fn() + Send + Sync>;

/// How much of Postgres components may use. All limits hold for this process.
#[derive(Clone)]
pub struct Options {
    /// Connections of one component to one address: statements that run at once.
    pub max_connections_per_component: usize,
    /// Connections of all components together; keep it below the server's `max_connections`.
    pub max_connections: usize,
    /// How long a statement waits for a connection before it fails.
    pub wait_timeout: Duration,
    /// An idle connection is closed after this time.
    pub idle_timeout: Duration,
    /// Largest result of the buffering `query`, and largest single row of `query-async`, in bytes.
    pub max_result_bytes: usize,
    /// Prepared statements kept on each connection.
    pub max_statements_per_connection: usize,
    /// Unix sockets components may use, by directory. An allow-list cannot name them.
    pub unix_socket_directories: Vec<String>,
    /// The table that is an event log: statements that insert into it, or call a function that does,
    /// call `on_append` once committed.
    pub append_table: Option<String>,
    /// See `append_table`. Must return at once.
    pub on_append: Option<OnAppend>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            max_connections_per_component: 32,
            max_connections: 64,
            wait_timeout: Duration::from_secs(10),
            idle_timeout: Duration::from_secs(30),
            max_result_bytes: 64 << 20,
            max_statements_per_connection: 128,
            unix_socket_directories: Vec::new(),
            append_table: None,
            on_append: None,
        }
    }
}

impl Options {
    pub(crate) fn appended(&self) {
        if let Some(on_append) = &self.on_append {
            on_append();
        }
    }
}
