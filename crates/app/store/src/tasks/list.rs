//! Listing tasks, page by page. Pages follow the keys of the last task, so that a task that comes or
//! goes meanwhile neither repeats nor hides another.

use crate::Page;
use crate::database::{Database, Row, column, uuid_column};
use domain::{Position, Sort, TaskQuery};
use spin_sdk::pg::{Error, ParameterValue};
use uuid::Uuid;

/// The tasks of a user that a query asks for.
///
/// # Errors
/// When the database fails.
pub async fn list(
    db: &impl Database,
    user_id: Uuid,
    query: &TaskQuery,
) -> Result<Page<Position>, Error> {
    let statement = Statement::new(user_id, query);
    let rows = db.query(&statement.text, statement.parameters).await?;
    Page::of(rows, query.limit, |last| position(last, query))
}

fn position(last: &Row, query: &TaskQuery) -> Result<Position, Error> {
    Ok(Position {
        order: query.order.to_string(),
        key: column(last, 1)?,
        id: uuid_column(last, 2)?,
    })
}

/// What is sorted by: the expression, its type, and its text in a position (see [`Sort::is_key`]).
const fn key(sort: Sort) -> (&'static str, &'static str, &'static str) {
    match sort {
        Sort::CreatedAt => ("t.created_at", "timestamptz", "rfc3339(t.created_at)"),
        Sort::UpdatedAt => ("t.updated_at", "timestamptz", "rfc3339(t.updated_at)"),
        // A task without a time of day comes after those of its day; one without a day at the end.
        Sort::Due => (
            "coalesce(t.due_date + coalesce(t.due_time, '24:00'), '3999-12-31'::timestamp)",
            "timestamp",
            "to_char(coalesce(t.due_date + coalesce(t.due_time, '24:00'), '3999-12-31'::timestamp), \
             'YYYY-MM-DD\"T\"HH24:MI')",
        ),
        Sort::Priority => (
            "array_position(ARRAY['low', 'medium', 'high', 'urgent'], t.priority)",
            "int",
            "array_position(ARRAY['low', 'medium', 'high', 'urgent'], t.priority)::text",
        ),
        Sort::Title => ("lower(t.title)", "text", "lower(t.title)"),
    }
}

/// Only the conditions that are asked for are in the text, so that each shape of query has a plan of
/// its own.
struct Statement {
    text: String,
    parameters: Vec<ParameterValue>,
}

impl Statement {
    fn new(user_id: Uuid, query: &TaskQuery) -> Self {
        let (key, key_type, key_text) = key(query.order.sort);
        let (direction, beyond) = if query.order.descending {
            ("DESC", "<")
        } else {
            ("ASC", ">")
        };
        let mut statement = Self {
            text: format!(
                "SELECT task_json(t)::text, {key_text}, t.id::text\nFROM tasks t\nWHERE true"
            ),
            parameters: Vec::new(),
        };
        statement.with("t.user_id = {}::text::uuid", user_id.to_string());
        statement.also(if query.deleted {
            "t.deleted_at IS NOT NULL"
        } else {
            "t.deleted_at IS NULL"
        });
        if let Some(status) = query.status {
            statement.with("t.status = {}::text", status.as_str().to_owned());
        }
        if let Some(priority) = query.priority {
            statement.with("t.priority = {}::text", priority.as_str().to_owned());
        }
        if let Some(tag) = &query.tag {
            statement.with("{}::text = ANY (t.tags)", tag.clone());
        }
        if let Some(from) = query.due_from {
            statement.with("t.due_date >= {}::text::date", from.to_string());
        }
        if let Some(to) = query.due_to {
            statement.with("t.due_date <= {}::text::date", to.to_string());
        }
        match query.overdue {
            Some(true) => statement.also("t.status = 'pending' AND t.due_at < now()"),
            Some(false) => {
                statement.also("(t.status <> 'pending' OR t.due_at IS NULL OR t.due_at >= now())");
            }
            None => {}
        }
        if let Some(q) = &query.q {
            statement.with("t.search @@ to_tsquery('simple', {}::text)", prefixes(q));
        }
        if let Some(after) = &query.after {
            let condition = format!("({key}, t.id) {beyond} ({{}}::text::{key_type}, ");
            statement.with(&condition, after.key.clone());
            statement.push("{}::text::uuid)", after.id.to_string());
        }
        statement
            .text
            .push_str(&format!("\nORDER BY {key} {direction}, t.id {direction}"));
        // One more than the page, to know whether there is another.
        statement.push("\nLIMIT {}::bigint", i64::from(query.limit) + 1);
        statement
    }

    fn also(&mut self, condition: &str) {
        self.text.push_str("\n  AND ");
        self.text.push_str(condition);
    }

    fn with(&mut self, condition: &str, parameter: impl Into<ParameterValue>) {
        self.text.push_str("\n  AND ");
        self.push(condition, parameter);
    }

    /// Adds text whose `{}` is the parameter.
    fn push(&mut self, text: &str, parameter: impl Into<ParameterValue>) {
        self.parameters.push(parameter.into());
        let place = format!("${}", self.parameters.len());
        self.text.push_str(&text.replace("{}", &place));
    }
}

/// A text search for words that begin like these, all of them.
fn prefixes(words: &str) -> String {
    words
        .split_whitespace()
        .map(|word| word.replace(['\'', '\\'], " "))
        .map(|word| format!("'{word}':*"))
        .collect::<Vec<_>>()
        .join(" & ")
}
