//! The relay between a real Postgres and a real Kafka.

#![expect(clippy::expect_used, reason = "tests fail by panicking")]
#![expect(clippy::unwrap_used, reason = "tests fail by panicking")]

mod delivery;
mod harness;
mod outages;
mod refusals;
