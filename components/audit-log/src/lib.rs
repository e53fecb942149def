//! `/api/{user_id}/audit-logs`: what happened to one's tasks and account, oldest first.

use contract::audit_log::{Endpoint, ROUTES};
use events::EventType;
use http_api::{Admitted, Body, Problem, Query, Response, cursor, response, routes};
use store::audit::{self, AuditQuery};
use uuid::Uuid;

http_api::service!(Endpoint, ROUTES, handle);

async fn handle(call: Admitted<Endpoint>, _body: impl Body) -> Result<Response, Problem> {
    let user_id = call.user_id()?;
    match call.endpoint {
        Endpoint::ListAuditLogs => list(user_id, call.query()).await,
    }
}

async fn list(user_id: Uuid, query: Option<&str>) -> Result<Response, Problem> {
    let query = read_query(query)?;
    let db = store::connect().await.map_err(Problem::internal)?;
    let (items, next) = audit::list(&db, user_id, &query).await?;
    let next = next.map(|seq| cursor::encode(&seq)).transpose()?;
    Ok(response::page(&items, next.as_deref()))
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
