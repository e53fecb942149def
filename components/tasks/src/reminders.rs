//! `/tasks/{task_id}/reminders`.

use crate::{Call, no_task};
use domain::time::parse_instant;
use http_api::{Body, Field, Fields, Problem, Query, Response, StatusCode, read_object, response};
use store::reminders::{self, Added, Removed, When};
use store::tasks;
use uuid::Uuid;

/// A year.
const MAX_MINUTES: i64 = 525_600;

pub async fn list(call: &Call, task_id: Uuid) -> Result<Response, Problem> {
    Query::refuse_all(call.parts.uri.query())?;
    let db = call.database().await?;
    let user_id = call.author.user_id;
    tasks::read(&db, user_id, task_id, false)
        .await?
        .ok_or_else(no_task)?;
    let items = reminders::list(&db, user_id, task_id).await?;
    Ok(response::page(&items, None))
}

pub async fn add(call: &Call, task_id: Uuid, body: impl Body) -> Result<Response, Problem> {
    Query::refuse_all(call.parts.uri.query())?;
    let when = read_when(read_object(&call.parts.headers, body).await?)?;
    let db = call.database().await?;
    match reminders::add(&db, &call.author, task_id, when).await? {
        Added::New(json) => Ok(response::json_text(StatusCode::CREATED, json)),
        Added::NoTask => Err(no_task()),
        Added::NoTime => Err(Problem::invalid_field(
            "minutes_before",
            "needs a task with a due_time to count back from",
        )),
        Added::TooMany => Err(Problem::conflict(
            "remind_at",
            format!("a task has at most {} reminders", reminders::MAX_PER_TASK),
        )),
    }
}

pub async fn remove(call: &Call, task_id: Uuid, reminder_id: Uuid) -> Result<Response, Problem> {
    Query::refuse_all(call.parts.uri.query())?;
    let db = call.database().await?;
    match reminders::remove(&db, call.author.user_id, task_id, reminder_id).await? {
        Removed::Done => Ok(response::no_content()),
        Removed::Absent => Err(Problem::not_found("reminder")),
        Removed::TaskField => Err(Problem::conflict(
            "reminder_id",
            "is the task's own remind_at: set that to null instead",
        )),
    }
}

fn read_when(mut fields: Fields) -> Result<When, Problem> {
    let at = match fields.string("remind_at") {
        Field::Value(text) => match parse_instant(&text) {
            Ok(instant) => Some(When::At(instant)),
            Err(message) => {
                fields.violation("remind_at", message);
                None
            }
        },
        Field::Absent | Field::Null => None,
    };
    let before = match fields.integer("minutes_before") {
        Field::Value(minutes) if (0..=MAX_MINUTES).contains(&minutes) => {
            i32::try_from(minutes).ok().map(When::MinutesBefore)
        }
        Field::Value(_) => {
            let message = format!("must be from 0 to {MAX_MINUTES}");
            fields.violation("minutes_before", message);
            None
        }
        Field::Absent | Field::Null => None,
    };
    let is_wrong = fields.is_wrong("remind_at") || fields.is_wrong("minutes_before");
    const MISSING: &str = "is required, or else minutes_before";
    match (at, before) {
        (Some(_), Some(_)) => {
            fields.violation("minutes_before", "must not come together with remind_at");
        }
        (None, None) if !is_wrong => fields.violation("remind_at", MISSING),
        _ => {}
    }
    fields.finish()?;
    at.or(before)
        .ok_or_else(|| Problem::invalid_field("remind_at", MISSING))
}
