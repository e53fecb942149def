//! The kafka trigger with a real guest, on each carrier.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod invoking;
mod kafka;
mod log;
