//! `GET /notifications`: what was sent, newest first.

use crate::{Call, page};
use domain::time::parse_instant;
use http_api::{Problem, Query, Response};
use operations::notifications::{self, Position};

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
    page(notifications::list(&call.context, limit, after.as_ref()).await?)
}
