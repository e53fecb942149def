//! `POST /tasks`.

use crate::{Call, task_response};
use http_api::idempotency::IdempotencyKey;
use http_api::response::ResponseExt;
use http_api::{Body, Problem, Response, StatusCode, header, read_object};
use operations::tasks::{self, NewTask, RequestKey};

pub async fn create(call: &Call, body: impl Body) -> Result<Response, Problem> {
    let fields = read_object(&call.parts.headers, body).await?;
    let key = IdempotencyKey::from_request(
        &call.parts.headers,
        &call.parts.method,
        call.parts.uri.path(),
        fields.bytes(),
    )?;
    let new = NewTask {
        input: call.input(fields),
        key: key.map(|IdempotencyKey { key, fingerprint }| RequestKey { key, fingerprint }),
    };
    let created = tasks::create(&call.context, new).await?;
    let location = format!("/api/{}/tasks/{}", call.context.user_id(), created.task.id);
    let response =
        task_response(StatusCode::CREATED, created.task).with_header(header::LOCATION, location);
    Ok(if created.is_replay {
        let name = header::HeaderName::from_static("idempotency-replayed");
        response.with_header(name, "true")
    } else {
        response
    })
}
