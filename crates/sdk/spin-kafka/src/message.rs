//! Reading a message: headers, CloudEvents attributes, JSON.

use crate::{Failure, Message};
use serde::de::DeserializeOwned;

impl Message {
    /// The first header of this name (names are compared exactly, as on the wire).
    pub fn header(&self, name: &str) -> Option<&[u8]> {
        self.headers
            .iter()
            .find(|header| header.name == name)
            .map(|header| header.value.as_slice())
    }

    /// The first header of this name, where it is UTF-8.
    pub fn header_str(&self, name: &str) -> Option<&str> {
        self.header(name)
            .and_then(|value| std::str::from_utf8(value).ok())
    }

    /// The key, where there is one and it is UTF-8.
    pub fn key_str(&self) -> Option<&str> {
        self.key
            .as_deref()
            .and_then(|key| std::str::from_utf8(key).ok())
    }

    /// The value as JSON. A tombstone or a value of another shape can never be handled: it is
    /// rejected, with the field and position that did not fit.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, Failure> {
        let value = self
            .value
            .as_deref()
            .ok_or_else(|| Failure::reject("the record has no value (a tombstone)"))?;
        serde_json::from_slice(value)
            .map_err(|error| Failure::reject(format!("the value does not fit: {error}")))
    }

    /// `id` of the CloudEvent in this message (binary mode, header `ce_id`).
    pub fn event_id(&self) -> Option<&str> {
        self.header_str("ce_id")
    }

    /// `type` of the CloudEvent (header `ce_type`).
    pub fn event_type(&self) -> Option<&str> {
        self.header_str("ce_type")
    }

    /// `source` of the CloudEvent (header `ce_source`).
    pub fn event_source(&self) -> Option<&str> {
        self.header_str("ce_source")
    }

    /// `subject` of the CloudEvent (header `ce_subject`).
    pub fn event_subject(&self) -> Option<&str> {
        self.header_str("ce_subject")
    }

    /// `time` of the CloudEvent, RFC 3339 (header `ce_time`).
    pub fn event_time(&self) -> Option<&str> {
        self.header_str("ce_time")
    }

    /// W3C trace context to continue.
    pub fn traceparent(&self) -> Option<&str> {
        self.header_str("traceparent")
    }
}

#[cfg(test)]
pub(crate) fn message(key: Option<&str>, offset: i64, value: Option<&str>) -> Message {
    Message {
        topic: "orders".to_owned(),
        partition: 0,
        offset,
        timestamp_ms: 0,
        key: key.map(|key| key.as_bytes().to_vec()),
        value: value.map(|value| value.as_bytes().to_vec()),
        headers: Vec::new(),
        attempt: 1,
    }
}

#[cfg(test)]
mod tests {
    use super::message;
    use crate::{Failure, Header};

    #[test]
    fn a_header_is_found_by_its_exact_name_and_the_first_one_wins() {
        let mut message = message(None, 0, None);
        for (name, value) in [("ce_type", "a"), ("ce_type", "b")] {
            message.headers.push(Header {
                name: name.to_owned(),
                value: value.as_bytes().to_vec(),
            });
        }
        assert_eq!(message.event_type(), Some("a"));
        assert_eq!(message.header("CE_TYPE"), None);
    }

    #[test]
    fn a_header_that_is_not_utf8_is_bytes_only() {
        let mut message = message(None, 0, None);
        message.headers.push(Header {
            name: "raw".to_owned(),
            value: vec![0xff],
        });
        assert_eq!(message.header("raw"), Some(&[0xff][..]));
        assert_eq!(message.header_str("raw"), None);
    }

    #[test]
    fn a_value_of_another_shape_and_a_tombstone_are_rejected() {
        let wrong = message(None, 0, Some("{\"n\": \"x\"}"));
        let parsed = wrong.json::<std::collections::BTreeMap<String, u32>>();
        assert!(matches!(parsed, Err(Failure::Reject(reason)) if reason.contains("invalid type")));
        let tombstone = message(None, 0, None);
        assert!(matches!(
            tombstone.json::<u32>(),
            Err(Failure::Reject(reason)) if reason.contains("tombstone")
        ));
    }
}
