//! The filter language: `(today | overdue) & #home & !p4`. One parser for REST, saved filters, chat and
//! MCP.
//!
//! A text is parsed into a [`Filter`], which says what was written. Resolved at an instant and in a
//! zone, it is a [`Condition`] with plain dates and instants: that decides over a task here
//! ([`Condition::matches`]) and is what `store` makes SQL of. Both must say the same.
//!
//! ```text
//! any       = all  { ("|" | "or")  all }
//! all       = not  { ("&" | "and") not }
//! not       = ("!" | "not") not | "(" any ")" | term
//! term      = "today" | "tomorrow" | "overdue" | "next" N "days"
//!           | ("due" | "created" | "updated" | "completed") ["before" | "after"] ":" DATE
//!           | "no" ("date" | "tag" | "project") | "recurring" | "by" "assistant"
//!           | "pending" | "completed" | "p1".."p4" | "urgent" | "high" | "medium" | "low"
//!           | ("#" | "@" | "+") NAME | QUOTED | "search" ":" (WORD | QUOTED) { WORD | QUOTED }
//! DATE      = YYYY-MM-DD | "today" | "tomorrow" | "yesterday" | weekday | ("+" | "-") N ("d" | "w")
//! NAME      = QUOTED | characters up to a blank or one of & | ( ) "
//! QUOTED    = "\"" characters, where \ makes the next one plain "\""
//! ```

mod condition;
mod day;
mod display;
mod error;
mod matches;
mod parse;
mod scan;
mod term;

pub use condition::{Condition, Moment, Place};
pub use day::Day;
pub use error::{Error, Span};
pub use matches::Candidate;
pub use parse::{MAX_CHARACTERS, MAX_DEPTH, MAX_TERMS, parse};

use crate::{Priority, Status};
use chrono::{DateTime, Utc};
use chrono_tz::Tz;

/// What was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Filter {
    /// Each of these, two or more.
    All(Vec<Filter>),
    /// At least one of these, two or more.
    Any(Vec<Filter>),
    /// Not this.
    Not(Box<Filter>),
    /// One condition.
    Term(Term),
}

/// One condition as it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Term {
    /// A day or an instant of the task, set against a day.
    Day {
        /// Which of the task's.
        field: Field,
        /// How it lies to the day.
        relation: Relation,
        /// The day.
        day: Day,
    },
    /// Due on one of so many days, today being the first: 1 to 999.
    NextDays(u16),
    /// Not due at all.
    NoDate,
    /// Pending although it was due before now.
    Overdue,
    /// Done or not.
    Status(Status),
    /// How much it matters.
    Priority(Priority),
    /// With this tag, whatever its case and accents.
    Tag(String),
    /// With no tag.
    NoTag,
    /// In a project of this name, whatever its case and accents.
    Project(String),
    /// In no project.
    NoProject,
    /// It repeats.
    Recurring,
    /// Made or last changed by the assistant.
    ByAssistant,
    /// Found by a search for this.
    Text(String),
}

/// What of a task is set against a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Field {
    /// The day it is due, as it stands in the task, whatever its zone.
    Due,
    /// When it was made.
    Created,
    /// When it was last changed.
    Updated,
    /// When it was completed.
    Completed,
}

/// How something lies to a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Relation {
    /// Within it.
    On,
    /// Before it begins.
    Before,
    /// After it has ended.
    After,
}

impl Filter {
    /// What it means at an instant for somebody in a zone.
    pub fn resolve(&self, now: DateTime<Utc>, zone: Tz) -> Condition {
        Condition::of(self, now, zone)
    }

    /// Whether it lets a task through, at an instant and for somebody in a zone.
    pub fn matches(&self, task: &Candidate<'_>, now: DateTime<Utc>, zone: Tz) -> bool {
        self.resolve(now, zone).matches(task)
    }
}

impl std::str::FromStr for Filter {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        parse(text)
    }
}
