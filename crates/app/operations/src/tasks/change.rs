//! Changing a task.
//!
//! Changes of one user's tasks queue on the user's lock, which a statement takes before it reads. A guest
//! cannot hold it from one statement to the next: under the real Spin every statement is a transaction
//! of its own. So each change is one statement that merges what was asked for into the task as the change
//! before left it, and a change without a precondition does not fail because of another. The one thing
//! that the statement cannot work out is a schedule (rules are the domain's). It is worked out before, the
//! statement makes sure that it still fits, and else gives the task as it is now to work it out anew.
//! Whenever that happens, another change has been made.

use super::no_task;
use crate::error::checked;
use crate::{Context, Error, Input, Precondition};
use chrono::Utc;
use domain::Present;
use store::Database;
use store::tasks::{self, Change, Changed, Edit, Stored};
use uuid::Uuid;

/// How often a schedule is worked out anew. Each time is a change that another request has made meanwhile,
/// so this is far more than the requests that a host takes at once.
const MAX_TRIES: usize = 2000;

/// Gives fields of a task other values, by the rules of a JSON merge patch (RFC 7396). A task that has
/// these values already is left as it is.
///
/// # Errors
/// When the input is wrong, there is no such task, its version is another or the database fails.
pub async fn change(
    context: &Context<impl Database>,
    task_id: Uuid,
    input: Input,
    precondition: &Precondition,
) -> Result<Stored, Error> {
    let Context { db, author } = context;
    let Input { fields, wrong } = input;
    let read = tasks::read(db, author.user_id, task_id, false).await?;
    let mut current = read.ok_or_else(no_task)?;
    for _ in 0..MAX_TRIES {
        precondition.check(current.stored.version)?;
        let from = current.stored.task()?;
        let json = current.stored.value()?;
        let present = Present {
            task: &from,
            json: json.as_object(),
            occurrence: current.occurrence,
        };
        let to = checked(domain::edit(present, &fields, Utc::now()), &wrong)?;
        if from == to.task {
            return Ok(current.stored);
        }
        let edit = Change::Edit(Edit {
            current: &current,
            from: &from,
            to: &to,
            given: &fields,
        });
        let changed = tasks::change(db, author, task_id, &edit, precondition.versions()).await?;
        current = match changed {
            Changed::Done(stored) => return Ok(stored),
            Changed::Unchanged(current) if !current.is_deleted => current,
            Changed::Unchanged(_) | Changed::Absent => return Err(no_task()),
        };
    }
    Err(Error::Busy)
}

/// Completes a task. One that is completed already is left as it is.
///
/// # Errors
/// When there is no such task, its version is another or the database fails.
pub async fn complete(
    context: &Context<impl Database>,
    task_id: Uuid,
    precondition: &Precondition,
) -> Result<Stored, Error> {
    act(context, task_id, Change::Complete, precondition).await
}

/// Makes a completed task pending again. One that is pending already is left as it is.
///
/// # Errors
/// When there is no such task, its version is another or the database fails.
pub async fn reopen(
    context: &Context<impl Database>,
    task_id: Uuid,
    precondition: &Precondition,
) -> Result<Stored, Error> {
    act(context, task_id, Change::Reopen, precondition).await
}

/// Puts a task into the trash.
///
/// # Errors
/// When there is no such task, its version is another or the database fails.
pub async fn delete(
    context: &Context<impl Database>,
    task_id: Uuid,
    precondition: &Precondition,
) -> Result<Stored, Error> {
    act(context, task_id, Change::Delete, precondition).await
}

/// Takes a task out of the trash. One that is not there is left as it is.
///
/// # Errors
/// When there is no such task, its version is another or the database fails.
pub async fn restore(
    context: &Context<impl Database>,
    task_id: Uuid,
    precondition: &Precondition,
) -> Result<Stored, Error> {
    act(context, task_id, Change::Restore, precondition).await
}

/// Makes a change that needs no input.
async fn act(
    context: &Context<impl Database>,
    task_id: Uuid,
    change: Change<'_>,
    precondition: &Precondition,
) -> Result<Stored, Error> {
    let Context { db, author } = context;
    let versions = precondition.versions();
    match tasks::change(db, author, task_id, &change, versions).await? {
        Changed::Done(stored) => Ok(stored),
        Changed::Unchanged(current) if current.is_deleted && !matches!(change, Change::Restore) => {
            Err(no_task())
        }
        Changed::Unchanged(current) => {
            precondition.check(current.stored.version)?;
            Ok(current.stored)
        }
        Changed::Absent => Err(no_task()),
    }
}
