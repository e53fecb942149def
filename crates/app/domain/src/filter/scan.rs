//! Walks forward through the text of a filter, looking at most one word ahead.

use super::Error;
use std::ops::Range;

/// Ends a word or a name that is not in quotes.
pub(super) fn is_delimiter(c: char) -> bool {
    c.is_whitespace() || matches!(c, '&' | '|' | '(' | ')') || is_quote(c)
}

/// Keyboards of phones make typographic quotes of the plain one.
pub(super) fn is_quote(c: char) -> bool {
    matches!(c, '"' | '“' | '”' | '„')
}

pub(super) struct Scanner<'a> {
    text: &'a str,
    /// In bytes, always between two characters.
    at: usize,
}

impl<'a> Scanner<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { text, at: 0 }
    }

    pub(super) fn at(&self) -> usize {
        self.at
    }

    /// Goes back to an earlier place, to point at it.
    pub(super) fn back_to(&mut self, at: usize) {
        self.at = at;
    }

    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    pub(super) fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    pub(super) fn skip_blanks(&mut self) {
        let rest = self.rest();
        self.at += rest.len() - rest.trim_start().len();
    }

    /// Takes the character if it comes next.
    pub(super) fn eat(&mut self, wanted: char) -> bool {
        let found = self.peek() == Some(wanted);
        if found {
            self.at += wanted.len_utf8();
        }
        found
    }

    /// What comes up to the next delimiter or one more that ends it here.
    fn peek_until(&self, also: impl Fn(char) -> bool) -> &'a str {
        let rest = self.rest();
        let end = rest
            .find(|c| is_delimiter(c) || also(c))
            .unwrap_or(rest.len());
        rest.get(..end).unwrap_or_default()
    }

    /// The next word of the language, in lower case; empty when none comes.
    pub(super) fn peek_word(&self) -> String {
        self.peek_until(|c| matches!(c, ':' | '!'))
            .to_ascii_lowercase()
    }

    /// Takes the word if it comes next.
    pub(super) fn eat_word(&mut self, wanted: &str) -> bool {
        let word = self.peek_word();
        let found = word == wanted;
        if found {
            self.at += word.len();
        }
        found
    }

    /// What comes up to the next delimiter.
    pub(super) fn bare(&mut self) -> &'a str {
        let found = self.peek_until(|_| false);
        self.at += found.len();
        found
    }

    /// What comes up to the next delimiter, quotes not being one.
    pub(super) fn search_word(&mut self) -> &'a str {
        let rest = self.rest();
        let end = rest
            .find(|c: char| c.is_whitespace() || matches!(c, '&' | '|' | ')'))
            .unwrap_or(rest.len());
        self.at += end;
        rest.get(..end).unwrap_or_default()
    }

    /// The inside of the quotes that come next, a backslash taken off the character after it.
    pub(super) fn quoted(&mut self) -> Result<String, Error> {
        let start = self.at;
        let mut inside = String::new();
        let mut characters = self.rest().chars();
        let opening = characters.next();
        let closes = |c: char| match opening {
            Some('"') => c == '"',
            _ => is_quote(c),
        };
        while let Some(c) = characters.next() {
            if closes(c) {
                self.at = self.text.len() - characters.as_str().len();
                return Ok(inside);
            }
            inside.extend(if c == '\\' {
                characters.next()
            } else {
                Some(c)
            });
        }
        let mut error = self.error(self.text.len()..self.text.len(), "a closing \"");
        error.span = Error::new(self.text, start..self.text.len(), "").span;
        Err(error)
    }

    pub(super) fn error(&self, bytes: Range<usize>, expected: impl Into<String>) -> Error {
        Error::new(self.text, bytes, expected)
    }

    /// Something else was expected here: points at the word, or the character, that comes.
    pub(super) fn expected(&self, what: impl Into<String>) -> Error {
        let word = self.peek_until(|_| false).len();
        let next = self.peek().map_or(0, char::len_utf8);
        self.error(self.at..self.at + word.max(next), what)
    }
}
