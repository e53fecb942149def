//! A private Apache Kafka broker: its jars, its data, its start and its end.

mod broker;
mod jars;

pub use broker::{Broker, Purpose};
pub use jars::{home, home_if_possible};
