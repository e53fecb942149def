//! The log on a real Postgres.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod harness;

mod groups;
mod log;
mod operate;
