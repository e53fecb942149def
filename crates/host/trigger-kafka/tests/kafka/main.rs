//! The kafka trigger with a real guest, on Kafka's own broker; what needs none runs without, too.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod beginnings;
mod counters;
mod faults;
mod harness;
mod mistakes;
mod outages;
mod outcomes;
mod peers;
mod processes;
mod shapes;
