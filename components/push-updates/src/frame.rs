//! The frames of the subprotocol `taskwhisper.v1`: JSON objects with a `type`.

use chrono::SecondsFormat;
use events::{Event, Subject};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use spin_websocket::{Delivery, Frame as Raw, Message};
use uuid::Uuid;

/// RFC 6455 section 7.4.1: text that is not what was agreed on.
const POLICY_VIOLATION: u16 = 1008;
/// A kind of data that is not taken here.
const UNSUPPORTED_DATA: u16 = 1003;

/// What the server sends.
#[derive(Debug, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Frame<'a> {
    /// Everything missed has been sent. `cursor` is where to go on after a break, until an event
    /// comes; `null` while there has been none.
    Ready { cursor: Option<Uuid> },
    /// What was missed is not known: read everything anew.
    Reload,
    /// Something happened. `id` is the new cursor.
    Event {
        id: Uuid,
        event_type: &'a str,
        subject: &'a Subject,
        task_id: Option<Uuid>,
        /// The subject after it, in the shape of the HTTP API.
        data: &'a Option<Value>,
        source: &'a str,
        timestamp: String,
    },
    /// The answer to a `ping`.
    Pong,
}

/// What a client may send. Types that a newer client has are ignored.
#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum FromClient {
    Ping,
    #[serde(other)]
    Unknown,
}

/// The frame for a live record; `None` for one that is no event.
pub fn of_record(message: &Message) -> Option<Delivery> {
    of_event(message.value.as_deref().unwrap_or_default())
}

/// The frame for an event's value.
pub fn of_event(value: &[u8]) -> Option<Delivery> {
    let event = match Event::from_value(Some(value)) {
        Ok(event) => event,
        Err(error) => {
            eprintln!("left out: {error}");
            return None;
        }
    };
    let frame = Frame::Event {
        id: event.event_id,
        event_type: &event.event_type,
        subject: &event.subject,
        task_id: event.task_id,
        data: &event.data,
        source: &event.source,
        timestamp: event.timestamp.to_rfc3339_opts(SecondsFormat::Micros, true),
    };
    Some(delivery(Some(event.event_id), &frame))
}

/// A frame as the host sends it; of two with the same id it sends one.
pub fn delivery(id: Option<Uuid>, frame: &Frame<'_>) -> Delivery {
    Delivery {
        id: id.map(|id| id.to_string()),
        frame: text(frame),
    }
}

/// What to say to a client's frame.
pub fn answer(frame: &Raw) -> Option<Raw> {
    match frame {
        Raw::Text(text) => match serde_json::from_str(text) {
            Ok(FromClient::Ping) => Some(self::text(&Frame::Pong)),
            Ok(FromClient::Unknown) => None,
            Err(_) => Some(Raw::close(
                POLICY_VIOLATION,
                "send JSON objects with a type",
            )),
        },
        Raw::Binary(_) => Some(Raw::close(UNSUPPORTED_DATA, "send text")),
        Raw::Close(_) => None,
    }
}

fn text(frame: &Frame<'_>) -> Raw {
    // Strings, ids and JSON values always serialize.
    Raw::Text(serde_json::to_string(frame).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const ID: &str = "01a1fc60-bd5f-79a6-9fa6-46d5552cc598";

    fn value() -> Value {
        json!({
            "event_id": ID,
            "change_id": ID,
            "event_type": "task.completed",
            "user_id": ID,
            "subject": {"type": "task", "id": ID},
            "task_id": ID,
            "actor": {"type": "user", "id": ID},
            "source": "rest",
            "data": {"id": ID, "title": "water the plants"},
            "previous_data": {"id": ID},
            "metadata": {},
            "timestamp": "2026-11-21T04:32:40.798149Z"
        })
    }

    #[test]
    fn a_record_becomes_an_event_frame_with_the_events_id() {
        let message = Message {
            topic: "task-events".into(),
            key: ID.into(),
            timestamp_ms: 0,
            headers: Vec::new(),
            value: Some(value().to_string().into_bytes()),
        };
        let delivery = of_record(&message).expect("an event");
        assert_eq!(delivery.id.as_deref(), Some(ID));
        let Raw::Text(text) = delivery.frame else {
            panic!("a text frame");
        };
        let frame: Value = serde_json::from_str(&text).expect("JSON");
        let expected = json!({
            "type": "event",
            "id": ID,
            "event_type": "task.completed",
            "subject": {"type": "task", "id": ID},
            "task_id": ID,
            "data": {"id": ID, "title": "water the plants"},
            "source": "rest",
            "timestamp": "2026-11-21T04:32:40.798149Z"
        });
        assert_eq!(frame, expected);
    }

    #[test]
    fn a_record_that_is_no_event_is_left_out() {
        assert!(of_event(b"{}").is_none());
        assert!(of_event(b"").is_none());
    }

    #[test]
    fn ready_and_reload_look_as_documented() {
        let text = |frame: &Frame<'_>| serde_json::to_string(frame).expect("JSON");
        assert_eq!(
            text(&Frame::Ready { cursor: None }),
            r#"{"type":"ready","cursor":null}"#
        );
        assert_eq!(text(&Frame::Reload), r#"{"type":"reload"}"#);
    }

    #[test]
    fn a_ping_is_answered_and_rubbish_ends_the_connection() {
        let send = |text: &str| answer(&Raw::Text(text.into()));
        assert_eq!(
            send(r#"{"type":"ping"}"#),
            Some(Raw::Text(r#"{"type":"pong"}"#.into()))
        );
        assert_eq!(send(r#"{"type":"from-the-future","x":1}"#), None);
        assert!(matches!(send("rubbish"), Some(Raw::Close((1008, _)))));
        assert!(matches!(
            answer(&Raw::Binary(vec![1])),
            Some(Raw::Close((1003, _)))
        ));
    }
}
