//! Folding: what a search compares, and when two names are one.

use super::characters::{is_accent, is_invisible, plain_letters, plain_punctuation};
use std::collections::HashSet;
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::{canonical_combining_class, decompose_compatible};

const BREVE: char = '\u{306}';

/// The text without what a search should not mind: case (Unicode full case folding, so `ß` is `ss` and
/// a final sigma a sigma), accents, width and other compatibility forms (NFKC), the shape of quotes and
/// dashes, invisible characters, and how wide and of what kind blanks are. Line breaks are blanks.
///
/// Folding twice is folding once, and all normal forms of a text fold to the same.
pub fn fold(text: &str) -> String {
    let mut folding = Folding::default();
    for c in text.nfd() {
        folding.add(c);
    }
    folding.text.nfc().collect()
}

/// By what names are told apart: names with the same key are the same. Where nothing is left of a
/// name, such as a lone accent, it is its own key.
pub fn key(name: &str) -> String {
    let folded = fold(name);
    if folded.is_empty() {
        name.nfc().collect()
    } else {
        folded
    }
}

/// The names that differ, each as it was first written.
pub fn distinct(names: impl IntoIterator<Item = String>) -> Vec<String> {
    let mut known = HashSet::new();
    names
        .into_iter()
        .filter(|name| known.insert(key(name)))
        .collect()
}

#[derive(Default)]
struct Folding {
    text: String,
    has_blank: bool,
    /// The letter that marks which follow belong to.
    base: Option<char>,
}

impl Folding {
    fn add(&mut self, c: char) {
        let plain = plain_punctuation(c);
        let mut parts = Parts::default();
        decompose_compatible(plain, |part| parts.add(part));
        if parts.is_spacing_accent() && !plain.is_whitespace() {
            self.push(plain);
        } else {
            decompose_compatible(plain, |part| self.add_part(part));
        }
    }

    fn add_part(&mut self, c: char) {
        if c.is_whitespace() {
            self.has_blank = true;
            self.base = None;
        } else if is_accent(c) {
            self.add_accent(c);
        } else if !is_invisible(c) {
            for c in fold_case(plain_punctuation(c)) {
                match plain_letters(c) {
                    Some(letters) => letters.chars().for_each(|c| self.push(c)),
                    None => self.push(c),
                }
            }
        }
    }

    /// Accents are dropped, but for the one of `й`: as in the root collation of Unicode it is a letter
    /// of its own.
    fn add_accent(&mut self, c: char) {
        if c == BREVE && self.base == Some('и') {
            self.text.push(c);
            self.base = None;
        }
    }

    fn push(&mut self, c: char) {
        if std::mem::take(&mut self.has_blank) && !self.text.is_empty() {
            self.text.push(' ');
        }
        self.text.push(c);
        if canonical_combining_class(c) == 0 {
            self.base = Some(c);
        }
    }
}

/// Unicode makes case folding from these mappings. Lower case first, for `ẞ` has no upper case.
fn fold_case(c: char) -> impl Iterator<Item = char> {
    c.to_lowercase()
        .flat_map(char::to_uppercase)
        .flat_map(char::to_lowercase)
}

/// How a compatibility decomposition begins.
#[derive(Default)]
struct Parts {
    count: usize,
    begins_with_blank: bool,
}

impl Parts {
    fn add(&mut self, part: char) {
        self.begins_with_blank |= self.count == 0 && part == ' ';
        self.count += 1;
    }

    /// `¨` would come apart into a blank and an accent, and so into nothing.
    fn is_spacing_accent(&self) -> bool {
        self.begins_with_blank && self.count > 1
    }
}
