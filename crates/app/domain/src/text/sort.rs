//! An order for people, made of plain bytes so that every server has the same.

use super::fold;

/// The longest key. Where titles are the same so far, another key decides. An index and a cursor can
/// hold it.
pub const MAX_SORT_KEY_BYTES: usize = 255;

/// A key whose order by bytes (`COLLATE "C"`) is one for people: case and accents do not count
/// (`Äpfel` before `Zebra`), and numbers stand by their size (`Part 9` before `Part 10`).
pub fn sort_key(text: &str) -> String {
    let mut key = String::new();
    let mut digits = String::new();
    for c in fold(text).chars() {
        if c.is_ascii_digit() {
            digits.push(c);
            continue;
        }
        push_number(&mut key, &mut digits);
        key.push(c);
    }
    push_number(&mut key, &mut digits);
    key.truncate(key.floor_char_boundary(MAX_SORT_KEY_BYTES));
    key
}

/// The number of its digits before it, in digits itself: a shorter number is a smaller one.
fn push_number(key: &mut String, digits: &mut String) {
    if digits.is_empty() {
        return;
    }
    let significant = digits.trim_start_matches('0');
    let (nines, rest) = (significant.len() / 9, significant.len() % 9);
    key.extend(std::iter::repeat_n('9', nines));
    key.push_str(&rest.to_string());
    key.push_str(significant);
    digits.clear();
}
