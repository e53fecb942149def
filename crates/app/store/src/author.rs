//! Who writes for a user, and where the change came in.

use events::{Actor, EventType, NewEvent, Source};
use spin_sdk::pg::ParameterValue;
use uuid::Uuid;

/// What the events of one request, or of one handled event, have in common.
#[derive(Debug, Clone)]
pub struct Author {
    /// Whose things are written.
    pub user_id: Uuid,
    /// Who does it.
    pub actor: Actor,
    /// Where the change came in.
    pub source: Source,
    /// The same for everything that one request changes.
    pub change_id: Uuid,
    /// W3C trace context of the request or event that caused it.
    pub traceparent: Option<String>,
}

impl Author {
    /// A user who does it with their own hands, in a request of its own.
    pub fn user(user_id: Uuid, source: Source, traceparent: Option<String>) -> Self {
        Self {
            user_id,
            actor: Actor::User { id: user_id },
            source,
            change_id: Uuid::now_v7(),
            traceparent,
        }
    }

    /// The application itself, for a user, as it handles an event.
    pub fn system(user_id: Uuid, source: Source, traceparent: Option<String>) -> Self {
        Self {
            actor: Actor::System,
            ..Self::user(user_id, source, traceparent)
        }
    }

    /// The parameter of `append_event` (migrations).
    pub(crate) fn event(&self, kind: EventType) -> ParameterValue {
        let event = NewEvent {
            kind,
            change_id: self.change_id,
            actor: Some(&self.actor),
            source: self.source,
            traceparent: self.traceparent.as_deref(),
            metadata: None,
        };
        event.to_json().into()
    }
}
