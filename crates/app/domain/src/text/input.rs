//! Text that comes in: in one normal form, and never empty to the eye.

use super::characters::is_invisible;
use unicode_normalization::UnicodeNormalization;

/// In NFC, without blanks and zero-width spaces around it.
pub fn clean(text: &str) -> String {
    let normal: String = text.nfc().collect();
    let is_edge = |c: char| c.is_whitespace() || matches!(c, '\u{200B}' | '\u{FEFF}' | '\u{2060}');
    normal.trim_matches(is_edge).to_owned()
}

/// Whether a reader would see nothing.
pub fn is_blank(text: &str) -> bool {
    text.chars().all(|c| c.is_whitespace() || is_invisible(c))
}

/// Read text of one line that must say something, such as a title or a name.
///
/// # Errors
/// With a message for the user.
pub fn line(text: &str, max_characters: usize) -> Result<String, String> {
    let text = clean(text);
    if is_blank(&text) {
        return Err("must not be empty".into());
    }
    if text
        .chars()
        .any(|c| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}'))
    {
        return Err("must be one line without control characters".into());
    }
    at_most(text, max_characters)
}

/// Read text of any number of lines; `None` when a reader would see nothing of it.
///
/// # Errors
/// With a message for the user.
pub fn paragraphs(text: &str, max_characters: usize) -> Result<Option<String>, String> {
    if text.contains('\0') {
        return Err("must not contain U+0000".into());
    }
    if is_blank(text) {
        return Ok(None);
    }
    at_most(text.nfc().collect(), max_characters).map(Some)
}

fn at_most(text: String, max: usize) -> Result<String, String> {
    let length = text.chars().count();
    if length > max {
        return Err(format!("must be at most {max} characters, not {length}"));
    }
    Ok(text)
}
