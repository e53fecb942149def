//! Opaque cursors: where a page ended, as base64url of JSON. Clients pass them back unread; whatever
//! comes back is checked by its type, and a forged one can only name another place in one's own list.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Serialize, de::DeserializeOwned};

/// Longer than any cursor we hand out.
const MAX_LENGTH: usize = 1024;

/// The cursor for a position, for example a tuple of the last row's sort keys.
pub fn encode(position: &impl Serialize) -> Result<String, serde_json::Error> {
    Ok(URL_SAFE_NO_PAD.encode(serde_json::to_vec(position)?))
}

/// The position of a cursor; `None` when it is none of ours.
pub fn decode<T: DeserializeOwned>(text: &str) -> Option<T> {
    if text.len() > MAX_LENGTH {
        return None;
    }
    let json = URL_SAFE_NO_PAD.decode(text).ok()?;
    // A decoded string goes into SQL, where U+0000 cannot; JSON writes it as an escape.
    if json.windows(6).any(|bytes| bytes == b"\\u0000") {
        return None;
    }
    serde_json::from_slice(&json).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_brings_its_position_back() {
        let text = encode(&("2026-01-02", 7)).expect("encodes");
        assert_eq!(decode(&text), Some(("2026-01-02".to_owned(), 7)));
    }

    #[test]
    fn nonsense_is_no_position() {
        for bad in ["", "!!", "e30", "bnVsbA"] {
            assert_eq!(decode::<(String, i64)>(bad), None, "{bad}");
        }
    }
}
