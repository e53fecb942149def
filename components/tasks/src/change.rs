//! `PATCH` and `DELETE /tasks/{task_id}`, `POST .../complete`, `.../reopen`, `.../restore`.
//!
//! A change without `If-Match` never fails because of another one: it is made again on what that one
//! left. With `If-Match` it is made at that version or not at all.

use crate::create::checked;
use crate::{Call, no_task, task_response};
use chrono::Utc;
use http_api::conditional::IfMatch;
use http_api::{Body, Problem, Response, StatusCode, read_object, response};
use store::tasks::{self, Change, Changed, Current, Edit, Stored};
use uuid::Uuid;

/// How often a change of the schedule is worked out again when others come in between.
const MAX_TRIES: usize = 1000;

pub async fn patch(call: &Call, task_id: Uuid, body: impl Body) -> Result<Response, Problem> {
    let condition = IfMatch::from_headers(&call.parts.headers)?;
    let fields = read_object(&call.parts.headers, body).await?;
    let (input, mut violations) = fields.into_parts();
    call.refuse_query(&mut violations);

    let db = call.database().await?;
    let mut current = tasks::read(&db, call.author.user_id, task_id, false)
        .await?
        .ok_or_else(no_task)?;
    let versions = versions(condition.as_ref());
    for _ in 0..MAX_TRIES {
        refuse_other_version(condition.as_ref(), &current)?;
        let from = current.stored.task()?;
        let to = checked(domain::patch(&from, &input, Utc::now()), violations.clone())?;
        if from == to {
            return Ok(task_response(StatusCode::OK, current.stored));
        }
        let edit = Change::Edit(Edit {
            current: &current,
            from: &from,
            to: &to,
            given: &input,
        });
        let changed = tasks::change(&db, &call.author, task_id, &edit, versions.as_deref());
        current = match changed.await? {
            Changed::Done(stored) => return Ok(task_response(StatusCode::OK, stored)),
            Changed::Unchanged(current) if !current.is_deleted => current,
            Changed::Unchanged(_) | Changed::Absent => return Err(no_task()),
        };
    }
    Err(busy())
}

pub async fn complete(call: &Call, task_id: Uuid, body: impl Body) -> Result<Response, Problem> {
    let task = act(call, task_id, body, Change::Complete).await?;
    Ok(task_response(StatusCode::OK, task))
}

pub async fn reopen(call: &Call, task_id: Uuid, body: impl Body) -> Result<Response, Problem> {
    let task = act(call, task_id, body, Change::Reopen).await?;
    Ok(task_response(StatusCode::OK, task))
}

pub async fn restore(call: &Call, task_id: Uuid, body: impl Body) -> Result<Response, Problem> {
    let task = act(call, task_id, body, Change::Restore).await?;
    Ok(task_response(StatusCode::OK, task))
}

pub async fn delete(call: &Call, task_id: Uuid, body: impl Body) -> Result<Response, Problem> {
    act(call, task_id, body, Change::Delete).await?;
    Ok(response::no_content())
}

/// Makes a change that needs no input. A task that is in the wanted state already is left as it is.
async fn act(
    call: &Call,
    task_id: Uuid,
    body: impl Body,
    change: Change<'_>,
) -> Result<Stored, Problem> {
    let condition = IfMatch::from_headers(&call.parts.headers)?;
    call.refuse_input(body).await?;
    let db = call.database().await?;
    let versions = versions(condition.as_ref());
    let changed = tasks::change(&db, &call.author, task_id, &change, versions.as_deref());
    match changed.await? {
        Changed::Done(stored) => Ok(stored),
        Changed::Unchanged(current) => {
            if current.is_deleted {
                return Err(no_task());
            }
            refuse_other_version(condition.as_ref(), &current)?;
            Ok(current.stored)
        }
        Changed::Absent => Err(no_task()),
    }
}

fn versions(condition: Option<&IfMatch>) -> Option<Vec<i32>> {
    match condition {
        None | Some(IfMatch::Any) => None,
        Some(IfMatch::Versions(versions)) => Some(
            versions
                .iter()
                .filter_map(|version| i32::try_from(*version).ok())
                .collect(),
        ),
    }
}

fn refuse_other_version(condition: Option<&IfMatch>, current: &Current) -> Result<(), Problem> {
    match condition {
        Some(condition) if !condition.allows(current.stored.version.into()) => {
            Err(Problem::precondition_failed())
        }
        _ => Ok(()),
    }
}

fn busy() -> Problem {
    Problem::unavailable(anyhow::anyhow!(
        "the task changed {MAX_TRIES} times while it was being changed"
    ))
}
