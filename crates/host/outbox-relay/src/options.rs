//! The settings of a relay.

use kafka_client::Connection;

/// The relay's consumer group of the event log.
pub const GROUP: &str = "relay";

/// How to relay.
#[derive(Debug, Clone)]
pub struct Options {
    /// The brokers.
    pub connection: Connection,
    /// Topics to relay. The relay finds others when the log has records of them.
    pub topics: Vec<String>,
    /// What a person does about a missing topic; the end of a sentence.
    pub create_hint: String,
    /// Records that may wait for Kafka's acknowledgement.
    pub max_records: usize,
    /// Bytes that may wait; one record may exceed them.
    pub max_bytes: usize,
}

impl Options {
    /// To these brokers, with bounds that suit a laptop and a cluster alike.
    pub fn new(connection: Connection, topics: Vec<String>) -> Self {
        Self {
            connection,
            topics,
            create_hint: "create it".to_owned(),
            max_records: 10_000,
            max_bytes: 32 << 20,
        }
    }
}
