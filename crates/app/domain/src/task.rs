//! A task: what people write, and what follows from it.

use crate::time::{due_instant, instant, local, parse_date, parse_instant, parse_time, parse_zone};
use crate::{Pattern, Repetition, Rule, Slot};
use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime, Utc};
use chrono_tz::Tz;
use serde_json::Value;

macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $word:literal,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum $name { $($(#[$vdoc])* $variant,)* }

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

/// The fields of a task that people can change.
#[derive(Debug, Clone, PartialEq)]
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
    pub due_time: Option<NaiveTime>,
    /// The zone that day and time are in.
    pub time_zone: Tz,
    /// How it repeats; never without a day.
    pub rule: Option<Rule>,
    /// What the next occurrence is counted from.
    pub repeat_from: RepeatFrom,
    /// When to remind of it.
    pub remind_at: Option<DateTime<Utc>>,
}

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

    /// Read the JSON that `task_json` (migrations) makes of a row.
    ///
    /// # Errors
    /// Names the field that is not as `task_json` would write it.
    pub fn from_json(json: &Value) -> Result<Self, String> {
        let text = |field: &str| {
            json.get(field)
                .and_then(Value::as_str)
                .ok_or_else(|| format!("the task's {field} is not text"))
        };
        fn optional<T>(
            json: &Value,
            field: &str,
            read: impl Fn(&str) -> Result<T, String>,
        ) -> Result<Option<T>, String> {
            match json.get(field) {
                None | Some(Value::Null) => Ok(None),
                Some(Value::String(text)) => read(text)
                    .map(Some)
                    .map_err(|reason| format!("the task's {field} {reason}")),
                Some(_) => Err(format!("the task's {field} is not text")),
            }
        }
        let tags = json
            .get("tags")
            .and_then(Value::as_array)
            .ok_or("the task's tags are not a list")?
            .iter()
            .filter_map(Value::as_str)
            .map(str::to_owned)
            .collect();
        Ok(Self {
            title: text("title")?.to_owned(),
            description: optional(json, "description", |text| Ok(text.to_owned()))?,
            status: text("status")?.parse()?,
            priority: text("priority")?.parse()?,
            tags,
            due_date: optional(json, "due_date", parse_date)?,
            due_time: optional(json, "due_time", parse_time)?,
            time_zone: parse_zone(text("time_zone")?)?,
            rule: optional(json, "recurrence_rule", |text| {
                Rule::parse(text).map_err(|e| e.to_string())
            })?,
            repeat_from: text("repeat_from")?.parse()?,
            remind_at: optional(json, "remind_at", parse_instant)?,
        })
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

    /// The task that follows this one: the same, at another time.
    pub fn at(&self, slot: Slot, rule: Rule) -> Self {
        Self {
            status: Status::Pending,
            due_date: Some(slot.date),
            due_time: slot.time,
            remind_at: self.reminder_moved_to(slot),
            rule: Some(rule),
            ..self.clone()
        }
    }

    /// The reminder keeps its distance on the clock: nine in the evening before stays that.
    fn reminder_moved_to(&self, slot: Slot) -> Option<DateTime<Utc>> {
        let due = self.slot()?.local();
        let ahead = local(self.remind_at?, self.time_zone) - due;
        Some(instant(slot.local() + ahead, self.time_zone))
    }
}
