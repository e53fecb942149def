//! Making a task from an input, and changing one by a JSON merge patch (RFC 7396): null clears a
//! field, an absent one stays, and every violation is reported at once.

mod edit;
mod recurrence;
mod series;

pub use edit::{Edited, Present, edit};

use crate::task::EDITABLE;
use crate::time::{parse_date, parse_time, parse_zone};
use crate::{Status, Task, Violations, fields};
use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use serde_json::{Map, Value};

const READ_ONLY: [&str; 9] = [
    "id",
    "user_id",
    "next_occurrence",
    "series_id",
    "completed_at",
    "deleted_at",
    "created_at",
    "updated_at",
    "version",
];

/// Whether [`create`] needs to know the user's own time zone to make sense of this input.
pub fn needs_user_time_zone(input: &Map<String, Value>) -> bool {
    let given = |field: &str| input.get(field).is_some_and(|value| !value.is_null());
    !given("time_zone")
        && [
            "due_date",
            "due_time",
            "recurrence_rule",
            "recurrence_pattern",
        ]
        .into_iter()
        .any(given)
}

/// A new task.
///
/// # Errors
/// With everything that is wrong with the input.
pub fn create(
    input: &Map<String, Value>,
    user_zone: Tz,
    now: DateTime<Utc>,
) -> Result<Task, Violations> {
    let mut edit = Edit::new(input);
    let mut task = Task::new("", user_zone);
    if !input.contains_key("title") {
        edit.violations.add("title", "is required");
    }
    task.take_plain_fields(&mut edit);
    if task.status != Status::Pending {
        edit.violations.add(
            "status",
            "must be pending for a new task: complete it afterwards",
        );
    }
    edit.due(&mut task, Some(user_zone));
    edit.reminder(&task, None, now);
    edit.recurrence(&mut task, None, now);
    edit.violations.into_result(task)
}

/// A task after a merge patch.
///
/// # Errors
/// With everything that is wrong with the patch, alone or together with what the task has.
pub fn patch(
    current: &Task,
    input: &Map<String, Value>,
    now: DateTime<Utc>,
) -> Result<Task, Violations> {
    let present = Present {
        task: current,
        json: None,
        occurrence: None,
    };
    edit(present, input, now).map(|edited| edited.task)
}

/// A reading of an input, field by field.
pub(crate) struct Edit<'a> {
    input: &'a Map<String, Value>,
    violations: Violations,
}

impl<'a> Edit<'a> {
    fn new(input: &'a Map<String, Value>) -> Self {
        let mut violations = Violations::default();
        for field in input.keys() {
            if READ_ONLY.contains(&field.as_str()) {
                violations.add(field, "is read-only");
            } else if !EDITABLE.contains(&field.as_str()) {
                let field: String = field.chars().take(100).collect();
                violations.add(field, "is not a field of a task");
            }
        }
        Self { input, violations }
    }

    /// A field that null clears: `None` when it is absent or wrong.
    pub(crate) fn optional<T>(
        &mut self,
        field: &str,
        read: impl Fn(&Value) -> Result<T, String>,
    ) -> Option<Option<T>> {
        match self.input.get(field)? {
            Value::Null => Some(None),
            value => self.violations.keep(field, read(value)).map(Some),
        }
    }

    /// A field that always has a value: null brings the default back, where there is one.
    pub(crate) fn always<T>(
        &mut self,
        field: &str,
        default: Option<T>,
        read: impl Fn(&Value) -> Result<T, String>,
    ) -> Option<T> {
        match (self.optional(field, read)?, default) {
            (Some(value), _) | (None, Some(value)) => Some(value),
            (None, None) => {
                self.violations.add(field, "must not be null");
                None
            }
        }
    }

    fn due(&mut self, task: &mut Task, default_zone: Option<Tz>) {
        if let Some(zone) = self.always("time_zone", default_zone, fields::parsed(parse_zone)) {
            task.time_zone = zone;
        }
        if let Some(time) = self.optional("due_time", fields::parsed(parse_time)) {
            task.due_time = time;
        }
        if let Some(date) = self.optional("due_date", fields::parsed(parse_date)) {
            task.due_date = date;
            // A time of no day means nothing: it goes with its day unless it was just given.
            if date.is_none() && !self.input.contains_key("due_time") {
                task.due_time = None;
            }
        }
    }

    /// Adds a violation unless the field has one already: a second would only follow from it.
    fn note(&mut self, field: &str, message: &str) {
        if !self.violations.has(field) {
            self.violations.add(field, message);
        }
    }
}
