//! From text to [`Filter`]: recursive descent, bounded in depth, and linear in time.

use super::scan::{Scanner, is_quote};
use super::term::due_in;
use super::{Error, Field, Filter, Term};
use crate::{Priority, Status};

/// The longest filter, in characters.
pub const MAX_CHARACTERS: usize = 1_000;
/// How deep parentheses and `not` may nest.
pub const MAX_DEPTH: usize = 16;
/// The most conditions; each costs the database.
pub const MAX_TERMS: usize = 64;

const TERM: &str = "a condition such as today, p1, #tag, +project or \"words\"";

/// Read a filter.
///
/// # Errors
/// Says where it stops to make sense and what was expected there.
pub fn parse(text: &str) -> Result<Filter, Error> {
    if let Some((end, _)) = text.char_indices().nth(MAX_CHARACTERS) {
        let expected = format!("the end: a filter has at most {MAX_CHARACTERS} characters");
        return Err(Error::new(text, end..text.len(), expected));
    }
    let mut parser = Parser {
        scanner: Scanner::new(text),
        depth: 0,
        terms: 0,
    };
    let filter = parser.any()?;
    match parser.scanner.peek() {
        None => Ok(filter),
        Some(')') => Err(parser.scanner.expected("& or |: no parenthesis is open")),
        Some(_) => Err(parser.scanner.expected("& or |")),
    }
}

pub(super) struct Parser<'a> {
    pub(super) scanner: Scanner<'a>,
    depth: usize,
    terms: usize,
}

/// A single one stands for itself.
pub(super) fn joined(mut filters: Vec<Filter>, join: fn(Vec<Filter>) -> Filter) -> Filter {
    match filters.pop() {
        Some(only) if filters.is_empty() => only,
        last => {
            filters.extend(last);
            join(filters)
        }
    }
}

impl Parser<'_> {
    fn any(&mut self) -> Result<Filter, Error> {
        let mut filters = vec![self.all()?];
        while self.operator('|', "or") {
            filters.push(self.all()?);
        }
        Ok(joined(filters, Filter::Any))
    }

    fn all(&mut self) -> Result<Filter, Error> {
        let mut filters = vec![self.not()?];
        while self.operator('&', "and") {
            filters.push(self.not()?);
        }
        Ok(joined(filters, Filter::All))
    }

    /// Written once or, as programmers do, twice; or as a word.
    fn operator(&mut self, sign: char, word: &str) -> bool {
        self.scanner.skip_blanks();
        if self.scanner.eat(sign) {
            self.scanner.eat(sign);
            return true;
        }
        self.scanner.eat_word(word)
    }

    fn not(&mut self) -> Result<Filter, Error> {
        self.scanner.skip_blanks();
        let start = self.scanner.at();
        if self.scanner.eat('!') || self.scanner.eat_word("not") {
            return self
                .nested(start, Self::not)
                .map(|filter| Filter::Not(Box::new(filter)));
        }
        if self.scanner.eat('(') {
            return self.nested(start, |parser| {
                let filter = parser.any()?;
                parser.scanner.skip_blanks();
                if !parser.scanner.eat(')') {
                    return Err(parser.scanner.expected("&, | or )"));
                }
                Ok(filter)
            });
        }
        self.count_term()?;
        self.term()
    }

    pub(super) fn count_term(&mut self) -> Result<(), Error> {
        if self.terms == MAX_TERMS {
            let expected = format!("the end: a filter has at most {MAX_TERMS} conditions");
            return Err(self.scanner.expected(expected));
        }
        self.terms += 1;
        Ok(())
    }

    fn nested(
        &mut self,
        start: usize,
        inside: impl FnOnce(&mut Self) -> Result<Filter, Error>,
    ) -> Result<Filter, Error> {
        if self.depth == MAX_DEPTH {
            let expected = format!("a condition: parentheses and not are at most {MAX_DEPTH} deep");
            return Err(self.scanner.error(start..self.scanner.at(), expected));
        }
        self.depth += 1;
        let filter = inside(self)?;
        self.depth -= 1;
        Ok(filter)
    }

    fn term(&mut self) -> Result<Filter, Error> {
        let term = match self.scanner.peek() {
            Some(sign @ ('#' | '@')) => {
                self.scanner.eat(sign);
                Term::Tag(self.name("the name of a tag")?)
            }
            Some('+') => {
                self.scanner.eat('+');
                Term::Project(self.name("the name of a project")?)
            }
            Some(c) if is_quote(c) => Term::Text(self.quoted_words()?),
            _ => return self.keyword(),
        };
        Ok(Filter::Term(term))
    }

    fn keyword(&mut self) -> Result<Filter, Error> {
        let start = self.scanner.at();
        let word = self.scanner.peek_word();
        self.scanner.eat_word(&word);
        let term = match word.as_str() {
            "today" => due_in(0),
            "tomorrow" => due_in(1),
            "overdue" => Term::Overdue,
            "recurring" => Term::Recurring,
            "pending" => Term::Status(Status::Pending),
            "p1" | "urgent" => Term::Priority(Priority::Urgent),
            "p2" | "high" => Term::Priority(Priority::High),
            "p3" | "medium" => Term::Priority(Priority::Medium),
            "p4" | "low" => Term::Priority(Priority::Low),
            "no" => self.nothing()?,
            "next" => self.next_days()?,
            "by" => self.author()?,
            "due" => self.day(Field::Due)?,
            "created" => self.day(Field::Created)?,
            "updated" => self.day(Field::Updated)?,
            "completed" => self.completed()?,
            "search" => return self.search(),
            _ => {
                self.scanner.back_to(start);
                return Err(self.scanner.expected(TERM));
            }
        };
        Ok(Filter::Term(term))
    }
}
