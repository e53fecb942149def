//! Who did it.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Who made a change: `{"type":"user","id":"..."}`, `{"type":"assistant","id":"..."}` or
/// `{"type":"system"}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Actor {
    /// The user, with their own hands.
    User {
        /// The user's id.
        id: Uuid,
    },
    /// An assistant, for a user.
    Assistant {
        /// The id of the user it acts for.
        id: Uuid,
    },
    /// The application itself: the next occurrence, a reminder.
    System,
}

impl Actor {
    /// As JSON text, for a statement's parameter.
    pub fn to_json(&self) -> String {
        match self {
            Self::User { id } => format!(r#"{{"type":"user","id":"{id}"}}"#),
            Self::Assistant { id } => format!(r#"{{"type":"assistant","id":"{id}"}}"#),
            Self::System => r#"{"type":"system"}"#.to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_text_reads_back_as_the_same_actor() {
        let id = Uuid::from_u128(7);
        for actor in [Actor::User { id }, Actor::Assistant { id }, Actor::System] {
            let read: Actor = serde_json::from_str(&actor.to_json()).unwrap();
            assert_eq!(read, actor);
        }
    }
}
