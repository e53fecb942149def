//! What the tests of all crates stand on. It fails by panicking, never by an answer that a test would have
//! to look at; what a machine lacks is said in a line that starts with `skipped:`.
//!
//! `cargo xtask test` sets the variables: `TEST_DATABASE_URL`, a throw-away Postgres server (superuser),
//! `TEST_KAFKA_BROKERS` and `TEST_KAFKA_HOME`, a broker and the jars to start others, and `TEST_GUESTS_DIR`,
//! the folder of the built guests.

#![expect(clippy::expect_used, reason = "a test harness fails by panicking")]

mod guests;
mod wait;
mod watch;

#[cfg(feature = "host")]
mod host;
#[cfg(feature = "kafka")]
mod kafka;
#[cfg(feature = "postgres")]
mod postgres;

pub use guests::{shared_state, state_folder, wasm};
#[cfg(feature = "host")]
pub use host::{Loaded, load, runtime_options};
#[cfg(feature = "kafka")]
pub use kafka::{BROKERS_VARIABLE, OwnBroker, TestCluster};
#[cfg(feature = "postgres")]
pub use postgres::{Database, connect, migrations};
pub use wait::{eventually, within};
pub use watch::Watch;

/// The folder of the workspace's `Cargo.toml`.
pub fn workspace() -> std::path::PathBuf {
    let here = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let root = here.ancestors().nth(2);
    root.expect("this crate is two levels down").to_owned()
}
