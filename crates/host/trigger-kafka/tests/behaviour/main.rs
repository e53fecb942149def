//! The kafka trigger with a real guest, on each transport.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod invoking;
mod kafka;
mod log;
