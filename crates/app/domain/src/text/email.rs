//! When two e-mail addresses are one.

use unicode_normalization::UnicodeNormalization;

/// By what addresses are told apart: the letters in lower case and in NFC. No more than that:
/// `jose@` and `josé@`, `strasse@` and `straße@` are mailboxes of different people.
pub fn email_key(address: &str) -> String {
    address
        .trim()
        .nfc()
        .flat_map(char::to_lowercase)
        .map(|c| if c == 'ς' { 'σ' } else { c })
        .nfc()
        .collect()
}
