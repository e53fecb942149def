//! What the running system does, seen from outside, when the log in Postgres carries its events. `tests/kafka`
//! runs what depends on the transport once more.

#![expect(clippy::expect_used, reason = "tests fail by panicking")]

use system_tests::{System, Transport};

mod auth;
mod bad_input;
mod commands;
mod concurrency;
mod crash;
mod delivery;
mod lifetime;
mod migrating;
mod openapi;
mod slice;
mod visibility;

/// A system of a test's own.
async fn system() -> Option<System> {
    System::start(Transport::Log).await
}

/// The one of all tests that are content with users of their own.
async fn shared() -> Option<&'static System> {
    System::shared(system).await
}
