//! What an event is about.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// The kinds of things that events are about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SubjectType {
    /// A task.
    Task,
    /// An account.
    User,
    /// A personal access token.
    Token,
}

impl SubjectType {
    /// The name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Task => "task",
            Self::User => "user",
            Self::Token => "token",
        }
    }
}

/// What an event is about: `{"type":"task","id":"..."}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subject {
    /// The name of a [`SubjectType`], or of one that a newer version has added.
    #[serde(rename = "type")]
    pub kind: String,
    /// Its id.
    pub id: Uuid,
}

impl Subject {
    /// Whether it is of this type.
    pub fn is(&self, kind: SubjectType) -> bool {
        self.kind == kind.as_str()
    }
}

/// As the `ce_subject` header has it: `task/<id>`.
impl std::fmt::Display for Subject {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.kind, self.id)
    }
}
