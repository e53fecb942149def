//! What the running system does when Kafka carries its events: of `tests/behaviour` what depends on the transport,
//! and what only Kafka can do to it.

#![expect(clippy::expect_used, reason = "tests fail by panicking")]

use system_tests::{Kafka, System, Transport};

#[path = "../behaviour/commands.rs"]
mod commands;
#[path = "../behaviour/crash/mod.rs"]
mod crash;
#[path = "../behaviour/delivery.rs"]
mod delivery;
mod interchange;
mod outages;
#[path = "../behaviour/slice.rs"]
mod slice;
mod topics;

/// A system of a test's own, on a broker that these have in turn.
async fn system() -> Option<System> {
    System::start(Transport::Kafka).await
}

/// The one of all tests that are content with users of their own. It has its broker to itself, because
/// topics and groups have fixed names.
async fn shared() -> Option<&'static System> {
    System::shared(|| async { System::with(Some(Kafka::own().await?)).await }).await
}
