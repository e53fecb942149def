//! Finding tasks, page by page, by filter and search, in any order: one statement. Pages follow the key
//! of the last task, so that a task that comes or goes meanwhile neither repeats nor hides another.

use super::filter::condition;
use super::order::{cursor, ordered};
use crate::database::{Database, column, uuid_column};
use domain::listing::{Cursor, Listing};
use spin_sdk::pg::{Error, ParameterValue};
use uuid::Uuid;

/// The most JSON of a page, unless its first task alone has more: 200 tasks with the longest descriptions
/// would be too much for the instance that hands them on.
pub const MAX_PAGE_BYTES: i64 = 1 << 20;

/// A page of tasks.
#[derive(Debug, Clone)]
pub struct Found {
    /// Each as its JSON. Fewer than were asked for where they have many bytes.
    pub items: Vec<String>,
    /// Where the next page begins; `None` at the end.
    pub next: Option<Cursor>,
}

/// The tasks of a user that a listing asks for.
///
/// # Errors
/// When the database fails.
pub async fn find(db: &impl Database, user_id: Uuid, listing: &Listing) -> Result<Found, Error> {
    let (statement, parameters) = statement(user_id, listing);
    let rows = db.query(&statement, parameters).await?;
    let next = match rows.last() {
        Some(last) if column::<i64>(last, 3)? > rows.len() as i64 => {
            let key: Option<String> = column(last, 1)?;
            Some(cursor(
                listing.order,
                key.as_deref(),
                uuid_column(last, 2)?,
            )?)
        }
        _ => None,
    };
    let items = rows
        .iter()
        .map(|row| column(row, 0))
        .collect::<Result<_, _>>()?;
    Ok(Found { items, next })
}

/// Reads one task more than the page has, to know whether there is another, then leaves out those that
/// are too many or too large. Only the conditions that are asked for are in the text, so that each shape
/// of listing has a plan of its own.
fn statement(user_id: Uuid, listing: &Listing) -> (String, Vec<ParameterValue>) {
    let mut parameters = vec![user_id.to_string().into()];
    let order = ordered(
        listing.order,
        listing.after.as_ref(),
        &listing.words,
        &mut parameters,
    );
    let is_deleted = if listing.deleted {
        "IS NOT NULL"
    } else {
        "IS NULL"
    };
    let mut conditions = vec![
        "t.user_id = $1::text::uuid".to_owned(),
        format!("t.deleted_at {is_deleted}"),
    ];
    for wanted in listing.conditions() {
        conditions.push(condition(&wanted, &mut parameters));
    }
    conditions.extend(order.after);
    parameters.push(i64::from(listing.limit).into());
    let limit = parameters.len();
    let text = format!(
        "SELECT json, key, id, read FROM (
    SELECT p.json, p.key, p.id::text, count(*) OVER () AS read,
           row_number() OVER by_place AS place, sum(octet_length(p.json)) OVER by_place AS bytes
    FROM (
        SELECT task_json(t)::text AS json, {key} AS key, t.id, {sorted} AS sorted
        FROM tasks t
        WHERE {conditions}
        ORDER BY {sorted} {direction}, t.id {direction}
        LIMIT ${limit}::bigint + 1
    ) p
    WINDOW by_place AS (ORDER BY p.sorted {direction}, p.id {direction})
) page
WHERE place <= ${limit}::bigint AND (place = 1 OR bytes <= {MAX_PAGE_BYTES})
ORDER BY place",
        key = order.key,
        sorted = order.sorted,
        direction = order.direction,
        conditions = conditions.join("\n          AND "),
    );
    (text, parameters)
}
