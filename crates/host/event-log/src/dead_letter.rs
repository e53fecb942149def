//! Dead letters: records that a handler gave up, stored with the reason for a person to read.

use records::DeadLetter;
use serde_json::{Map, Value};

use crate::Error;
use crate::session::Session;

const INSERT: &str = r#"
INSERT INTO dead_letters (dead_letter_topic, consumer_group, handler, reason, attempts, topic,
                          partition, "offset", record_id, record_timestamp, key, value, headers)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, to_timestamp($10::float8 / 1000), $11, $12::text::jsonb, $13)
ON CONFLICT (consumer_group, topic, partition, "offset") DO NOTHING"#;

/// Stores the record once, however often the same group calls this for it.
pub(crate) async fn insert(session: &mut Session, dead_letter: &DeadLetter) -> Result<(), Error> {
    let record = &dead_letter.record;
    let key = record.key.as_deref().map(text);
    let value = record.value.as_deref().map(text);
    let headers: Map<String, Value> = record
        .headers
        .iter()
        .map(|(name, value)| (text(name.as_bytes()), Value::String(text(value))))
        .collect();
    session
        .query(
            INSERT,
            &[
                &dead_letter.dead_letter_topic,
                &dead_letter.group,
                &dead_letter.handler,
                &text(dead_letter.reason.as_bytes()),
                &(dead_letter.attempts as i32),
                &&*record.topic,
                &(record.partition as i16),
                &record.offset,
                &record.id,
                &(record.timestamp_ms as f64),
                &key,
                &value,
                &Value::Object(headers),
            ],
        )
        .await?;
    Ok(())
}

/// Postgres refuses NUL in text, and a reason may contain anything that a handler returns.
fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).replace('\0', "\u{fffd}")
}
