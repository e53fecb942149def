//! The settings of an event log. The defaults suit a laptop and a cluster alike.

use std::time::Duration;

/// How a process takes part in the log.
#[derive(Debug, Clone)]
pub struct Options {
    /// How often the process says it is alive and looks who else is.
    pub heartbeat: Duration,
    /// Without a heartbeat for this long a process loses its partitions and leases. One that is
    /// killed loses them at the next heartbeat of another: its connection is gone.
    pub time_to_live: Duration,
    /// How soon a reader looks again without a wake-up, while there is something to read. It
    /// doubles up to `poll_idle`.
    pub poll_busy: Duration,
    /// How often an idle reader looks without a wake-up: the floor under lost wake-ups and under
    /// writers that are no hosts.
    pub poll_idle: Duration,
    /// Reads of one reader start at least this far apart, so that a stream of wake-ups is
    /// read in batches.
    pub read_interval: Duration,
    /// Rows one read takes from each partition.
    pub fetch_rows: usize,
    /// Positions are written at most this often.
    pub commit_interval: Duration,
    /// Batches a tail may be behind before it is told that it lagged.
    pub tail_buffer: usize,
    /// Rows younger than this are kept even when every group has read them.
    pub retention: Duration,
    /// How often old rows are looked for.
    pub prune_interval: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            heartbeat: Duration::from_secs(1),
            time_to_live: Duration::from_secs(6),
            poll_busy: Duration::from_millis(20),
            poll_idle: Duration::from_secs(1),
            read_interval: Duration::from_millis(5),
            fetch_rows: 256,
            commit_interval: Duration::from_millis(100),
            tail_buffer: 256,
            retention: Duration::from_secs(7 * 24 * 3600),
            prune_interval: Duration::from_secs(600),
        }
    }
}
