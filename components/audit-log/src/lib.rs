//! `/api/{user_id}/audit-logs`: what happened to one's tasks and account, oldest first.

use events::{EventType, Source};
use http_api::{
    Body, Problem, Query, Request, Response, Route, authenticate, cursor, response, routes,
};
use operations::audit_log::{self, AuditQuery};
use operations::{Author, Context};

const ROUTES: &[Route<()>] = &[Route::get("/api/{user_id}/audit-logs", ())];

const SCOPE: &str = "audit:read";

http_api::service!(route);

async fn route(
    request: Request<impl Body>,
    carried: http_api::Context,
) -> Result<Response, Problem> {
    let matched = routes::find(ROUTES, request.method(), request.uri().path())?;
    let caller = authenticate(request.headers()).await?;
    let user_id = caller.require_user(matched.param("user_id"))?;
    caller.require_scope(SCOPE)?;
    let query = read_query(request.uri().query())?;

    let db = store::connect().await.map_err(Problem::internal)?;
    let context = Context::new(db, Author::user(user_id, Source::Rest, carried.traceparent));
    let page = audit_log::list(&context, &query).await?;
    let next = page.next.map(|seq| cursor::encode(&seq)).transpose()?;
    Ok(response::page(&page.items, next.as_deref()))
}

fn read_query(text: Option<&str>) -> Result<AuditQuery, Problem> {
    let mut query = Query::parse(text);
    let audit = AuditQuery {
        task_id: query.checked("task_id", "a UUID", routes::parse_uuid),
        event_type: query.checked(
            "event_type",
            "a type of event such as task.created",
            |name| EventType::from_name(name).map(|kind| kind.as_str().to_owned()),
        ),
        limit: query.limit(),
        after: query.cursor::<i64>().unwrap_or(0),
    };
    query.finish()?;
    Ok(audit)
}
