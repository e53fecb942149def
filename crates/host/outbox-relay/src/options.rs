//! The settings of a relay.

use kafka_client::Connection;

/// The consumer group of the event log that a relay is.
pub const GROUP: &str = "relay";

/// How to relay.
#[derive(Debug, Clone)]
pub struct Options {
    /// The brokers.
    pub connection: Connection,
    /// Topics that are known beforehand. Others are found when the log has records of them.
    pub topics: Vec<String>,
    /// What a person does about a topic that Kafka lacks; the end of a sentence.
    pub create_hint: String,
    /// Records that may wait for Kafka's acknowledgement.
    pub max_records: usize,
    /// Bytes that may; one record more, if it is larger than that.
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
