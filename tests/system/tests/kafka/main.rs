//! What the running system does when Kafka carries its events: everything of `tests/behaviour`, and what
//! only Kafka can do to it.

#![expect(clippy::expect_used, reason = "tests fail by panicking")]

use system_tests::{Carrier, System};

#[path = "../behaviour/auth.rs"]
mod auth;
#[path = "../behaviour/bad_input/mod.rs"]
mod bad_input;
#[path = "../behaviour/commands.rs"]
mod commands;
#[path = "../behaviour/concurrency.rs"]
mod concurrency;
#[path = "../behaviour/crash/mod.rs"]
mod crash;
#[path = "../behaviour/delivery.rs"]
mod delivery;
mod interchange;
mod outages;
#[path = "../behaviour/slice.rs"]
mod slice;
mod topics;

/// The system that these tests are about.
async fn system() -> Option<System> {
    System::start(Carrier::Kafka).await
}
