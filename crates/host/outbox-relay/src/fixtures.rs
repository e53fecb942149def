//! Records for tests.

use std::sync::Arc;

use event_log::{DeliveryTag, Fetched};
use records::{Record, TopicPartition};

/// Of the topic `orders`.
pub fn partition(partition: i32) -> TopicPartition {
    TopicPartition {
        topic: "orders".into(),
        partition,
    }
}

/// A record without key and value.
pub fn fetched(number: i32, position: i64) -> Fetched {
    Fetched {
        partition: partition(number),
        tag: DeliveryTag(position as u64),
        record: Arc::new(Record {
            topic: "orders".into(),
            partition: number,
            offset: position,
            id: Default::default(),
            timestamp_ms: 0,
            key: None,
            value: None,
            headers: Vec::new(),
        }),
    }
}
