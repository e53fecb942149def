//! An event that is about to be appended.

use crate::{Actor, EventType, Source};
use serde::Serialize;
use serde_json::{Map, Value};
use uuid::Uuid;

/// All that the application says of an event. What it is about is known to the statement that makes
/// the change: the SQL function `append_event` (migrations) puts the two together.
#[derive(Debug, Clone)]
pub struct NewEvent<'a> {
    /// What happened.
    pub kind: EventType,
    /// The same for all events of one request.
    pub change_id: Uuid,
    /// Who did it; `None` for the user whose event it is.
    pub actor: Option<&'a Actor>,
    /// Where the change came in.
    pub source: Source,
    /// W3C trace context of the request or event that caused it.
    pub traceparent: Option<&'a str>,
    /// What else belongs to this type of event.
    pub metadata: Option<&'a Map<String, Value>>,
}

/// What `append_event` reads.
#[derive(Serialize)]
struct Parameter<'a> {
    event_type: &'a str,
    topic: &'a str,
    subject_type: &'a str,
    change_id: Uuid,
    source: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    actor: Option<&'a Actor>,
    #[serde(skip_serializing_if = "Option::is_none")]
    traceparent: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    metadata: Option<&'a Map<String, Value>>,
}

impl NewEvent<'_> {
    /// As JSON text, for the parameter of a statement.
    pub fn to_json(&self) -> String {
        let parameter = Parameter {
            event_type: self.kind.as_str(),
            topic: self.kind.topic(),
            subject_type: self.kind.subject_type().as_str(),
            change_id: self.change_id,
            source: self.source.as_str(),
            actor: self.actor,
            traceparent: self.traceparent,
            metadata: self.metadata,
        };
        // Names, ids and JSON values always serialize.
        serde_json::to_string(&parameter).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn topic_and_subject_come_with_the_type_and_what_is_absent_is_left_out() {
        let event = NewEvent {
            kind: EventType::UserSignedIn,
            change_id: Uuid::nil(),
            actor: None,
            source: Source::Rest,
            traceparent: None,
            metadata: None,
        };
        let expected = serde_json::json!({
            "event_type": "user.signed_in",
            "topic": "audit-events",
            "subject_type": "user",
            "change_id": "00000000-0000-0000-0000-000000000000",
            "source": "rest",
        });
        let written: Value = serde_json::from_str(&event.to_json()).unwrap();
        assert_eq!(written, expected);
    }
}
