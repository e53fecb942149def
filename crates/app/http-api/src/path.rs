//! Paths of requests.

use std::borrow::Cow;

use percent_encoding::percent_decode_str;

/// A part of a path with its escapes undone; `None` when it is not UTF-8.
pub fn decode(part: &str) -> Option<Cow<'_, str>> {
    percent_decode_str(part).decode_utf8().ok()
}
