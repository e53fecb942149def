//! The kafka trigger on the embedded log: real Postgres, a real guest.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod harness;
mod hosts;
mod latency;
mod manifest;
mod outages;
mod outcomes;
