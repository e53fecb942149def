//! A task's fields as columns, in JSON: SQL makes the row of it. The names of the columns stand here and
//! nowhere else in the store.

use chrono::{NaiveDateTime, SecondsFormat};
use domain::Task;
use serde_json::{Map, Value, json};

/// The columns that a write may set. Those of a new task alone are in `create/task.sql`.
const COLUMNS: [&str; 21] = [
    "title",
    "description",
    "status",
    "priority",
    "tags",
    "due_date",
    "due_time",
    "time_zone",
    "due_at",
    "recurrence_rule",
    "recurrence_pattern",
    "recurrence_interval",
    "repeat_from",
    "next_occurrence",
    "series_id",
    "occurrence",
    "remind_at",
    "completed_at",
    "deleted_at",
    "updated_at",
    "version",
];

/// Those that say when a task is due and when it comes again: each depends on others.
pub(super) const SCHEDULE: [&str; 9] = [
    "due_date",
    "due_time",
    "time_zone",
    "due_at",
    "recurrence_rule",
    "recurrence_pattern",
    "recurrence_interval",
    "repeat_from",
    "next_occurrence",
];

const WALL_CLOCK: &str = "%Y-%m-%dT%H:%M:%S";

/// A statement with the columns where it says `{columns}`, and `{assignments}` of them from a `draft`.
pub(super) fn filled_in(template: &str) -> String {
    let assignments = COLUMNS.map(|column| format!("{column} = draft.{column}"));
    template
        .replace("{columns}", &COLUMNS.join(", "))
        .replace("{assignments}", &assignments.join(", "))
}

/// A wall-clock time as the statements write and read it.
pub(super) fn wall_clock(time: NaiveDateTime) -> String {
    time.format(WALL_CLOCK).to_string()
}

pub(super) fn read_wall_clock(text: &str) -> Option<NaiveDateTime> {
    NaiveDateTime::parse_from_str(text, WALL_CLOCK).ok()
}

/// What people can change, and what follows from it, but for the status. `occurrence` is the slot
/// that the task fills in its series.
pub(super) fn of(task: &Task, occurrence: Option<NaiveDateTime>) -> Map<String, Value> {
    // A task's fields are named as its columns are.
    let Ok(Value::Object(mut columns)) = serde_json::to_value(task) else {
        return Map::new();
    };
    columns.remove("status");
    let due_at = task.due_at();
    columns.insert(
        "due_at".into(),
        json!(due_at.map(|at| at.to_rfc3339_opts(SecondsFormat::Micros, true))),
    );
    let rule = task.rule.as_ref();
    columns.insert("recurrence_pattern".into(), json!(task.pattern().as_str()));
    columns.insert(
        "recurrence_interval".into(),
        json!(rule.map(domain::Rule::interval)),
    );
    let next = task.next_occurrence(occurrence);
    columns.insert("next_occurrence".into(), json!(next.map(wall_clock)));
    columns
}
