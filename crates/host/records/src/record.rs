//! A record of a topic, in the shape it has on Kafka: key, value and headers are bytes.

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use uuid::Uuid;

/// A record of a topic, with the CloudEvents attributes as `ce_*` headers (binary mode).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// The topic.
    pub topic: Arc<str>,
    /// The partition, by the hash of the key.
    pub partition: i32,
    /// Identifies the record in its partition. In the event log it grows within a key, but not across
    /// keys, because the event log orders records by (xid, position).
    pub offset: i64,
    /// The event's id (also `ce_id`); nil where a record of another log has none.
    pub id: Uuid,
    /// When the record was appended, in milliseconds since the Unix epoch.
    pub timestamp_ms: i64,
    /// The key, within which the order is kept.
    pub key: Option<Bytes>,
    /// JSON.
    pub value: Option<Bytes>,
    /// CloudEvents attributes, `content-type`, and what the writer added.
    pub headers: Vec<(Arc<str>, Bytes)>,
}

impl Record {
    /// The first header of this name.
    pub fn header(&self, name: &str) -> Option<&Bytes> {
        self.headers
            .iter()
            .find(|(header, _)| **header == *name)
            .map(|(_, value)| value)
    }

    /// Bytes it takes, roughly.
    pub fn size(&self) -> usize {
        let headers: usize = self.headers.iter().map(|(n, v)| n.len() + v.len()).sum();
        let body = |bytes: &Option<Bytes>| bytes.as_ref().map_or(0, Bytes::len);
        size_of::<Self>() + self.topic.len() + headers + body(&self.key) + body(&self.value)
    }
}

/// One partition of one topic.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TopicPartition {
    /// The topic.
    pub topic: Arc<str>,
    /// The partition, from 0.
    pub partition: i32,
}

impl fmt::Display for TopicPartition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.topic, self.partition)
    }
}
