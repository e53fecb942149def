//! The words of a statement: keywords and identifiers, quoted ones too, without strings, comments,
//! parameters and operators.

/// Understands `'..'`, `E'..'`, `"..."`, `$tag$..$tag$`, `--` and nested `/* */`.
pub(crate) fn words(sql: &str) -> Words<'_> {
    Words { sql, at: 0 }
}

pub(crate) struct Words<'a> {
    sql: &'a str,
    at: usize,
}

impl<'a> Iterator for Words<'a> {
    type Item = &'a str;

    fn next(&mut self) -> Option<&'a str> {
        while let Some(byte) = self.peek(0) {
            match byte {
                b'\'' => self.skip_string(false),
                b'"' => return Some(self.quoted_identifier()),
                b'$' => self.skip_dollar(),
                b'-' if self.peek(1) == Some(b'-') => self.skip_past("\n"),
                b'/' if self.peek(1) == Some(b'*') => self.skip_comment(),
                _ if starts_word(byte) => {
                    let word = self.word();
                    if matches!(word, "e" | "E") && self.peek(0) == Some(b'\'') {
                        self.skip_string(true);
                    } else {
                        return Some(word);
                    }
                }
                b'0'..=b'9' => {
                    self.word();
                }
                _ => self.at += 1,
            }
        }
        None
    }
}

fn starts_word(byte: u8) -> bool {
    byte.is_ascii_alphabetic() || byte == b'_' || byte >= 0x80
}

impl<'a> Words<'a> {
    fn peek(&self, ahead: usize) -> Option<u8> {
        self.sql.as_bytes().get(self.at + ahead).copied()
    }

    /// All delimiters are ASCII, so a slice between them is on character boundaries.
    fn since(&self, start: usize) -> &'a str {
        self.sql.get(start..self.at).unwrap_or_default()
    }

    fn word(&mut self) -> &'a str {
        let start = self.at;
        while self
            .peek(0)
            .is_some_and(|byte| starts_word(byte) || byte.is_ascii_digit() || byte == b'$')
        {
            self.at += 1;
        }
        self.since(start)
    }

    fn quoted_identifier(&mut self) -> &'a str {
        self.at += 1;
        let start = self.at;
        while self.peek(0).is_some_and(|byte| byte != b'"') {
            self.at += 1;
        }
        let name = self.since(start);
        self.at += 1;
        name
    }

    fn skip_string(&mut self, backslash_escapes: bool) {
        self.at += 1;
        while let Some(byte) = self.peek(0) {
            self.at += 1;
            match byte {
                b'\\' if backslash_escapes => self.at += 1,
                // A doubled quote continues the string: the next call would start there.
                b'\'' if self.peek(0) == Some(b'\'') => self.at += 1,
                b'\'' => return,
                _ => {}
            }
        }
    }

    /// `$1` is a parameter, `$tag$` opens a string that the same tag closes.
    fn skip_dollar(&mut self) {
        let start = self.at;
        self.at += 1;
        while self
            .peek(0)
            .is_some_and(|byte| starts_word(byte) || byte.is_ascii_digit())
        {
            self.at += 1;
        }
        let is_parameter = self
            .since(start)
            .as_bytes()
            .get(1)
            .is_some_and(u8::is_ascii_digit);
        if !is_parameter && self.peek(0) == Some(b'$') {
            self.at += 1;
            let tag = self.since(start);
            self.skip_past(tag);
        }
    }

    fn skip_past(&mut self, end: &str) {
        let rest = self.sql.get(self.at..).unwrap_or_default();
        self.at = rest
            .find(end)
            .map_or(self.sql.len(), |found| self.at + found + end.len());
    }

    fn skip_comment(&mut self) {
        let mut depth = 0usize;
        while let Some(byte) = self.peek(0) {
            let pair = (byte, self.peek(1));
            self.at += 1;
            if pair == (b'/', Some(b'*')) {
                depth += 1;
                self.at += 1;
            } else if pair == (b'*', Some(b'/')) {
                depth -= 1;
                self.at += 1;
                if depth == 0 {
                    return;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(sql: &str) -> Vec<&str> {
        words(sql).collect()
    }

    #[test]
    fn strings_comments_and_parameters_are_not_words() {
        assert_eq!(
            all("select $1, 'a''b' -- c\n/* d /* e */ f */ from \"G h\""),
            ["select", "from", "G h"]
        );
        assert_eq!(all("a $x$ b $y$ c $x$ d $$ e $$ f"), ["a", "d", "f"]);
        assert_eq!(all("E'a\\'b' c"), ["c"]);
        assert_eq!(all("x.y::int4[1]"), ["x", "y", "int4"]);
    }

    #[test]
    fn unfinished_text_ends_without_a_panic() {
        for sql in [
            "'", "\"", "$a$", "/*", "/* /* */", "--", "E'\\", "$", "é'ü", "*/",
        ] {
            let _ = all(sql);
        }
    }
}
