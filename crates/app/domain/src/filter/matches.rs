//! Whether a task meets a condition, decided without a database.

use super::{Condition, Moment, Place};
use crate::text::{fold, key};
use crate::{Priority, Status};
use chrono::{DateTime, NaiveDate, Utc};
use uuid::Uuid;

/// What a filter looks at in a task.
#[derive(Debug, Clone, Copy)]
pub struct Candidate<'a> {
    /// Done or not.
    pub status: Status,
    /// How much it matters.
    pub priority: Priority,
    /// The names of its tags.
    pub tags: &'a [String],
    /// The name of its project.
    pub project: Option<&'a str>,
    /// Its project, the section there, and the task it is below.
    pub places: [Option<Uuid>; 3],
    /// The day it is due.
    pub due_date: Option<NaiveDate>,
    /// When it becomes overdue.
    pub due_at: Option<DateTime<Utc>>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it was last changed.
    pub updated_at: DateTime<Utc>,
    /// When it was completed.
    pub completed_at: Option<DateTime<Utc>>,
    /// Whether it repeats.
    pub is_recurring: bool,
    /// Whether the assistant made it or was the last to change it.
    pub is_by_assistant: bool,
    /// All that a search looks through: title, tags, description and comments.
    pub texts: &'a [&'a str],
}

impl Condition {
    /// Whether a task meets it.
    pub fn matches(&self, task: &Candidate<'_>) -> bool {
        match self {
            Self::All(conditions) => conditions.iter().all(|inner| inner.matches(task)),
            Self::Any(conditions) => conditions.iter().any(|inner| inner.matches(task)),
            Self::Not(condition) => !condition.matches(task),
            Self::Due { from, to } => task.due_date.is_some_and(|date| {
                from.is_none_or(|from| date >= from) && to.is_none_or(|to| date <= to)
            }),
            Self::NoDueDate => task.due_date.is_none(),
            Self::Overdue(now) => {
                task.status == Status::Pending && task.due_at.is_some_and(|due| due < *now)
            }
            Self::At {
                moment,
                from,
                before,
            } => task.at(*moment).is_some_and(|at| {
                from.is_none_or(|from| at >= from) && before.is_none_or(|before| at < before)
            }),
            Self::Status(status) => task.status == *status,
            Self::Priority(priority) => task.priority == *priority,
            Self::Tag(wanted) => task.tags.iter().any(|tag| key(tag) == *wanted),
            Self::NoTag => task.tags.is_empty(),
            Self::Project(wanted) => task.project.is_some_and(|name| key(name) == *wanted),
            Self::NoProject => task.project.is_none(),
            Self::In(place, id) => task.place(*place) == Some(*id),
            Self::Recurring => task.is_recurring,
            Self::ByAssistant => task.is_by_assistant,
            Self::Text(wanted) => task.texts.iter().any(|text| fold(text).contains(wanted)),
        }
    }
}

impl Candidate<'_> {
    fn place(&self, place: Place) -> Option<Uuid> {
        let [project, section, parent] = self.places;
        match place {
            Place::Project => project,
            Place::Section => section,
            Place::Parent => parent,
        }
    }

    fn at(&self, moment: Moment) -> Option<DateTime<Utc>> {
        match moment {
            Moment::Created => Some(self.created_at),
            Moment::Updated => Some(self.updated_at),
            Moment::Completed => self.completed_at,
        }
    }
}
