//! Record headers: CloudEvents 1.0 binary mode (Kafka protocol binding, section 3.2) and W3C
//! trace context.

use crate::Source;
use uuid::Uuid;

/// The event's id; the event log makes it from the row.
pub const CE_ID: &str = "ce_id";
/// The event's type; the event log makes it from the row.
pub const CE_TYPE: &str = "ce_type";
/// When it was appended, RFC 3339; the event log makes it from the row.
pub const CE_TIME: &str = "ce_time";
/// A [`Source`].
pub const CE_SOURCE: &str = "ce_source";
/// The id of the task the event is about, where it is about one.
pub const CE_SUBJECT: &str = "ce_subject";
/// W3C trace context, from the request that caused the event.
pub const TRACEPARENT: &str = "traceparent";

/// The headers that the writer of an event gives.
#[derive(Debug, Clone, Copy)]
pub struct Headers<'a> {
    /// Where the change came in.
    pub source: Source,
    /// The task it is about.
    pub subject: Option<Uuid>,
    /// `traceparent` of the request, where it had one.
    pub traceparent: Option<&'a str>,
}

impl Headers<'_> {
    /// The outbox row's `headers`: a JSON object of strings.
    pub fn to_json(&self) -> String {
        let mut object = serde_json::Map::new();
        object.insert(CE_SOURCE.into(), self.source.as_str().into());
        if let Some(subject) = self.subject {
            object.insert(CE_SUBJECT.into(), subject.to_string().into());
        }
        if let Some(traceparent) = self.traceparent {
            object.insert(TRACEPARENT.into(), traceparent.into());
        }
        serde_json::Value::Object(object).to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn absent_headers_are_left_out() {
        let headers = Headers {
            source: Source::Rest,
            subject: None,
            traceparent: None,
        };
        assert_eq!(headers.to_json(), r#"{"ce_source":"rest"}"#);
    }
}
