//! What the running system does, seen from outside.

#![expect(clippy::expect_used, reason = "tests fail by panicking")]

mod auth;
mod bad_input;
mod concurrency;
mod crash;
mod delivery;
mod slice;
