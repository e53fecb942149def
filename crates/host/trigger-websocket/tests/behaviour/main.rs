//! The trigger as clients see it: a real guest, a real Postgres, real WebSockets.
//! Guests are in tests/guests; `cargo xtask test` builds them and starts the server.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod client;
mod harness;

mod deliveries;
mod frames;
mod lifetime;
mod openings;
mod resuming;
