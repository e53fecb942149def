//! What the running system does, seen from outside. `tests/kafka` runs the same with Kafka.

#![expect(clippy::expect_used, reason = "tests fail by panicking")]

use system_tests::{Carrier, System};

mod auth;
mod bad_input;
mod commands;
mod concurrency;
mod crash;
mod delivery;
mod openapi;
mod slice;

/// The system that these tests are about: events are carried by the log in Postgres.
async fn system() -> Option<System> {
    System::start(Carrier::Log).await
}
