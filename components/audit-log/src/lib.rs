//! `/api/{user_id}/audit-logs`: what happened to one's tasks and account, oldest first.

use contract::audit_log::{Endpoint, ROUTES};
use events::{EventType, Source};
use http_api::{Admitted, Body, Problem, Query, Response, cursor, response, routes};
use operations::audit_log::{self, AuditQuery};
use operations::{Author, Context};

http_api::service!(Endpoint, ROUTES, handle);

async fn handle(call: Admitted<Endpoint>, _body: impl Body) -> Result<Response, Problem> {
    match call.endpoint {
        Endpoint::ListAuditLogs => list(call).await,
    }
}

async fn list(call: Admitted<Endpoint>) -> Result<Response, Problem> {
    let query = read_query(call.query())?;
    let user_id = call.user_id()?;
    let db = store::connect().await.map_err(Problem::internal)?;
    let context = Context::new(
        db,
        Author::user(user_id, Source::Rest, call.context.traceparent),
    );
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
