//! Reading one task.

use super::Stored;
use super::columns::read_wall_clock;
use crate::Author;
use crate::database::{Database, Row, column};
use chrono::NaiveDateTime;
use domain::Task;
use spin_sdk::pg::Error;
use uuid::Uuid;

/// A task as it was read, ready to be changed.
#[derive(Debug, Clone)]
pub struct Current {
    /// As the API gives it.
    pub stored: Stored,
    /// Whether it is in the trash.
    pub is_deleted: bool,
    /// The slot it fills in its series.
    pub occurrence: Option<NaiveDateTime>,
    pub(super) has_series: bool,
}

/// A completed task that repeats and that nothing follows yet.
#[derive(Debug, Clone)]
pub struct Completed {
    /// As the API gives it.
    pub stored: Stored,
    /// The slot it fills in its series.
    pub occurrence: NaiveDateTime,
    /// The latest slots of its series, its own among them.
    pub taken: Vec<NaiveDateTime>,
}

impl Stored {
    /// The fields.
    ///
    /// # Errors
    /// When the row is not as this version writes it.
    pub fn task(&self) -> Result<Task, Error> {
        serde_json::from_str(&self.json).map_err(|invalid| Error::Decode(invalid.to_string()))
    }

    /// The JSON, taken apart.
    ///
    /// # Errors
    /// Never: the database made it.
    pub fn value(&self) -> Result<serde_json::Value, Error> {
        serde_json::from_str(&self.json).map_err(|invalid| Error::Decode(invalid.to_string()))
    }
}

/// A task of this user; `None` when there is none. One in the trash only if `with_deleted`.
///
/// # Errors
/// When the database fails.
pub async fn read(
    db: &impl Database,
    user_id: Uuid,
    task_id: Uuid,
    with_deleted: bool,
) -> Result<Option<Current>, Error> {
    let parameters = vec![
        user_id.to_string().into(),
        task_id.to_string().into(),
        with_deleted.into(),
    ];
    let Some(row) = &db.read_one(include_str!("read.sql"), parameters).await? else {
        return Ok(None);
    };
    current(task_id, row).map(Some)
}

/// A row of `read.sql`, or of a statement whose first columns are the same.
pub(super) fn current(id: Uuid, row: &Row) -> Result<Current, Error> {
    let occurrence: Option<String> = column(row, 3)?;
    Ok(Current {
        stored: stored(id, row)?,
        is_deleted: column(row, 2)?,
        occurrence: occurrence.as_deref().and_then(read_wall_clock),
        has_series: column(row, 4)?,
    })
}

/// A task of this user that is not in the trash, as the API gives it; `None` when there is none.
///
/// # Errors
/// When the database fails.
pub async fn show(
    db: &impl Database,
    user_id: Uuid,
    task_id: Uuid,
) -> Result<Option<Stored>, Error> {
    const STATEMENT: &str = "SELECT task_json(t)::text, t.version FROM tasks t \
         WHERE t.id = $2::text::uuid AND t.user_id = $1::text::uuid AND t.deleted_at IS NULL";
    let parameters = vec![user_id.to_string().into(), task_id.to_string().into()];
    let row = db.read_one(STATEMENT, parameters).await?;
    row.map(|row| stored(task_id, &row)).transpose()
}

/// A completed task whose next occurrence is still to be made; `None` when there is nothing to do:
/// it was reopened or deleted, does not repeat, or was followed already.
///
/// # Errors
/// When the database fails.
pub async fn read_completed(
    db: &impl Database,
    author: &Author,
    task_id: Uuid,
) -> Result<Option<Completed>, Error> {
    let parameters = vec![
        author.user_id.to_string().into(),
        task_id.to_string().into(),
    ];
    let row = db.read_one(include_str!("read_completed.sql"), parameters);
    let Some(row) = &row.await? else {
        return Ok(None);
    };
    let occurrence: String = column(row, 2)?;
    let taken: String = column(row, 3)?;
    Ok(Some(Completed {
        stored: stored(task_id, row)?,
        occurrence: read_wall_clock(&occurrence)
            .ok_or_else(|| Error::Decode(format!("{occurrence} is no wall-clock time")))?,
        taken: taken.split(' ').filter_map(read_wall_clock).collect(),
    }))
}

/// The time zone of a user; `None` when the user is gone.
///
/// # Errors
/// When the database fails.
pub async fn user_time_zone(db: &impl Database, user_id: Uuid) -> Result<Option<String>, Error> {
    const STATEMENT: &str = "SELECT time_zone FROM users WHERE id = $1::text::uuid";
    let row = db.read_one(STATEMENT, vec![user_id.to_string().into()]);
    row.await?.map(|row| column(&row, 0)).transpose()
}

pub(super) fn stored(id: Uuid, row: &Row) -> Result<Stored, Error> {
    Ok(Stored {
        id,
        json: column(row, 0)?,
        version: column(row, 1)?,
    })
}
