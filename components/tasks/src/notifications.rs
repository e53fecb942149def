//! `GET /notifications`: what was sent, newest first.

use crate::Call;
use domain::time::parse_instant;
use http_api::{Problem, Query, Response, cursor, response};
use store::notifications::{self, Position};

pub async fn list(call: &Call) -> Result<Response, Problem> {
    let mut query = Query::parse(call.parts.uri.query());
    let limit = query.limit();
    let after: Option<Position> = query.cursor();
    if after
        .as_ref()
        .is_some_and(|position| parse_instant(&position.created_at).is_err())
    {
        query.violation("cursor", "must be the next_cursor of a previous page");
    }
    query.finish()?;

    let db = call.database().await?;
    let (items, next) =
        notifications::list(&db, call.author.user_id, limit, after.as_ref()).await?;
    let next = next.map(|position| cursor::encode(&position)).transpose()?;
    Ok(response::page(&items, next.as_deref()))
}
