//! What the black-box tests stand on: a whole system of one's own (database, hosts, state folder), and
//! clients that see it as anyone does, through HTTP and WebSocket.
//!
//! `TEST_DATABASE_URL` names a throw-away Postgres server (superuser); each system gets a database of
//! its own there. `TASKWHISPER_BIN` names the binary, by default `target/release/taskwhisper`. With
//! `TEST_SPIN_DATA_DIR` the host is the real `spin`, which has our triggers as plugins in that folder.

#![expect(clippy::expect_used, reason = "a test harness fails by panicking")]
#![expect(clippy::unwrap_used, reason = "a test harness fails by panicking")]

mod api;
mod database;
mod host;
mod secrets;
mod socket;
mod system;
mod wait;

pub use api::{Account, Api, Reply};
pub use database::Database;
pub use host::Host;
pub use secrets::Secrets;
pub use socket::{Refused, Socket};
pub use system::System;
pub use wait::eventually;
