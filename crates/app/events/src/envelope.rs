//! The value of every event.

use crate::{Actor, EventType, Subject, SubjectType};
use chrono::{DateTime, SecondsFormat, Utc};
use serde::{Deserialize, Serialize, Serializer};
use serde_json::{Map, Value};
use uuid::Uuid;

/// The value of an event, one shape for everything that can change and on every topic. The SQL
/// function `append_event` (migrations) writes it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// UUIDv7, the same as the record's `ce_id`. Effects are keyed by it.
    pub event_id: Uuid,
    /// The same for all events of one request.
    pub change_id: Uuid,
    /// The name of an [`EventType`], or of one that a newer version has added.
    pub event_type: String,
    /// Whose it is; the record's key.
    pub user_id: Uuid,
    /// What it is about.
    pub subject: Subject,
    /// The task it concerns, be it the subject or what the subject belongs to.
    #[serde(default)]
    pub task_id: Option<Uuid>,
    /// Who did it.
    pub actor: Actor,
    /// The name of a [`crate::Source`], or of one that a newer version has added.
    pub source: String,
    /// The subject after the change, in the shape of the HTTP API.
    #[serde(default)]
    pub data: Option<Value>,
    /// The subject before the change; absent for a new one.
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
    /// Read a record's value.
    ///
    /// # Errors
    /// When it is no event, or one about a task without its task.
    pub fn from_value(value: Option<&[u8]>) -> Result<Self, InvalidEvent> {
        let event: Self = serde_json::from_slice(value.ok_or(InvalidEvent::Empty)?)?;
        if event.subject.is(SubjectType::Task) {
            if event.task_id.is_none() {
                return Err(event.incomplete("task_id"));
            }
            if !event.data.as_ref().is_some_and(Value::is_object) {
                return Err(event.incomplete("data"));
            }
        }
        Ok(event)
    }

    /// The type, where this version knows it.
    pub fn kind(&self) -> Option<EventType> {
        EventType::from_name(&self.event_type)
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
            "change_id": "01a1fc60-bd5f-79a6-9fa6-46d5552cc597",
            "event_type": "task.completed",
            "user_id": "01a1fc60-bd5f-79a6-9fa6-46d5552cc599",
            "subject": {"type": "task", "id": "01a1fc60-bd5f-79a6-9fa6-46d5552cc59a"},
            "task_id": "01a1fc60-bd5f-79a6-9fa6-46d5552cc59a",
            "actor": {"type": "user", "id": "01a1fc60-bd5f-79a6-9fa6-46d5552cc599"},
            "source": "rest",
            "data": {"status": "completed"},
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
    fn an_event_about_something_else_needs_no_task() {
        let mut value = completed();
        value["event_type"] = json!("user.signed_in");
        value["subject"]["type"] = json!("user");
        (value["task_id"], value["data"]) = (Value::Null, Value::Null);
        let event = read(&value).unwrap();
        assert_eq!(event.kind(), Some(EventType::UserSignedIn));
        assert!(event.subject.is(SubjectType::User));
        let id = "01a1fc60-bd5f-79a6-9fa6-46d5552cc59a";
        assert_eq!(event.subject.to_string(), format!("user/{id}"));
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
        for field in [
            "event_id",
            "change_id",
            "user_id",
            "subject",
            "actor",
            "source",
            "timestamp",
        ] {
            let mut value = completed();
            value.as_object_mut().unwrap().remove(field);
            let reason = read(&value).unwrap_err().to_string();
            assert!(reason.contains(field), "{reason}");
        }
        for field in ["task_id", "data"] {
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
