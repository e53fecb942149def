//! The canonical text of a filter. Parsed again it is the same filter.

use super::scan::{is_delimiter, is_quote};
use super::{Day, Field, Filter, Relation, Term};
use crate::{Priority, Status};
use std::fmt::{Display, Formatter, Result, Write};

impl Display for Filter {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match self {
            Self::All(filters) => join(f, filters, " & ", |inner| {
                matches!(inner, Self::All(_) | Self::Any(_))
            }),
            Self::Any(filters) => join(f, filters, " | ", |inner| matches!(inner, Self::Any(_))),
            Self::Not(filter) => {
                f.write_char('!')?;
                let has_operator = matches!(**filter, Self::All(_) | Self::Any(_));
                operand(f, filter, has_operator)
            }
            Self::Term(term) => term.fmt(f),
        }
    }
}

fn join(
    f: &mut Formatter<'_>,
    filters: &[Filter],
    operator: &str,
    needs_parentheses: impl Fn(&Filter) -> bool,
) -> Result {
    for (index, filter) in filters.iter().enumerate() {
        if index > 0 {
            f.write_str(operator)?;
        }
        operand(f, filter, needs_parentheses(filter))?;
    }
    Ok(())
}

fn operand(f: &mut Formatter<'_>, filter: &Filter, needs_parentheses: bool) -> Result {
    if needs_parentheses {
        write!(f, "({filter})")
    } else {
        filter.fmt(f)
    }
}

impl Display for Term {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match self {
            Self::Day {
                field: Field::Due,
                relation: Relation::On,
                day: day @ Day::Offset(0 | 1),
            } => day.fmt(f),
            Self::Day {
                field,
                relation,
                day,
            } => write!(f, "{}{}: {day}", field.word(), relation.word()),
            Self::NextDays(days) => write!(f, "next {days} days"),
            Self::NoDate => f.write_str("no date"),
            Self::Overdue => f.write_str("overdue"),
            Self::Status(Status::Pending) => f.write_str("pending"),
            Self::Status(Status::Completed) => f.write_str("completed"),
            Self::Priority(priority) => f.write_str(match priority {
                Priority::Urgent => "p1",
                Priority::High => "p2",
                Priority::Medium => "p3",
                Priority::Low => "p4",
            }),
            Self::Tag(name) => write_name(f, '#', name),
            Self::NoTag => f.write_str("no tag"),
            Self::Project(name) => write_name(f, '+', name),
            Self::NoProject => f.write_str("no project"),
            Self::Recurring => f.write_str("recurring"),
            Self::ByAssistant => f.write_str("by assistant"),
            Self::Text(text) => write_quoted(f, text),
        }
    }
}

impl Field {
    const fn word(self) -> &'static str {
        match self {
            Self::Due => "due",
            Self::Created => "created",
            Self::Updated => "updated",
            Self::Completed => "completed",
        }
    }
}

impl Relation {
    const fn word(self) -> &'static str {
        match self {
            Self::On => "",
            Self::Before => " before",
            Self::After => " after",
        }
    }
}

fn write_name(f: &mut Formatter<'_>, sign: char, name: &str) -> Result {
    f.write_char(sign)?;
    if name.contains(|c| is_delimiter(c) || is_quote(c)) {
        write_quoted(f, name)
    } else {
        f.write_str(name)
    }
}

fn write_quoted(f: &mut Formatter<'_>, text: &str) -> Result {
    f.write_char('"')?;
    for c in text.chars() {
        if matches!(c, '"' | '\\') {
            f.write_char('\\')?;
        }
        f.write_char(c)?;
    }
    f.write_char('"')
}
