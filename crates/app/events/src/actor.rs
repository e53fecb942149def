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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_text_reads_back_as_the_same_actor() {
        let id = Uuid::from_u128(7);
        for actor in [Actor::User { id }, Actor::Assistant { id }, Actor::System] {
            let text = serde_json::to_string(&actor).unwrap();
            assert_eq!(serde_json::from_str::<Actor>(&text).unwrap(), actor);
        }
    }
}
