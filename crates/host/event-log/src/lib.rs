//! An ordered log in Postgres: applications append rows to `outbox` in their own transactions;
//! this crate reads them with consumer groups and tails, and never skips or re-reads a row.
//! It never appends, but for what a person puts there with [`operate`].
//!
//! - [`EventLog::consume`]: a consumer group shares the partitions of its topics over all hosts. It
//!   keeps the order per key, delivers at least once, and fences offsets. A transaction that stays
//!   open delays only its own records: the group receives others ahead of it.
//! - [`EventLog::tail`]: every host receives everything that is appended from now on.
//! - [`EventLog::wake`]: this process has appended; readers here and on other hosts look at once.
//! - [`EventLog::lease`]: one process at a time does something.
//! - [`EventLog::dead_letter`]: stores a record that a handler gave up.
//! - [`operate`]: what an operator does.

mod backoff;
mod connect;
mod dead_letter;
mod error;
mod group;
mod idle;
mod lease;
mod log;
mod members;
pub mod operate;
mod options;
mod pacer;
mod presence;
mod prune;
mod reader;
mod rebase;
mod row;
mod session;
mod tail;
mod ticks;
mod wake_ups;

pub use error::Error;
pub use group::{Consumer, DeliveryTag, Event, Fetched, GroupOptions, Start};
pub use lease::Lease;
pub use log::EventLog;
pub use options::Options;
pub use rebase::rebase;
pub use row::{Cursor, PARTITIONS};
pub use tail::{Tail, TailError};
