//! The client against brokers: Kafka's own where there is one.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod administration;
mod mistakes;
mod partitions;
mod records;
mod secured;
mod security;
mod tokens;
