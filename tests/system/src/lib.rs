//! What the black-box tests stand on: a whole system of one's own (database, hosts, state folder), and
//! clients that see it as anyone does, through HTTP and WebSocket.
//!
//! `TEST_DATABASE_URL` names a throw-away Postgres server (superuser); each system gets a database there.
//! `TASKWHISPER_BIN` names the binary, by default that of the profile these tests are built with.
//! `TEST_KAFKA_BROKERS` names a broker on which no other system of ours is, for systems that carry their
//! events through Kafka. `TEST_SPIN_DATA_DIR` is a data folder of the real `spin` with our triggers as plugins.

#![expect(clippy::expect_used, reason = "a test harness fails by panicking")]

mod addresses;
mod api;
mod application;
mod database;
mod exchange;
mod host;
mod process;
mod secrets;
mod socket;
mod system;
mod transport;

pub use api::{Account, Api, Reply};
pub use application::{Application, cargo_build};
pub use database::Database;
pub use host::{Host, taskwhisper};
pub use secrets::Secrets;
pub use socket::{Refused, Socket};
pub use system::System;
pub use testing::eventually;
pub use transport::{Kafka, Transport};
