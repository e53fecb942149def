//! `PATCH` and `DELETE /tasks/{task_id}`, `POST .../complete`, `.../reopen`, `.../restore`.
//!
//! A change without `If-Match` never fails because of another one: it is made again on what that one
//! left. With `If-Match` it is made at that version or not at all.

use crate::create::checked;
use crate::{Call, no_task, task_response};
use chrono::Utc;
use http_api::conditional::IfMatch;
use http_api::{Body, Problem, Response, StatusCode, read_object, response};
use store::Connection;
use store::tasks::{self, Change, Current, Stored};
use uuid::Uuid;

/// How often a change is made again when others come in between.
const MAX_TRIES: usize = 20;

pub async fn patch(call: &Call, task_id: Uuid, body: impl Body) -> Result<Response, Problem> {
    let condition = IfMatch::from_headers(&call.parts.headers)?;
    let fields = read_object(&call.parts.headers, body).await?;
    let (input, mut violations) = fields.into_parts();
    call.refuse_query(&mut violations);

    let db = call.database().await?;
    for _ in 0..MAX_TRIES {
        let current = read_allowed(call, &db, task_id, condition.as_ref(), false).await?;
        let from = current.stored.task()?;
        let to = checked(domain::patch(&from, &input, Utc::now()), violations.clone())?;
        if from == to {
            return Ok(task_response(StatusCode::OK, current.stored));
        }
        let edit = Change::Edit {
            current: &current,
            from: &from,
            to: &to,
        };
        let version = Some(current.stored.version);
        if let Some(stored) = tasks::change(&db, &call.author, task_id, edit, version).await? {
            return Ok(task_response(StatusCode::OK, stored));
        }
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
    let restores = matches!(change, Change::Restore);
    for _ in 0..MAX_TRIES {
        let version = match &condition {
            None => None,
            Some(_) => {
                let current =
                    read_allowed(call, &db, task_id, condition.as_ref(), restores).await?;
                Some(current.stored.version)
            }
        };
        let changed = tasks::change(&db, &call.author, task_id, change.clone(), version).await?;
        if let Some(stored) = changed {
            return Ok(stored);
        }
        let current = read_allowed(call, &db, task_id, condition.as_ref(), restores).await?;
        if is_done(&change, &current)? {
            return Ok(current.stored);
        }
    }
    Err(busy())
}

fn is_done(change: &Change<'_>, current: &Current) -> Result<bool, Problem> {
    let wanted = match change {
        Change::Complete => domain::Status::Completed,
        Change::Reopen => domain::Status::Pending,
        Change::Restore => return Ok(!current.is_deleted),
        Change::Delete | Change::Edit { .. } => return Ok(false),
    };
    Ok(current.stored.task()?.status == wanted)
}

/// The task, if `If-Match` lets its version be changed.
async fn read_allowed(
    call: &Call,
    db: &Connection,
    task_id: Uuid,
    condition: Option<&IfMatch>,
    with_deleted: bool,
) -> Result<Current, Problem> {
    let current = tasks::read(db, call.author.user_id, task_id, with_deleted)
        .await?
        .ok_or_else(no_task)?;
    let version = current.stored.version.into();
    match condition {
        Some(condition) if !condition.allows(version) => Err(Problem::precondition_failed()),
        _ => Ok(current),
    }
}

fn busy() -> Problem {
    Problem::unavailable(anyhow::anyhow!(
        "the task changed {MAX_TRIES} times while it was being changed"
    ))
}
