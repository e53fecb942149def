//! Dead letters as records: the original record with headers that say who gave it up, and why.

use std::sync::Arc;

use bytes::Bytes;
use rdkafka::message::OwnedHeaders;
use records::{DeadLetter, Record};

use crate::record;

/// The prefix of the headers that a dead letter adds.
pub const DEAD_LETTER_PREFIX: &str = "dead-letter-";

/// The header with the bytes of a value that was left out, because it is too large for the topic of
/// dead letters.
pub const VALUE_OMITTED: &str = "dead-letter-value-omitted-bytes";

const REASON: &str = "dead-letter-reason";
const ATTEMPTS: &str = "dead-letter-attempts";
const TOPIC: &str = "dead-letter-topic";
const PARTITION: &str = "dead-letter-partition";
const OFFSET: &str = "dead-letter-offset";
const TIMESTAMP: &str = "dead-letter-timestamp-ms";
const HANDLER: &str = "dead-letter-handler";
const GROUP: &str = "dead-letter-group";

/// The headers of a dead letter: the record's own, without those of an earlier dead letter. Then the
/// reason, the attempts, the record's topic, partition, offset and time, and who gave it up.
pub fn dead_letter_headers(dead_letter: &DeadLetter) -> OwnedHeaders {
    let record = &dead_letter.record;
    let attempts = dead_letter.attempts.to_string();
    let partition = record.partition.to_string();
    let offset = record.offset.to_string();
    let timestamp = record.timestamp_ms.to_string();
    let added = [
        (REASON, dead_letter.reason.as_str()),
        (ATTEMPTS, &attempts),
        (TOPIC, &record.topic),
        (PARTITION, &partition),
        (OFFSET, &offset),
        (TIMESTAMP, &timestamp),
        (HANDLER, &dead_letter.handler),
        (GROUP, &dead_letter.group),
    ];
    let added = added.map(|(name, value)| (name, value.as_bytes()));
    let own = original_headers(record).map(|(name, value)| (&**name, &**value));
    record::headers(own.chain(added))
}

/// The headers a record had before it was given up.
pub fn original_headers(record: &Record) -> impl Iterator<Item = &(Arc<str>, Bytes)> {
    let headers = record.headers.iter();
    headers.filter(|(name, _)| !name.starts_with(DEAD_LETTER_PREFIX))
}

/// Reads a dead letter back: the original record, and why it was given up. `None` if the record is no
/// dead letter.
pub fn read_dead_letter(record: &Record) -> Option<DeadLetter> {
    let text = |name| {
        let value = record.header(name)?;
        Some(String::from_utf8_lossy(value).into_owned())
    };
    Some(DeadLetter {
        dead_letter_topic: record.topic.to_string(),
        group: text(GROUP)?,
        handler: text(HANDLER)?,
        reason: text(REASON)?,
        attempts: text(ATTEMPTS)?.parse().ok()?,
        record: Arc::new(Record {
            topic: text(TOPIC)?.into(),
            partition: text(PARTITION)?.parse().ok()?,
            offset: text(OFFSET)?.parse().ok()?,
            id: record.id,
            timestamp_ms: text(TIMESTAMP)?.parse().ok()?,
            key: record.key.clone(),
            value: record.value.clone(),
            headers: original_headers(record).cloned().collect(),
        }),
    })
}
