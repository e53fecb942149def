//! Where a change came in.

use std::str::FromStr;

/// The door through which a change came: the `ce_source` header.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Source {
    /// The HTTP API.
    Rest,
    /// The built-in assistant.
    Chat,
    /// A client of the MCP server.
    Mcp,
    /// An imported file.
    Import,
    /// The next occurrence of a repeating task.
    Recurrence,
    /// A reminder that came due.
    Reminder,
    /// A change that was taken back.
    Undo,
}

/// A name that is no [`Source`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no source: expected one of rest, chat, mcp, import, recurrence, reminder, undo")]
pub struct UnknownSource(String);

impl Source {
    /// The name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Rest => "rest",
            Self::Chat => "chat",
            Self::Mcp => "mcp",
            Self::Import => "import",
            Self::Recurrence => "recurrence",
            Self::Reminder => "reminder",
            Self::Undo => "undo",
        }
    }
}

impl FromStr for Source {
    type Err = UnknownSource;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        Ok(match name {
            "rest" => Self::Rest,
            "chat" => Self::Chat,
            "mcp" => Self::Mcp,
            "import" => Self::Import,
            "recurrence" => Self::Recurrence,
            "reminder" => Self::Reminder,
            "undo" => Self::Undo,
            other => return Err(UnknownSource(other.to_owned())),
        })
    }
}
