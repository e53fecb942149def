//! Making a task.

use crate::error::checked;
use crate::{Context, Error, Input};
use chrono::Utc;
use chrono_tz::Tz;
use serde_json::Value;
use store::Database;
use store::tasks::{self, Origin, RequestKey, Stored};

/// A task that is about to be made.
#[derive(Debug, Clone, Default)]
pub struct NewTask {
    /// Its fields; those that are absent get their defaults.
    pub input: Input,
    /// By which the same request is known when it is repeated.
    pub key: Option<RequestKey>,
}

/// A task that was made.
#[derive(Debug, Clone)]
pub struct Created {
    /// The task.
    pub task: Stored,
    /// The same request made it before: this is what was answered then.
    pub is_replay: bool,
}

/// Makes a task.
///
/// # Errors
/// When the input is wrong, the key was used with another request, the account is gone or the database
/// fails.
pub async fn create(context: &Context<impl Database>, new: NewTask) -> Result<Created, Error> {
    let Input { fields, wrong } = new.input;
    let needs_zone = domain::needs_user_time_zone(&fields);
    let zone = if needs_zone {
        user_zone(context).await?
    } else {
        Tz::UTC
    };
    let task = checked(domain::create(&fields, zone, Utc::now()), &wrong)?;
    let is_given = |value: &Value| !value.is_null();
    let has_zone = needs_zone || fields.get("time_zone").is_some_and(is_given);
    let new = tasks::NewTask {
        task: &task,
        use_user_zone: !has_zone,
        origin: new.key.map_or(Origin::Request, Origin::KeyedRequest),
    };
    let (task, is_replay) = match tasks::create(&context.db, &context.author, new).await? {
        tasks::Created::New(stored) => (stored, false),
        tasks::Created::Replayed(stored) => (stored, true),
        tasks::Created::KeyReused => return Err(Error::KeyReused),
        tasks::Created::Nothing => return Err(Error::AccountGone),
    };
    Ok(Created { task, is_replay })
}

async fn user_zone(context: &Context<impl Database>) -> Result<Tz, Error> {
    let name = tasks::user_time_zone(&context.db, context.user_id())
        .await?
        .ok_or(Error::AccountGone)?;
    // Checked when it was set; a zone that this build no longer knows must not block its user.
    Ok(name.parse().unwrap_or(Tz::UTC))
}
