//! What is wrong with a filter, and where.

use serde::Serialize;

/// A stretch of a text, in characters from its beginning: `start` is the first of them, `end` the one
/// after the last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Span {
    /// The first character.
    pub start: usize,
    /// The one after the last; `start` where something is missing.
    pub end: usize,
}

/// A filter that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, thiserror::Error)]
#[error("column {column}: expected {expected}")]
pub struct Error {
    /// Where it stops to make sense, in characters; the first is 1.
    pub column: usize,
    /// What stands there, for a page to underline.
    pub span: Span,
    /// What was expected there.
    pub expected: String,
}

impl Error {
    /// From places in bytes, which must lie between characters.
    pub(super) fn new(
        text: &str,
        bytes: std::ops::Range<usize>,
        expected: impl Into<String>,
    ) -> Self {
        let characters = |bytes: usize| text.get(..bytes).unwrap_or(text).chars().count();
        let start = characters(bytes.start);
        Self {
            column: start + 1,
            span: Span {
                start,
                end: characters(bytes.end).max(start),
            },
            expected: expected.into(),
        }
    }
}
