//! What happened to one's tasks and account: the component `audit-log`.

use chrono::{DateTime, Utc};
use http_api::Route;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use crate::{
    operation::{Operation, get, routes},
    scope::AUDIT_READ,
};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Endpoint {
    ListAuditLogs,
}

pub(crate) const OPERATIONS: &[Operation<Endpoint>] = &[get(
    "/api/{user_id}/audit-logs",
    AUDIT_READ,
    Endpoint::ListAuditLogs,
)
.summary("List what happened to one's tasks and account")
.query::<AuditQuery>()
.gives_page::<AuditEntry>("Oldest first.")];

pub const ROUTES: [Route<Endpoint>; OPERATIONS.len()] = routes(OPERATIONS);

/// Every condition must hold.
#[derive(IntoParams)]
pub struct AuditQuery {
    /// Is about this task.
    pub task_id: Option<Uuid>,
    /// Is of this type, `task.created` for example.
    pub event_type: Option<String>,
    /// How many items a page has; 50 if it is left out.
    #[param(minimum = 1, maximum = 200)]
    pub limit: Option<u32>,
    /// The `next_cursor` of the page before.
    pub cursor: Option<String>,
}

/// An event, and its place in the log.
#[derive(ToSchema)]
pub struct AuditEntry {
    pub id: Uuid,
    pub event_id: Uuid,
    /// `task.created` for example.
    pub event_type: String,
    pub user_id: Uuid,
    /// The task it is about, if it is about one.
    pub task_id: Option<Uuid>,
    pub actor: Actor,
    /// Where it came in: `rest`, `recurrence`, `reminder` ...
    pub source: String,
    /// The task after the change.
    #[schema(value_type = Option<Object>)]
    pub task_data: Option<()>,
    /// The task before the change; null for a new one.
    #[schema(value_type = Option<Object>)]
    pub previous_data: Option<()>,
    /// What else belongs to this type of event.
    #[schema(value_type = Object)]
    pub metadata: (),
    /// When it happened.
    pub timestamp: DateTime<Utc>,
}

#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
pub enum ActorType {
    User,
    Assistant,
    System,
}

/// Who did it.
#[derive(ToSchema)]
pub struct Actor {
    pub r#type: ActorType,
    /// The user whose hands or assistant it was; the system has none.
    pub id: Option<Uuid>,
}
