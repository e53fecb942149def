//! The client against brokers: Kafka's own where there is one.

mod administration;
mod mistakes;
mod records;
mod security;
