//! `GET /tasks/{task_id}`.

use crate::{Call, no_task, task_response};
use http_api::response::ResponseExt;
use http_api::{Problem, Query, Response, StatusCode, conditional, header, response};
use store::tasks;
use uuid::Uuid;

pub async fn read(call: &Call, task_id: Uuid) -> Result<Response, Problem> {
    Query::refuse_all(call.parts.uri.query())?;
    let db = call.database().await?;
    let task = tasks::show(&db, call.author.user_id, task_id)
        .await?
        .ok_or_else(no_task)?;
    let etag = conditional::etag(task.version.into());
    if conditional::client_has(&call.parts.headers, &etag) {
        return Ok(response::empty(StatusCode::NOT_MODIFIED).with_header(header::ETAG, etag));
    }
    Ok(task_response(StatusCode::OK, task))
}
