//! `GET /tasks`.

use crate::{Call, page, parsed};
use domain::{Order, Position, TaskQuery, time::parse_date};
use http_api::{Problem, Query, Response};
use operations::tasks;

/// The most words of a search; each costs the database.
const MAX_WORDS: usize = 20;

pub async fn list(call: &Call) -> Result<Response, Problem> {
    let query = read_query(call.parts.uri.query())?;
    page(tasks::list(&call.context, &query).await?)
}

fn read_query(text: Option<&str>) -> Result<TaskQuery, Problem> {
    let mut query = Query::parse(text);
    let order: Order = parsed(&mut query, "sort", str::parse).unwrap_or_default();
    let after: Option<Position> = query.cursor();
    let fits = |position: &Position| {
        position.order == order.to_string() && order.sort.is_key(&position.key)
    };
    if after.as_ref().is_some_and(|position| !fits(position)) {
        query.violation("cursor", "belongs to a page with another sort");
    }
    let tasks = TaskQuery {
        status: parsed(&mut query, "status", str::parse),
        priority: parsed(&mut query, "priority", str::parse),
        tag: query.take("tag"),
        due_from: parsed(&mut query, "due_from", parse_date),
        due_to: parsed(&mut query, "due_to", parse_date),
        overdue: query.parsed("overdue", "true or false"),
        q: parsed(&mut query, "q", search_words),
        deleted: query.parsed("deleted", "true or false").unwrap_or(false),
        order,
        limit: query.limit(),
        after,
    };
    query.finish()?;
    Ok(tasks)
}

fn search_words(text: &str) -> Result<String, String> {
    if text.split_whitespace().count() > MAX_WORDS {
        return Err(format!("must be at most {MAX_WORDS} words"));
    }
    Ok(text.to_owned())
}
