//! Dead letters as records: the original record with headers that say who gave it up, and why.

use std::sync::Arc;

use bytes::Bytes;
use rdkafka::message::OwnedHeaders;
use records::{DeadLetter, Record};

use crate::record;

/// What the names of a dead letter's own headers begin with.
pub const LETTER_PREFIX: &str = "dead-letter-";

/// Bytes of a value that is left out, because the topic of dead letters has no room for it.
pub const VALUE_OMITTED: &str = "dead-letter-value-omitted-bytes";

const REASON: &str = "dead-letter-reason";
const ATTEMPTS: &str = "dead-letter-attempts";
const TOPIC: &str = "dead-letter-topic";
const PARTITION: &str = "dead-letter-partition";
const OFFSET: &str = "dead-letter-offset";
const TIMESTAMP: &str = "dead-letter-timestamp-ms";
const HANDLER: &str = "dead-letter-handler";
const GROUP: &str = "dead-letter-group";

/// The headers a dead letter is produced with: the record's own, without those of an earlier
/// burial, and behind them the reason, the attempts, where and when the record was, and who gave it up.
pub fn letter_headers(letter: &DeadLetter) -> OwnedHeaders {
    let record = &letter.record;
    let attempts = letter.attempts.to_string();
    let partition = record.partition.to_string();
    let offset = record.offset.to_string();
    let timestamp = record.timestamp_ms.to_string();
    let added = [
        (REASON, letter.reason.as_str()),
        (ATTEMPTS, &attempts),
        (TOPIC, &record.topic),
        (PARTITION, &partition),
        (OFFSET, &offset),
        (TIMESTAMP, &timestamp),
        (HANDLER, &letter.handler),
        (GROUP, &letter.group),
    ];
    let added = added.map(|(name, value)| (name, value.as_bytes()));
    let own = original_headers(record).map(|(name, value)| (&**name, &**value));
    record::headers(own.chain(added))
}

/// The headers a record had before it was given up.
pub fn original_headers(record: &Record) -> impl Iterator<Item = &(Arc<str>, Bytes)> {
    let headers = record.headers.iter();
    headers.filter(|(name, _)| !name.starts_with(LETTER_PREFIX))
}

/// Reads a dead letter back: the record as it was, and what became of it. `None` for a record that
/// is no dead letter.
pub fn read_letter(record: &Record) -> Option<DeadLetter> {
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
