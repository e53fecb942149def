//! The value of every event.

use crate::{Actor, EventType};
use chrono::{DateTime, SecondsFormat, Utc};
use serde::{Deserialize, Serialize, Serializer};
use serde_json::{Map, Value};
use uuid::Uuid;

/// The value of an event, the same on every topic.
///
/// Events about tasks are put together in SQL by `task_event` (migrations), from the JSON of the row
/// that the statement wrote; the others by [`Event::about_user`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// UUIDv7, the same as the record's `ce_id`. Effects are keyed by it.
    pub event_id: Uuid,
    /// The name of an [`EventType`], or of one that a newer version has added.
    pub event_type: String,
    /// Whose it is; the record's key.
    pub user_id: Uuid,
    /// The task it is about.
    #[serde(default)]
    pub task_id: Option<Uuid>,
    /// Who did it.
    pub actor: Actor,
    /// The task after the change, in the shape of the HTTP API.
    #[serde(default)]
    pub task_data: Option<Value>,
    /// The task before the change; absent for a new one.
    #[serde(default)]
    pub previous_data: Option<Value>,
    /// What else belongs to this type of event.
    #[serde(default)]
    pub metadata: Map<String, Value>,
    /// When it happened, RFC 3339 in UTC.
    #[serde(serialize_with = "rfc3339")]
    pub timestamp: DateTime<Utc>,
}

/// Why a record's value is no event. It never will be one: reject it.
#[derive(Debug, thiserror::Error)]
pub enum InvalidEvent {
    /// The record has no value.
    #[error("the record has no value")]
    Empty,
    /// Not JSON, or a field is absent or of another type.
    #[error("the value is not an event: {0}")]
    Malformed(#[from] serde_json::Error),
    /// A field that this type of event must have.
    #[error("an event of type {event_type} needs {field}")]
    Incomplete {
        /// The event's type.
        event_type: String,
        /// What is absent or malformed.
        field: &'static str,
    },
}

impl Event {
    /// An event about an account rather than a task, made now.
    pub fn about_user(
        kind: EventType,
        user_id: Uuid,
        actor: Actor,
        metadata: Map<String, Value>,
    ) -> Self {
        Self {
            event_id: Uuid::now_v7(),
            event_type: kind.as_str().to_owned(),
            user_id,
            task_id: None,
            actor,
            task_data: None,
            previous_data: None,
            metadata,
            timestamp: Utc::now(),
        }
    }

    /// Read a record's value.
    ///
    /// # Errors
    /// When it is no event, or a `task.*` event without its task.
    pub fn from_value(value: Option<&[u8]>) -> Result<Self, InvalidEvent> {
        let event: Self = serde_json::from_slice(value.ok_or(InvalidEvent::Empty)?)?;
        if event.event_type.starts_with("task.") {
            if event.task_id.is_none() {
                return Err(event.incomplete("task_id"));
            }
            if !event.task_data.as_ref().is_some_and(Value::is_object) {
                return Err(event.incomplete("task_data"));
            }
        }
        Ok(event)
    }

    /// The type, where this version knows it.
    pub fn kind(&self) -> Option<EventType> {
        EventType::from_name(&self.event_type)
    }

    /// As JSON text, for a statement's parameter.
    ///
    /// # Errors
    /// Never for a value that was built by this crate.
    pub fn to_json(&self) -> Result<String, serde_json::Error> {
        serde_json::to_string(self)
    }

    pub(crate) fn incomplete(&self, field: &'static str) -> InvalidEvent {
        InvalidEvent::Incomplete {
            event_type: self.event_type.clone(),
            field,
        }
    }
}

fn rfc3339<S: Serializer>(instant: &DateTime<Utc>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&instant.to_rfc3339_opts(SecondsFormat::Micros, true))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn completed() -> Value {
        json!({
            "event_id": "01a1fc60-bd5f-79a6-9fa6-46d5552cc598",
            "event_type": "task.completed",
            "user_id": "01a1fc60-bd5f-79a6-9fa6-46d5552cc599",
            "task_id": "01a1fc60-bd5f-79a6-9fa6-46d5552cc59a",
            "actor": {"type": "user", "id": "01a1fc60-bd5f-79a6-9fa6-46d5552cc599"},
            "task_data": {"status": "completed"},
            "previous_data": {"status": "pending"},
            "metadata": {},
            "timestamp": "2026-11-21T04:32:40.798149Z"
        })
    }

    fn read(value: &Value) -> Result<Event, InvalidEvent> {
        Event::from_value(Some(value.to_string().as_bytes()))
    }

    #[test]
    fn a_value_written_by_sql_reads_back_the_same() {
        let event = read(&completed()).unwrap();
        assert_eq!(event.kind(), Some(EventType::TaskCompleted));
        assert_eq!(serde_json::to_value(&event).unwrap(), completed());
    }

    #[test]
    fn an_account_event_reads_back_the_same() {
        let id = Uuid::now_v7();
        let event = Event::about_user(EventType::UserSignedIn, id, Actor::User { id }, Map::new());
        let text = event.to_json().unwrap();
        let back = Event::from_value(Some(text.as_bytes())).unwrap();
        assert_eq!(back.event_id, event.event_id);
        assert_eq!(back.kind(), Some(EventType::UserSignedIn));
    }

    #[test]
    fn a_type_of_a_newer_version_is_still_an_event() {
        let mut value = completed();
        value["event_type"] = json!("task.snoozed");
        assert_eq!(read(&value).unwrap().kind(), None);
    }

    #[test]
    fn what_is_no_event_is_refused_with_its_reason() {
        assert!(matches!(Event::from_value(None), Err(InvalidEvent::Empty)));
        assert!(matches!(
            Event::from_value(Some(b"{oops")),
            Err(InvalidEvent::Malformed(_))
        ));
        for field in ["event_id", "user_id", "actor", "timestamp"] {
            let mut value = completed();
            value.as_object_mut().unwrap().remove(field);
            let reason = read(&value).unwrap_err().to_string();
            assert!(reason.contains(field), "{reason}");
        }
        for field in ["task_id", "task_data"] {
            let mut value = completed();
            value[field] = Value::Null;
            let reason = read(&value).unwrap_err().to_string();
            assert_eq!(
                reason,
                format!("an event of type task.completed needs {field}")
            );
        }
    }
}
