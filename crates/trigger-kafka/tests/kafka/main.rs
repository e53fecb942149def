//! The kafka trigger on Kafka's own broker, with a real guest.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod beginnings;
mod faults;
mod harness;
mod mistakes;
mod outcomes;
mod peers;
mod processes;
mod shapes;
