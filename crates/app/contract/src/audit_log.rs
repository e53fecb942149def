//! What happened to one's tasks and account: the component `audit-log`.

use chrono::{DateTime, Utc};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use crate::{
    operation::{Operation, get, routes},
    route::Route,
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
    /// The same for all events of one request.
    pub change_id: Uuid,
    /// `task.created` for example.
    pub event_type: String,
    pub user_id: Uuid,
    pub subject: Subject,
    /// The task it concerns, if it concerns one.
    pub task_id: Option<Uuid>,
    pub actor: Actor,
    /// Where it came in: `rest`, `recurrence`, `reminder` ...
    pub source: String,
    /// The subject after the change.
    #[schema(value_type = Option<Object>)]
    pub data: (),
    /// The subject before the change; null for a new one.
    #[schema(value_type = Option<Object>)]
    pub previous_data: (),
    /// What else belongs to this type of event.
    #[schema(value_type = Object)]
    pub metadata: (),
    /// When it happened.
    pub timestamp: DateTime<Utc>,
    /// SHA-256 of the entry and the hash of the one before, in hex.
    #[schema(pattern = "^[0-9a-f]{64}$")]
    pub hash: String,
}

/// What an event is about.
#[derive(ToSchema)]
pub struct Subject {
    /// `task` for example.
    pub r#type: String,
    pub id: Uuid,
}

/// Who did it.
#[derive(ToSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Actor {
    /// The user, with their own hands.
    User { id: Uuid },
    /// An assistant, for this user.
    Assistant { id: Uuid },
    /// The application itself.
    System,
}
