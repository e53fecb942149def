//! `/tasks/{task_id}/reminders`.

use crate::Call;
use domain::time::parse_instant;
use http_api::{Body, Field, Fields, Problem, Query, Response, StatusCode, read_object, response};
use operations::reminders::{self, NewReminder};
use uuid::Uuid;

pub async fn list(call: &Call, task_id: Uuid) -> Result<Response, Problem> {
    Query::refuse_all(call.parts.uri.query())?;
    let items = reminders::list(&call.context, task_id).await?;
    Ok(response::page(&items, None))
}

pub async fn add(call: &Call, task_id: Uuid, body: impl Body) -> Result<Response, Problem> {
    Query::refuse_all(call.parts.uri.query())?;
    let new = read_new(read_object(&call.parts.headers, body).await?)?;
    let json = reminders::add(&call.context, task_id, new).await?;
    Ok(response::json_text(StatusCode::CREATED, json))
}

pub async fn remove(call: &Call, task_id: Uuid, reminder_id: Uuid) -> Result<Response, Problem> {
    Query::refuse_all(call.parts.uri.query())?;
    reminders::remove(&call.context, task_id, reminder_id).await?;
    Ok(response::no_content())
}

fn read_new(mut fields: Fields) -> Result<NewReminder, Problem> {
    let remind_at = match fields.string("remind_at") {
        Field::Value(text) => match parse_instant(&text) {
            Ok(instant) => Some(instant),
            Err(message) => {
                fields.violation("remind_at", message);
                None
            }
        },
        Field::Absent | Field::Null => None,
    };
    let minutes_before = fields.integer("minutes_before").value();
    fields.finish()?;
    Ok(NewReminder {
        remind_at,
        minutes_before,
    })
}
