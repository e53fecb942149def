//! What users can do, on a real Postgres and in the roles of the components.

#![allow(clippy::unwrap_used, clippy::expect_used)]

#[path = "../../../store/tests/behaviour/support.rs"]
#[allow(dead_code, reason = "the store's tests use the rest")]
mod support;

mod concurrency;
mod recurrence;
mod series;
mod tasks;
