//! A task's fields as columns, in JSON: SQL makes the row of it.

use chrono::{NaiveDateTime, SecondsFormat};
use domain::{Pattern, Task};
use serde_json::{Map, Value, json};

const WALL_CLOCK: &str = "%Y-%m-%dT%H:%M:%S";

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
    let instant = |instant: chrono::DateTime<chrono::Utc>| {
        instant.to_rfc3339_opts(SecondsFormat::Micros, true)
    };
    let rule = task.rule.as_ref();
    let columns = json!({
        "title": task.title,
        "description": task.description,
        "priority": task.priority.as_str(),
        "tags": task.tags,
        "due_date": task.due_date.map(|date| date.to_string()),
        "due_time": task.due_time.map(|time| time.format("%H:%M").to_string()),
        "time_zone": task.time_zone.name(),
        "due_at": task.due_at().map(instant),
        "recurrence_rule": rule.map(ToString::to_string),
        "recurrence_pattern": rule.map_or(Pattern::None, domain::Rule::pattern).as_str(),
        "recurrence_interval": rule.map(domain::Rule::interval),
        "repeat_from": task.repeat_from.as_str(),
        "next_occurrence": task.next_occurrence(occurrence).map(wall_clock),
        "remind_at": task.remind_at.map(instant),
    });
    match columns {
        Value::Object(columns) => columns,
        _ => Map::new(),
    }
}
