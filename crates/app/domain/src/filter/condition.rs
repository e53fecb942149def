//! A filter at an instant and in a zone: plain dates, instants and keys, for one statement of SQL.

use super::{Day, Field, Filter, Relation, Term};
use crate::text::{fold, key};
use crate::time::{instant, local};
use crate::{Priority, Status};
use chrono::{DateTime, Days, NaiveDate, NaiveTime, Utc};
use chrono_tz::Tz;
use uuid::Uuid;

/// What a task must be. A task that has no value for a condition does not meet it, and meets its
/// [`Condition::Not`]: SQL's NULL must count as false.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Condition {
    /// Each of these; never empty.
    All(Vec<Self>),
    /// At least one of these; never empty.
    Any(Vec<Self>),
    /// Not this.
    Not(Box<Self>),
    /// It has a due date, not before the one and not after the other.
    Due {
        /// The first day.
        from: Option<NaiveDate>,
        /// The last day.
        to: Option<NaiveDate>,
    },
    /// It has no due date.
    NoDueDate,
    /// It is pending and was due before this.
    Overdue(DateTime<Utc>),
    /// It was made, changed or completed, not before the one and before the other.
    At {
        /// Which of the three.
        moment: Moment,
        /// The first instant.
        from: Option<DateTime<Utc>>,
        /// The first instant after it.
        before: Option<DateTime<Utc>>,
    },
    /// It is done or not.
    Status(Status),
    /// It has this priority.
    Priority(Priority),
    /// It has a tag with this [`key`](crate::text::key).
    Tag(String),
    /// It has no tag.
    NoTag,
    /// It is in a project whose name has this [`key`](crate::text::key).
    Project(String),
    /// It is in no project.
    NoProject,
    /// It is in this very place. The language has no words for it, lists do.
    In(Place, Uuid),
    /// It has a recurrence rule.
    Recurring,
    /// The assistant made it, or was the last to change it.
    ByAssistant,
    /// One of its texts holds this folded text, see [`search_text`](crate::text::search_text).
    Text(String),
}

/// An instant that a task has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    /// When it was made.
    Created,
    /// When it was last changed.
    Updated,
    /// When it was completed.
    Completed,
}

/// Where a task may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// In a project.
    Project,
    /// In a section of a project.
    Section,
    /// Right below another task.
    Parent,
}

impl Condition {
    pub(super) fn of(filter: &Filter, now: DateTime<Utc>, zone: Tz) -> Self {
        let each = |filters: &[Filter]| {
            filters
                .iter()
                .map(|filter| Self::of(filter, now, zone))
                .collect()
        };
        match filter {
            Filter::All(filters) => Self::All(each(filters)),
            Filter::Any(filters) => Self::Any(each(filters)),
            Filter::Not(filter) => Self::Not(Box::new(Self::of(filter, now, zone))),
            Filter::Term(term) => Self::of_term(term, now, zone),
        }
    }

    fn of_term(term: &Term, now: DateTime<Utc>, zone: Tz) -> Self {
        let today = local(now, zone).date();
        match term {
            Term::Day {
                field,
                relation,
                day,
            } => on_days(*field, *relation, *day, today, zone),
            Term::NextDays(days) => Self::Due {
                from: Some(today),
                to: Some(today + Days::new(u64::from(days.saturating_sub(1)))),
            },
            Term::NoDate => Self::NoDueDate,
            Term::Overdue => Self::Overdue(now),
            Term::Status(status) => Self::Status(*status),
            Term::Priority(priority) => Self::Priority(*priority),
            Term::Tag(name) => Self::Tag(key(name)),
            Term::NoTag => Self::NoTag,
            Term::Project(name) => Self::Project(key(name)),
            Term::NoProject => Self::NoProject,
            Term::Recurring => Self::Recurring,
            Term::ByAssistant => Self::ByAssistant,
            Term::Text(text) => Self::Text(fold(text)),
        }
    }
}

fn on_days(field: Field, relation: Relation, day: Day, today: NaiveDate, zone: Tz) -> Condition {
    let day = day.resolve(today);
    let (day_before, day_after) = (day - Days::new(1), day + Days::new(1));
    let moment = match field {
        Field::Due => {
            let (from, to) = match relation {
                Relation::On => (Some(day), Some(day)),
                Relation::Before => (None, Some(day_before)),
                Relation::After => (Some(day_after), None),
            };
            return Condition::Due { from, to };
        }
        Field::Created => Moment::Created,
        Field::Updated => Moment::Updated,
        Field::Completed => Moment::Completed,
    };
    let begin_of = |day: NaiveDate| Some(instant(day.and_time(NaiveTime::MIN), zone));
    let (from, before) = match relation {
        Relation::On => (begin_of(day), begin_of(day_after)),
        Relation::Before => (None, begin_of(day)),
        Relation::After => (begin_of(day_after), None),
    };
    Condition::At {
        moment,
        from,
        before,
    }
}
