//! Making a task, by hand or as the next occurrence of another.

use super::Stored;
use super::columns::{SCHEDULE, filled_in, of, wall_clock};
use super::read::stored;
use crate::Author;
use crate::database::{Database, column, uuid_column};
use chrono::NaiveDateTime;
use domain::Task;
use events::EventType;
use serde_json::json;
use spin_sdk::pg::{Error, ParameterValue};
use std::sync::LazyLock;
use uuid::Uuid;

/// A task that is about to be made.
#[derive(Debug, Clone)]
pub struct NewTask<'a> {
    /// Its fields.
    pub task: &'a Task,
    /// Take the zone from the user instead of the fields.
    pub use_user_zone: bool,
    /// What it is made for.
    pub origin: Origin,
}

/// What a task is made for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// A request. One that is repeated makes another task.
    Request,
    /// A request that is known by its key when it is repeated.
    KeyedRequest(RequestKey),
    /// The completed task that this one follows.
    Completion(Model),
}

/// The completed task that a next occurrence is made from. It gives every field but those of time
/// and recurrence, as they stand at the moment of writing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Model {
    /// Its id.
    pub id: Uuid,
    /// Its version when it was read.
    pub version: i32,
    /// The slot that the new task fills.
    pub occurrence: NaiveDateTime,
}

/// An idempotency key, and what tells its request from another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestKey {
    /// Up to 255 characters.
    pub key: String,
    /// SHA-256 of the request, in hex.
    pub fingerprint: String,
}

/// What became of a task that was to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Created {
    /// It is there.
    New(Stored),
    /// The same request was answered with this before.
    Replayed(Stored),
    /// The key came with another request before.
    KeyReused,
    /// Nothing was made: the user is gone, or the model is not as it was read, or followed already.
    Nothing,
}

/// One statement for each origin, so that the usual one does not pay for tables that it never
/// touches: they were a tenth of it.
fn statement(model: &str, key: &str, more: &str) -> String {
    let parts = [
        include_str!("create/lock.sql"),
        model,
        include_str!("create/draft.sql"),
        key,
        include_str!("create/task.sql"),
        more,
    ];
    filled_in(&parts.concat())
}

const NO_MODEL: &str = "model AS (SELECT NULL::tasks AS task),\n";
const NO_KEY: &str = "kept AS (SELECT),\n";

static BY_REQUEST: LazyLock<String> = LazyLock::new(|| statement(NO_MODEL, NO_KEY, ""));
static BY_KEYED_REQUEST: LazyLock<String> =
    LazyLock::new(|| statement(NO_MODEL, include_str!("create/key.sql"), ""));
static BY_COMPLETION: LazyLock<String> = LazyLock::new(|| {
    statement(
        include_str!("create/model.sql"),
        NO_KEY,
        include_str!("create/copied_reminders.sql"),
    )
});

/// Makes a task.
///
/// # Errors
/// When the database fails.
pub async fn create(
    db: &impl Database,
    author: &Author,
    new: NewTask<'_>,
) -> Result<Created, Error> {
    let id = Uuid::now_v7();
    let mut parameters: Vec<ParameterValue> = vec![
        author.user_id.to_string().into(),
        columns(id, &new).into(),
        author.event(EventType::TaskCreated),
    ];
    let statement = match &new.origin {
        Origin::Request => &BY_REQUEST,
        Origin::KeyedRequest(request) => {
            parameters.push(request.key.clone().into());
            parameters.push(request.fingerprint.clone().into());
            &BY_KEYED_REQUEST
        }
        Origin::Completion(model) => {
            parameters.push(model.id.to_string().into());
            parameters.push(model.version.into());
            &BY_COMPLETION
        }
    };
    let rows = db.query(statement, parameters).await?;
    match (rows.first(), new.origin) {
        (Some(row), _) => Ok(Created::New(stored(id, row)?)),
        (None, Origin::KeyedRequest(request)) => read_reply(db, author.user_id, request).await,
        (None, Origin::Request | Origin::Completion(_)) => Ok(Created::Nothing),
    }
}

async fn read_reply(db: &impl Database, user_id: Uuid, key: RequestKey) -> Result<Created, Error> {
    let parameters = vec![user_id.to_string().into(), key.key.into()];
    let row = db.read_one(include_str!("read_reply.sql"), parameters);
    let Some(row) = &row.await? else {
        return Ok(Created::Nothing);
    };
    let fingerprint: String = column(row, 0)?;
    if fingerprint != key.fingerprint {
        return Ok(Created::KeyReused);
    }
    Ok(Created::Replayed(Stored {
        id: uuid_column(row, 3)?,
        json: column(row, 1)?,
        version: column(row, 2)?,
    }))
}

fn columns(id: Uuid, new: &NewTask<'_>) -> String {
    let mut columns = match new.origin {
        Origin::Request | Origin::KeyedRequest(_) => {
            let occurrence = new.task.rule.as_ref().and(new.task.slot());
            let occurrence = occurrence.map(|slot| slot.local());
            let mut columns = of(new.task, occurrence);
            columns.insert("series_id".into(), json!(occurrence.map(|_| id)));
            columns.insert("occurrence".into(), json!(occurrence.map(wall_clock)));
            columns
        }
        Origin::Completion(model) => {
            let mut columns = of(new.task, Some(model.occurrence));
            columns.retain(|name, _| name == "remind_at" || SCHEDULE.contains(&name.as_str()));
            columns.insert("follows_id".into(), json!(model.id));
            columns.insert("occurrence".into(), json!(wall_clock(model.occurrence)));
            columns
        }
    };
    columns.insert("id".into(), json!(id));
    if new.use_user_zone {
        columns.remove("time_zone");
    }
    serde_json::Value::Object(columns).to_string()
}
