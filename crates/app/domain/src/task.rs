//! A task: what people write, and what follows from it.

use crate::change::Edit;
use crate::time::{due_instant, parse_instant, time_of_day};
use crate::{Pattern, Repetition, Rule, Slot, fields};
use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime, Utc};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};

macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $word:literal,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
        pub enum $name { $($(#[$vdoc])* #[serde(rename = $word)] $variant,)* }

        impl $name {
            /// The word on the wire and in the database.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word,)* }
            }
        }

        impl std::str::FromStr for $name {
            type Err = String;

            fn from_str(word: &str) -> Result<Self, String> {
                match word {
                    $($word => Ok(Self::$variant),)*
                    _ => Err(concat!("must be one of", $(" ", $word,)*).into()),
                }
            }
        }
    };
}

words! {
    /// Whether a task is done.
    Status {
        /// To be done.
        Pending = "pending",
        /// Done.
        Completed = "completed",
    }
}

words! {
    /// How much a task matters.
    Priority {
        /// Some day.
        Low = "low",
        /// The default.
        Medium = "medium",
        /// Soon.
        High = "high",
        /// Now.
        Urgent = "urgent",
    }
}

words! {
    /// What the next occurrence is counted from.
    RepeatFrom {
        /// The due date: a rhythm in the calendar.
        Due = "due",
        /// The day it was done: a distance between two times.
        Completion = "completion",
    }
}

/// The fields of a task that people can change. In JSON they are named as in the HTTP API, in events and
/// in the database: the row's JSON is read as this, and this is written as columns.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Task {
    /// 1 to 500 characters on one line, without blanks around it.
    pub title: String,
    /// Up to 20 000 characters.
    pub description: Option<String>,
    /// Whether it is done.
    pub status: Status,
    /// How much it matters.
    pub priority: Priority,
    /// Names, sorted, none twice.
    pub tags: Vec<String>,
    /// The day it is due.
    pub due_date: Option<NaiveDate>,
    /// The time of that day; never without a day.
    #[serde(default, with = "time_of_day")]
    pub due_time: Option<NaiveTime>,
    /// The zone that day and time are in.
    pub time_zone: Tz,
    /// How it repeats; never without a day.
    #[serde(rename = "recurrence_rule")]
    pub rule: Option<Rule>,
    /// What the next occurrence is counted from.
    pub repeat_from: RepeatFrom,
    /// When to remind of it.
    pub remind_at: Option<DateTime<Utc>>,
}

/// What an input may name: the fields of [`Task`], and the two that say in plain words how it repeats.
pub(crate) const EDITABLE: [&str; 13] = [
    "title",
    "description",
    "status",
    "priority",
    "tags",
    "due_date",
    "due_time",
    "time_zone",
    "recurrence_rule",
    "recurrence_pattern",
    "recurrence_interval",
    "repeat_from",
    "remind_at",
];

impl Task {
    /// A task with nothing but its title.
    pub fn new(title: impl Into<String>, time_zone: Tz) -> Self {
        Self {
            title: title.into(),
            description: None,
            status: Status::Pending,
            priority: Priority::Medium,
            tags: Vec::new(),
            due_date: None,
            due_time: None,
            time_zone,
            rule: None,
            repeat_from: RepeatFrom::Due,
            remind_at: None,
        }
    }

    /// Takes over the fields that stand for themselves. Those of the schedule depend on each other and
    /// are read in `change`.
    pub(crate) fn take_plain_fields(&mut self, edit: &mut Edit<'_>) {
        if let Some(title) = edit.always("title", None, fields::title) {
            self.title = title;
        }
        if let Some(description) = edit.optional("description", fields::description) {
            self.description = description.flatten();
        }
        if let Some(status) = edit.always("status", None, fields::parsed(str::parse)) {
            self.status = status;
        }
        let medium = Some(Priority::Medium);
        if let Some(priority) = edit.always("priority", medium, fields::parsed(str::parse)) {
            self.priority = priority;
        }
        if let Some(tags) = edit.always("tags", Some(Vec::new()), fields::tags) {
            self.tags = tags;
        }
        if let Some(remind_at) = edit.optional("remind_at", fields::parsed(parse_instant)) {
            self.remind_at = remind_at;
        }
    }

    /// When it is due.
    pub fn slot(&self) -> Option<Slot> {
        self.due_date.map(|date| Slot {
            date,
            time: self.due_time,
        })
    }

    /// The instant it becomes overdue.
    pub fn due_at(&self) -> Option<DateTime<Utc>> {
        self.due_date
            .map(|date| due_instant(date, self.due_time, self.time_zone))
    }

    /// How it repeats, in the words of the API.
    pub fn pattern(&self) -> Pattern {
        self.rule.as_ref().map_or(Pattern::None, Rule::pattern)
    }

    /// How it repeats, ready to be counted on.
    pub fn repetition(&self) -> Option<Repetition<'_>> {
        Some(Repetition {
            rule: self.rule.as_ref()?,
            from: self.repeat_from,
            zone: self.time_zone,
        })
    }

    /// The occurrence after this one if it is done in time. None when the rule ends here, and none
    /// when that depends on the day it is done.
    pub fn next_occurrence(&self, occurrence: Option<NaiveDateTime>) -> Option<NaiveDateTime> {
        let due = self.slot()?;
        let own = occurrence.unwrap_or(due.local());
        match self.repeat_from {
            RepeatFrom::Completion => None,
            RepeatFrom::Due => self
                .repetition()?
                .next(due, own, DateTime::UNIX_EPOCH, &[])
                .map(|next| next.slot.local()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_field_can_be_edited_and_nothing_else() {
        let task = serde_json::to_value(Task::new("a", Tz::UTC)).unwrap();
        let fields = task.as_object().unwrap().keys().map(String::as_str);
        let named: BTreeSet<&str> = fields
            .chain(["recurrence_pattern", "recurrence_interval"])
            .collect();
        assert_eq!(named, BTreeSet::from(EDITABLE));
    }
}
