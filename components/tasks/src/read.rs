//! `GET /tasks/{task_id}`.

use crate::{Call, task_response};
use http_api::response::ResponseExt;
use http_api::{Problem, Query, Response, StatusCode, conditional, header, response};
use operations::tasks;
use uuid::Uuid;

pub async fn read(call: &Call, task_id: Uuid) -> Result<Response, Problem> {
    Query::refuse_all(call.parts.uri.query())?;
    let task = tasks::read(&call.context, task_id).await?;
    let etag = conditional::etag(task.version.into());
    if conditional::client_has(&call.parts.headers, &etag) {
        return Ok(response::empty(StatusCode::NOT_MODIFIED).with_header(header::ETAG, etag));
    }
    Ok(task_response(StatusCode::OK, task))
}
