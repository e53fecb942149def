//! Giving fields of a task other values, as the domain worked them out from the task as it was read.
//!
//! The task may have changed since. Most fields stand for themselves, so writing those that were given
//! is right whatever else has changed. What depends on other fields, the schedule, is written only if
//! those are as they were read; else the domain has to work it out again.

use super::change::status;
use super::columns::{SCHEDULE, of, wall_clock};
use super::read::Current;
use domain::{Edited, Status, Task};
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
    /// Its fields and its place in its series from now on.
    pub to: &'a Edited,
    /// The fields that were asked for, by name.
    pub given: &'a Map<String, Value>,
}

impl Edit<'_> {
    pub(super) fn event_type(&self) -> EventType {
        match (self.from.status, self.to.task.status) {
            (Status::Pending, Status::Completed) => EventType::TaskCompleted,
            (Status::Completed, Status::Pending) => EventType::TaskReopened,
            _ => EventType::TaskUpdated,
        }
    }

    /// What is given, even where the value was the same when the task was read: another change may have
    /// come in between. And what follows from it.
    pub(super) fn columns(&self) -> Map<String, Value> {
        let Edited {
            task, occurrence, ..
        } = self.to;
        let before = of(self.from, self.current.occurrence);
        let mut columns = of(task, *occurrence);
        columns.retain(|name, value| {
            self.gives(name)
                || before.get(name) != Some(value)
                || self.changes_schedule() && SCHEDULE.contains(&name.as_str())
        });
        // Another series, so that no slot of the old one is in its way.
        if self.to.starts_series || task.rule.is_some() && !self.current.has_series {
            columns.insert("series_id".into(), json!(Uuid::now_v7()));
        }
        if *occurrence != self.current.occurrence {
            columns.insert("occurrence".into(), json!(occurrence.map(wall_clock)));
        }
        if self.from.status != task.status {
            columns.extend(status(task.status));
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
            let repeats = self.from.rule.is_some() || self.to.task.rule.is_some();
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
}
