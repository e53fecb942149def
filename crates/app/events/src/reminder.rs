//! The event of a reminder that came due.

use crate::{Event, EventType, InvalidEvent};
use serde_json::Value;
use uuid::Uuid;

/// What `reminder.due` says, beside its envelope: `metadata` is `{reminder_id, remind_at}`.
#[derive(Debug, Clone, PartialEq)]
pub struct ReminderDue {
    /// The id of the event; a delivery is keyed by it.
    pub event_id: Uuid,
    /// Whom to remind.
    pub user_id: Uuid,
    /// Of which task.
    pub task_id: Uuid,
    /// Which of its reminders.
    pub reminder_id: Uuid,
}

impl ReminderDue {
    /// Read it out of its event.
    ///
    /// # Errors
    /// When the event is of another type or lacks a field.
    pub fn from_event(event: &Event) -> Result<Self, InvalidEvent> {
        if event.kind() != Some(EventType::ReminderDue) {
            return Err(event.incomplete("to be of type reminder.due"));
        }
        let reminder_id = event
            .metadata
            .get("reminder_id")
            .and_then(Value::as_str)
            .and_then(|id| Uuid::parse_str(id).ok())
            .ok_or_else(|| event.incomplete("metadata.reminder_id"))?;
        Ok(Self {
            event_id: event.event_id,
            user_id: event.user_id,
            task_id: event.task_id.ok_or_else(|| event.incomplete("task_id"))?,
            reminder_id,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Actor, Source, Subject, SubjectType};
    use chrono::Utc;
    use serde_json::{Map, json};

    #[test]
    fn the_reminder_is_read_out_of_the_metadata() {
        let id = Uuid::now_v7();
        let mut event = Event {
            event_id: id,
            change_id: id,
            event_type: EventType::ReminderDue.as_str().to_owned(),
            user_id: id,
            subject: Subject {
                kind: SubjectType::Task.as_str().to_owned(),
                id,
            },
            task_id: Some(id),
            actor: Actor::System,
            source: Source::Reminder.as_str().to_owned(),
            data: Some(json!({})),
            previous_data: None,
            metadata: Map::new(),
            timestamp: Utc::now(),
        };
        assert!(ReminderDue::from_event(&event).is_err());
        let reminder_id = json!(id.to_string());
        event.metadata.insert("reminder_id".into(), reminder_id);
        assert_eq!(ReminderDue::from_event(&event).unwrap().reminder_id, id);
    }
}
