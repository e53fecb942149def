//! An ordered log in Postgres: applications append rows to `outbox` in their own transactions;
//! this crate reads them with consumer groups and tails, and never skips or re-reads a row.
//! It never appends, but for what a person puts there with [`operate`].
//!
//! - [`EventLog::consume`]: a consumer group shares the partitions of its topics over all hosts.
//!   Order is kept per key, delivery is at least once, positions are fenced. A transaction that
//!   stays open holds back only its own records: those of others are given ahead of it.
//! - [`EventLog::tail`]: everything appended from now on, on every host.
//! - [`EventLog::wake`]: this process has appended; readers here and on other hosts look at once.
//! - [`EventLog::lease`]: one process at a time.
//! - [`EventLog::dead_letter`]: where records go that a handler gave up on.
//! - [`operate`]: what a person does about all this.

mod backoff;
mod connect;
mod dead_letter;
mod error;
mod group;
mod idle;
mod lease;
mod link;
mod log;
mod members;
pub mod operate;
mod options;
mod pacer;
mod prune;
mod pulse;
mod reader;
mod rebase;
mod row;
mod session;
mod tail;
mod ticks;

pub use error::Error;
pub use group::{Consumer, Event, Fetched, GroupOptions, Place, Start};
pub use lease::Lease;
pub use log::EventLog;
pub use options::Options;
pub use rebase::rebase;
pub use row::{Cursor, PARTITIONS};
pub use tail::{Tail, TailError};
