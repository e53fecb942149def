//! A dead letter, wherever it is kept: in the table of the event log, or in a topic of Kafka's.

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, SecondsFormat, Utc};
use event_log::operate;
use kafka_client::{DeadLetterId, StoredDeadLetter};
use serde_json::{Value, json};

use super::tail;

/// What a person calls it: `17`, or `orders.dead-letter/0/5`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Id {
    Row(i64),
    Record(String, DeadLetterId),
}

/// A dead letter with everything that is known of it.
pub struct DeadLetter {
    pub id: Id,
    pub given_up_at: DateTime<Utc>,
    pub redriven_at: Option<DateTime<Utc>>,
    pub group: String,
    pub handler: String,
    pub reason: String,
    pub attempts: i64,
    pub topic: String,
    /// The record, as `events tail --json` shows it.
    pub record: Value,
    /// What puts it back, if it is Kafka's.
    pub kept: Option<StoredDeadLetter>,
}

impl FromStr for Id {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if let Ok(row) = text.parse() {
            return Ok(Self::Row(row));
        }
        let id = || {
            let (rest, offset) = text.rsplit_once('/')?;
            let (topic, partition) = rest.rsplit_once('/')?;
            let id = DeadLetterId {
                partition: partition.parse().ok()?,
                offset: offset.parse().ok()?,
            };
            Some(Self::Record(topic.to_owned(), id))
        };
        id().ok_or_else(|| {
            format!("`{text}` is no dead letter's id; `taskwhisper dead-letters list` shows them")
        })
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Row(row) => write!(f, "{row}"),
            Self::Record(topic, DeadLetterId { partition, offset }) => {
                write!(f, "{topic}/{partition}/{offset}")
            }
        }
    }
}

impl DeadLetter {
    pub fn of_table(dead_letter: operate::DeadLetterRow) -> Self {
        Self {
            record: json!({
                "topic": dead_letter.topic,
                "partition": dead_letter.partition,
                "offset": dead_letter.offset,
                "timestamp": text(dead_letter.record_time),
                "key": dead_letter.key,
                "headers": dead_letter.headers,
                "value": dead_letter.value,
            }),
            id: Id::Row(dead_letter.id),
            given_up_at: dead_letter.created_at,
            redriven_at: dead_letter.redriven_at,
            group: dead_letter.group,
            handler: dead_letter.handler,
            reason: dead_letter.reason,
            attempts: dead_letter.attempts.into(),
            topic: dead_letter.topic,
            kept: None,
        }
    }

    pub fn of_topic(topic: &str, kept: StoredDeadLetter) -> Self {
        let time = |ms| DateTime::from_timestamp_millis(ms).unwrap_or_default();
        let dead_letter = &kept.dead_letter;
        Self {
            id: Id::Record(topic.to_owned(), kept.id),
            given_up_at: time(kept.timestamp_ms),
            redriven_at: kept.redriven_ms.map(time),
            group: dead_letter.group.clone(),
            handler: dead_letter.handler.clone(),
            reason: dead_letter.reason.clone(),
            attempts: dead_letter.attempts.into(),
            topic: dead_letter.record.topic.to_string(),
            record: tail::as_json(&dead_letter.record),
            kept: Some(kept),
        }
    }

    pub fn to_json(&self) -> Value {
        json!({
            "id": self.id.to_string(),
            "given_up_at": text(self.given_up_at),
            "redriven_at": self.redriven_at.map(text),
            "group": self.group,
            "handler": self.handler,
            "reason": self.reason,
            "attempts": self.attempts,
            "record": self.record,
        })
    }
}

/// To the second, in UTC.
pub fn text(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Secs, true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_read_as_they_are_shown() {
        for text in ["17", "orders.dead-letter/0/5"] {
            let id: Id = text.parse().unwrap();
            assert_eq!(id.to_string(), text);
        }
        for bad in ["", "orders", "orders/x/5", "/5"] {
            assert!(bad.parse::<Id>().is_err(), "{bad}");
        }
    }
}
