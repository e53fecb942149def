//! A row of the event log as a record: its position in the order, and the columns that become headers.

use std::sync::Arc;

use bytes::Bytes;
use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::{Map, Value};
use uuid::Uuid;

/// Partitions of every topic. The `partition` column of `outbox` is generated with this number.
pub const PARTITIONS: i16 = 8;

/// How far a reader has read in a partition, this row included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Cursor {
    /// The transaction that appended.
    pub xid: u64,
    /// The row's position within the transaction.
    pub position: i64,
}

/// The columns of a row that become headers.
pub(crate) struct Attributes<'a> {
    pub id: Uuid,
    pub kind: &'a str,
    pub created_at: DateTime<Utc>,
    /// A JSON object, or anything else by mistake of the writer: then there are none.
    pub headers: Value,
}

impl Attributes<'_> {
    pub fn into_headers(self) -> Vec<(Arc<str>, Bytes)> {
        let own = match self.headers {
            Value::Object(own) => own,
            _ => Map::new(),
        };
        let time = self.created_at.to_rfc3339_opts(SecondsFormat::Micros, true);
        let mut headers = Vec::with_capacity(own.len() + 5);
        for (name, value) in [
            ("ce_specversion", "1.0"),
            ("ce_id", &self.id.to_string()),
            ("ce_type", self.kind),
            ("ce_time", &time),
            ("content-type", "application/json"),
        ] {
            if !own.contains_key(name) {
                headers.push((name.into(), Bytes::copy_from_slice(value.as_bytes())));
            }
        }
        for (name, value) in own {
            let value = match value {
                Value::String(text) => text,
                Value::Null => continue,
                other => other.to_string(),
            };
            headers.push((name.into(), Bytes::from(value)));
        }
        headers
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn headers(own: Value) -> Vec<(String, String)> {
        let attributes = Attributes {
            id: Uuid::nil(),
            kind: "order.created",
            created_at: DateTime::from_timestamp_micros(1_700_000_000_123_456).unwrap(),
            headers: own,
        };
        attributes
            .into_headers()
            .into_iter()
            .map(|(name, value)| (name.to_string(), String::from_utf8(value.to_vec()).unwrap()))
            .collect()
    }

    #[test]
    fn attributes_become_cloudevents_headers_with_the_writers_own_behind_them() {
        let headers = headers(json!({"ce_source": "rest", "retries": 3, "none": null}));
        let expected = [
            ("ce_specversion", "1.0"),
            ("ce_id", "00000000-0000-0000-0000-000000000000"),
            ("ce_type", "order.created"),
            ("ce_time", "2023-11-14T22:13:20.123456Z"),
            ("content-type", "application/json"),
            ("ce_source", "rest"),
            ("retries", "3"),
        ];
        let expected: Vec<_> = expected
            .iter()
            .map(|(n, v)| (n.to_string(), v.to_string()))
            .collect();
        assert_eq!(headers, expected);
    }

    #[test]
    fn a_header_of_the_writer_replaces_the_one_made_from_a_column() {
        let headers = headers(json!({"content-type": "text/plain"}));
        let found: Vec<_> = headers
            .iter()
            .filter(|(n, _)| &**n == "content-type")
            .collect();
        assert_eq!(
            found,
            [&("content-type".to_owned(), "text/plain".to_owned())]
        );
    }

    #[test]
    fn headers_that_are_no_object_are_none() {
        assert_eq!(headers(json!(["x"])).len(), 5);
    }
}
