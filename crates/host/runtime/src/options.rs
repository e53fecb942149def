//! What an operator may set about the runtime; every limit has a default that holds.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use host_postgres::Postgres;

/// Makes another process [`compile`](crate::compile) a component. Whether it did; an error if this one is
/// not to try either.
pub type Compiler = Arc<dyn Fn(&Path) -> anyhow::Result<bool> + Send + Sync>;

/// Components whose output goes to the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Follow {
    /// None of them.
    Nobody,
    /// Each.
    All,
    /// Those with these ids.
    Only(Vec<String>),
}

impl Follow {
    /// Whether the component with this id is one of them.
    pub fn includes(&self, id: &str) -> bool {
        match self {
            Self::Nobody => false,
            Self::All => true,
            Self::Only(ids) => ids.iter().any(|own| own == id),
        }
    }
}

/// Settings of a [`Runtime`](crate::Runtime).
pub struct Options {
    /// Where the compile cache and the key-value stores live.
    pub state_dir: PathBuf,
    /// Where guests' output is kept, as `<id>_stdout.txt` and `<id>_stderr.txt`.
    pub log_dir: Option<PathBuf>,
    /// Whose output goes to the log, whether or not it is kept.
    pub follow: Follow,
    /// Empty the files in `log_dir` at the start.
    pub truncate_logs: bool,
    /// Keep compiled components on disk, so that a second start compiles nothing.
    pub cache: bool,
    /// Who compiles what the cache lacks; `None`, or where it cannot: this process.
    pub compiler: Option<Compiler>,
    /// Reserve instances' address space once. Falls back to single allocations where the
    /// system refuses the reservation.
    pub pooling: bool,
    /// Bytes of linear memory one instance may use.
    pub max_instance_memory: usize,
    /// Bytes of linear memory all instances together may use.
    pub max_total_memory: usize,
    /// Instances that may exist at once, over all components.
    pub max_instances: u32,
    /// How long an outbound HTTP connection may take to open.
    pub connect_timeout: Duration,
    /// The Postgres import, shared by all components.
    pub postgres: Postgres,
}

impl Options {
    /// The defaults: 128 MiB per instance, 2 GiB and 1000 instances in all.
    pub fn new(state_dir: impl Into<PathBuf>, postgres: Postgres) -> Self {
        Self {
            state_dir: state_dir.into(),
            log_dir: None,
            follow: Follow::All,
            truncate_logs: false,
            cache: true,
            compiler: None,
            pooling: true,
            max_instance_memory: 128 << 20,
            max_total_memory: 2 << 30,
            max_instances: 1000,
            connect_timeout: Duration::from_secs(10),
            postgres,
        }
    }
}
