//! The single conditions of the language that are more than one word.

use super::parse::Parser;
use super::scan::is_quote;
use super::{Day, Error, Field, Filter, Relation, Term};
use crate::Status;
use crate::text::{clean, fold, is_blank};

const DATE: &str = "a date such as 2027-01-31, today, friday, +7d or -2w";
const WORDS: &str = "words to search for";

/// The most days that `next` counts.
const MAX_NEXT_DAYS: u16 = 999;

pub(super) const fn due_in(days: i32) -> Term {
    Term::Day {
        field: Field::Due,
        relation: Relation::On,
        day: Day::Offset(days),
    }
}

impl Parser<'_> {
    /// `no` was read.
    pub(super) fn nothing(&mut self) -> Result<Term, Error> {
        self.scanner.skip_blanks();
        let word = self.scanner.peek_word();
        let term = match word.as_str() {
            "date" => Term::NoDate,
            "tag" | "tags" => Term::NoTag,
            "project" => Term::NoProject,
            _ => return Err(self.scanner.expected("date, tag or project")),
        };
        self.scanner.eat_word(&word);
        Ok(term)
    }

    /// `next` was read.
    pub(super) fn next_days(&mut self) -> Result<Term, Error> {
        self.scanner.skip_blanks();
        let word = self.scanner.peek_word();
        let is_number = word.bytes().all(|byte| byte.is_ascii_digit());
        let days = match word.parse() {
            Ok(days @ 1..=MAX_NEXT_DAYS) if is_number => days,
            _ => {
                let expected = format!("a number of days from 1 to {MAX_NEXT_DAYS}");
                return Err(self.scanner.expected(expected));
            }
        };
        self.scanner.eat_word(&word);
        self.scanner.skip_blanks();
        if self.scanner.eat_word("days") || self.scanner.eat_word("day") {
            Ok(Term::NextDays(days))
        } else {
            Err(self.scanner.expected("days"))
        }
    }

    /// `by` was read.
    pub(super) fn author(&mut self) -> Result<Term, Error> {
        self.scanner.skip_blanks();
        if self.scanner.eat_word("assistant") {
            Ok(Term::ByAssistant)
        } else {
            Err(self.scanner.expected("assistant"))
        }
    }

    /// `completed` was read, which is a condition of its own too.
    pub(super) fn completed(&mut self) -> Result<Term, Error> {
        self.scanner.skip_blanks();
        let goes_on = self.scanner.peek() == Some(':')
            || matches!(self.scanner.peek_word().as_str(), "before" | "after");
        if goes_on {
            self.day(Field::Completed)
        } else {
            Ok(Term::Status(Status::Completed))
        }
    }

    /// The name of a field with a day was read.
    pub(super) fn day(&mut self, field: Field) -> Result<Term, Error> {
        self.scanner.skip_blanks();
        let relation = if self.scanner.eat_word("before") {
            Relation::Before
        } else if self.scanner.eat_word("after") {
            Relation::After
        } else {
            Relation::On
        };
        self.scanner.skip_blanks();
        if !self.scanner.eat(':') {
            let expected = match relation {
                Relation::On => "before:, after: or :",
                Relation::Before | Relation::After => ":",
            };
            return Err(self.scanner.expected(expected));
        }
        self.scanner.skip_blanks();
        let start = self.scanner.at();
        let Some(day) = Day::parse(self.scanner.bare()) else {
            self.scanner.back_to(start);
            return Err(self.scanner.expected(DATE));
        };
        Ok(Term::Day {
            field,
            relation,
            day,
        })
    }

    /// `search` was read. Every word is a condition; a search for several is all of them.
    pub(super) fn search(&mut self) -> Result<Filter, Error> {
        self.scanner.skip_blanks();
        if !self.scanner.eat(':') {
            return Err(self.scanner.expected(":"));
        }
        let mut words = Vec::new();
        loop {
            self.scanner.skip_blanks();
            match self.scanner.peek() {
                None | Some('&' | '|' | ')') => break,
                Some(c) if is_quote(c) => words.push(self.quoted_words()?),
                Some(_) => {
                    let start = self.scanner.at();
                    let word = self.scanner.search_word();
                    if word.eq_ignore_ascii_case("and") || word.eq_ignore_ascii_case("or") {
                        self.scanner.back_to(start);
                        break;
                    }
                    words.push(self.words(start, word)?);
                }
            }
            if words.len() > 1 {
                self.count_term()?;
            }
        }
        if words.is_empty() {
            return Err(self.scanner.expected(WORDS));
        }
        let filters = words.into_iter().map(|text| Filter::Term(Term::Text(text)));
        Ok(super::parse::joined(filters.collect(), Filter::All))
    }

    /// The text in the quotes that come next.
    pub(super) fn quoted_words(&mut self) -> Result<String, Error> {
        let start = self.scanner.at();
        let inside = self.scanner.quoted()?;
        self.words(start, &inside)
    }

    /// Text that leaves something to search for.
    fn words(&self, start: usize, text: &str) -> Result<String, Error> {
        if fold(text).is_empty() {
            return Err(self.scanner.error(start..self.scanner.at(), WORDS));
        }
        Ok(clean(text))
    }

    /// A name, in quotes or not.
    pub(super) fn name(&mut self, expected: &str) -> Result<String, Error> {
        let start = self.scanner.at();
        let name = if self.scanner.peek().is_some_and(is_quote) {
            clean(&self.scanner.quoted()?)
        } else {
            clean(self.scanner.bare())
        };
        if is_blank(&name) {
            return Err(self.scanner.error(start..self.scanner.at(), expected));
        }
        Ok(name)
    }
}
