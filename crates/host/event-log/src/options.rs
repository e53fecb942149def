//! The settings of an event log. The defaults suit a laptop and a cluster alike.

use std::time::Duration;

/// Settings of an event log.
#[derive(Debug, Clone)]
pub struct Options {
    /// How often the process sends a heartbeat and reads the members.
    pub heartbeat: Duration,
    /// A process without a heartbeat for this long loses its partitions and leases. A killed process
    /// loses them at another's next heartbeat, because its connection is gone.
    pub time_to_live: Duration,
    /// How soon a reader looks again without a wake-up, while there is something to read. It
    /// doubles up to `poll_idle`.
    pub poll_busy: Duration,
    /// How often an idle reader polls without a wake-up. This bounds the delay after lost wake-ups and
    /// for writers that wake nobody.
    pub poll_idle: Duration,
    /// Reads of one reader start at least this far apart, so that a stream of wake-ups is
    /// read in batches.
    pub read_interval: Duration,
    /// Rows one read takes from each partition.
    pub fetch_rows: usize,
    /// Offsets are written at most this often.
    pub commit_interval: Duration,
    /// Batches that a tail may lag before it loses the oldest.
    pub tail_buffer: usize,
    /// Rows younger than this are retained even if every group has read them.
    pub retention: Duration,
    /// How often to prune.
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
