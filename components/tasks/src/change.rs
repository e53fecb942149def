//! `PATCH` and `DELETE /tasks/{task_id}`, `POST .../complete`, `.../reopen`, `.../restore`.

use crate::{Call, task_response};
use http_api::conditional::IfMatch;
use http_api::{Body, Problem, Response, StatusCode, read_object, response};
use operations::Precondition;
use operations::tasks;
use uuid::Uuid;

pub async fn patch(call: &Call, task_id: Uuid, body: impl Body) -> Result<Response, Problem> {
    let precondition = precondition(call)?;
    let input = call.input(read_object(&call.parts.headers, body).await?);
    let task = tasks::change(&call.context, task_id, input, &precondition).await?;
    Ok(task_response(StatusCode::OK, task))
}

pub async fn complete(call: &Call, task_id: Uuid, body: impl Body) -> Result<Response, Problem> {
    let precondition = without_input(call, body).await?;
    let task = tasks::complete(&call.context, task_id, &precondition).await?;
    Ok(task_response(StatusCode::OK, task))
}

pub async fn reopen(call: &Call, task_id: Uuid, body: impl Body) -> Result<Response, Problem> {
    let precondition = without_input(call, body).await?;
    let task = tasks::reopen(&call.context, task_id, &precondition).await?;
    Ok(task_response(StatusCode::OK, task))
}

pub async fn restore(call: &Call, task_id: Uuid, body: impl Body) -> Result<Response, Problem> {
    let precondition = without_input(call, body).await?;
    let task = tasks::restore(&call.context, task_id, &precondition).await?;
    Ok(task_response(StatusCode::OK, task))
}

pub async fn delete(call: &Call, task_id: Uuid, body: impl Body) -> Result<Response, Problem> {
    let precondition = without_input(call, body).await?;
    tasks::delete(&call.context, task_id, &precondition).await?;
    Ok(response::no_content())
}

async fn without_input(call: &Call, body: impl Body) -> Result<Precondition, Problem> {
    let precondition = precondition(call)?;
    call.refuse_input(body).await?;
    Ok(precondition)
}

/// `If-Match`. A version that no task can have matches none.
fn precondition(call: &Call) -> Result<Precondition, Problem> {
    Ok(match IfMatch::from_headers(&call.parts.headers)? {
        None | Some(IfMatch::Any) => Precondition::None,
        Some(IfMatch::Versions(versions)) => {
            let versions = versions.into_iter();
            Precondition::Versions(
                versions
                    .filter_map(|version| version.try_into().ok())
                    .collect(),
            )
        }
    })
}
