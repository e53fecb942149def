//! Giving fields of a task other values, as the domain worked them out from the task as it was read.
//!
//! The task may have changed since. Most fields stand for themselves, so writing those that were given
//! is right whatever else has changed. What depends on other fields, the schedule, is written only if
//! those are as they were read; else the domain has to work it out again.

use super::change::status;
use super::columns::{SCHEDULE, of, wall_clock};
use super::read::Current;
use domain::{Status, Task};
use events::EventType;
use serde_json::{Map, Value, json};
use spin_sdk::pg::Error;
use uuid::Uuid;

/// A merge patch and what it makes of a task.
#[derive(Debug, Clone, Copy)]
pub struct Edit<'a> {
    /// The task as it was read.
    pub current: &'a Current,
    /// Its fields when it was read.
    pub from: &'a Task,
    /// Its fields from now on.
    pub to: &'a Task,
    /// The fields that were asked for, by name.
    pub given: &'a Map<String, Value>,
}

impl Edit<'_> {
    pub(super) fn event_type(&self) -> EventType {
        match (self.from.status, self.to.status) {
            (Status::Pending, Status::Completed) => EventType::TaskCompleted,
            (Status::Completed, Status::Pending) => EventType::TaskReopened,
            _ => EventType::TaskUpdated,
        }
    }

    /// What is given, even where the value was the same when the task was read: another change may have
    /// come in between. And what follows from it.
    pub(super) fn columns(&self) -> Map<String, Value> {
        let keeps_series = self.keeps_series();
        let occurrence = if keeps_series {
            self.current.occurrence
        } else {
            self.to.slot().map(|slot| slot.local())
        };
        let before = of(self.from, self.current.occurrence);
        let mut columns = of(self.to, occurrence);
        columns.retain(|name, value| {
            self.gives(name)
                || before.get(name) != Some(value)
                || self.changes_schedule() && SCHEDULE.contains(&name.as_str())
        });
        if !keeps_series {
            columns.insert("series_id".into(), json!(Uuid::now_v7()));
            columns.insert("occurrence".into(), json!(occurrence.map(wall_clock)));
        }
        if self.from.status != self.to.status {
            columns.extend(status(self.to.status));
        }
        columns
    }

    /// The columns that the result was worked out from and does not replace; `None` without any.
    pub(super) fn basis(&self) -> Result<Option<Map<String, Value>>, Error> {
        let mut basis = Map::new();
        let read = self.current.stored.value()?;
        let mut depends_on = |column: &str| {
            let value = read.get(column).cloned().unwrap_or_default();
            basis.insert(column.to_owned(), value);
        };
        if self.gives("status") {
            depends_on("status");
        }
        if self.changes_schedule() {
            let repeats = self.from.rule.is_some() || self.to.rule.is_some();
            for column in [
                "due_date",
                "due_time",
                "time_zone",
                "recurrence_rule",
                "repeat_from",
            ] {
                // A rule is worked out from the day before and after; without one, a day that is
                // given is all there is to know.
                if repeats || !self.gives(column) {
                    depends_on(column);
                }
            }
            if repeats {
                let occurrence = self.current.occurrence.map(wall_clock);
                basis.insert("occurrence".into(), json!(occurrence));
            }
        }
        Ok((!basis.is_empty()).then_some(basis))
    }

    fn gives(&self, field: &str) -> bool {
        self.given.contains_key(field)
    }

    fn changes_schedule(&self) -> bool {
        SCHEDULE.iter().any(|field| self.gives(field))
    }

    /// Another rhythm begins another series, so that no slot of the old one is in its way.
    fn keeps_series(&self) -> bool {
        match (&self.from.rule, &self.to.rule) {
            (_, None) => true,
            (Some(from), Some(to)) => from.same_rhythm(to) && self.current.has_series,
            (None, Some(_)) => false,
        }
    }
}
