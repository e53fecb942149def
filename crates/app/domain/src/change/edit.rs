//! A merge patch in full: what came back as it was read is no change, and the task keeps or changes its
//! place in its series.

use super::Edit;
use super::series::ApplyTo;
use crate::{Reminder, Rule, Task, Violations};
use chrono::{DateTime, NaiveDateTime, Utc};
use serde_json::{Map, Value, json};

/// Says of a change what it is made to, this occurrence or the series; no field of a task.
const APPLY_TO: &str = "apply_to";

/// A task as it stands, for a change to begin from.
#[derive(Debug, Clone, Copy)]
pub struct Present<'a> {
    /// Its fields.
    pub task: &'a Task,
    /// Its JSON as the API gives it, where it is at hand. A field that comes back as it was read is
    /// no change, and none that is refused, also where it is read-only.
    pub json: Option<&'a Map<String, Value>>,
    /// The slot that it fills in its series; none for a task that has no series.
    pub occurrence: Option<NaiveDateTime>,
}

/// A task after a change, and its place in its series.
#[derive(Debug, Clone, PartialEq)]
pub struct Edited {
    /// Its fields.
    pub task: Task,
    /// The slot that it fills from now on.
    pub occurrence: Option<NaiveDateTime>,
    /// Whether a series begins with it: slots that the old one has given out bind it no more.
    pub starts_series: bool,
}

/// A task after a merge patch, and its place in its series. A day or time that is given moves this
/// occurrence alone, unless `apply_to` is `series`.
///
/// # Errors
/// With everything that is wrong with the patch, alone or together with what the task has.
pub fn edit(
    present: Present<'_>,
    input: &Map<String, Value>,
    now: DateTime<Utc>,
) -> Result<Edited, Violations> {
    let mut changed = changed(present, input);
    let apply_to = changed.remove(APPLY_TO);
    let mut edit = Edit::new(&changed);
    let apply_to = edit.apply_to(apply_to.as_ref());
    let mut task = present.task.clone();
    task.take_plain_fields(&mut edit);
    edit.due(&mut task, None);
    edit.reminder(&task, present.task.remind_at, now);
    edit.recurrence(&mut task, Some(present.task), now);
    let edited = edit.place(present, task, apply_to);
    edit.violations.into_result(edited)
}

/// The input without the fields that are given with their own value.
fn changed(present: Present<'_>, input: &Map<String, Value>) -> Map<String, Value> {
    let task = present.task;
    let own = json!({
        "due_date": task.due_date.map(|date| date.to_string()),
        "due_time": task.due_time.map(|time| time.format("%H:%M").to_string()),
        "recurrence_rule": task.rule.as_ref().map(ToString::to_string),
        "recurrence_pattern": task.pattern().as_str(),
        "recurrence_interval": task.rule.as_ref().map(Rule::interval),
    });
    let is_own = |field: &str, value: &Value| {
        own.get(field) == Some(value)
            || present.json.and_then(|json| json.get(field)) == Some(value)
    };
    input
        .iter()
        .filter(|(field, value)| !is_own(field, value))
        .map(|(field, value)| (field.clone(), value.clone()))
        .collect()
}

impl Edit<'_> {
    fn apply_to(&mut self, value: Option<&Value>) -> ApplyTo {
        let read = value.filter(|value| !value.is_null()).map(ApplyTo::read);
        read.and_then(|read| self.violations.keep(APPLY_TO, read))
            .unwrap_or(ApplyTo::Occurrence)
    }

    /// A reminder that is new must not be over; one that a task has may be.
    pub(super) fn reminder(&mut self, task: &Task, own: Option<DateTime<Utc>>, now: DateTime<Utc>) {
        let Some(remind_at) = task.remind_at.filter(|at| Some(*at) != own) else {
            return;
        };
        let new = Reminder::At(remind_at);
        if let Err(wrong) = new.check(task.slot(), task.time_zone, now) {
            self.note(&wrong.field, &wrong.message);
        }
    }
}
