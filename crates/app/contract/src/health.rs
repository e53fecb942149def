//! Whether the application runs, and whether it can work: the component `health`.

use utoipa::ToSchema;

use crate::operation::{Operation, get, routes};
use crate::route::{Access, Route};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Endpoint {
    IsLive,
    IsReady,
}

pub(crate) const OPERATIONS: &[Operation<Endpoint>] = &[
    get("/health/live", Access::Public, Endpoint::IsLive)
        .summary("Whether the application runs")
        .gives::<Health>(200, "It does."),
    get("/health/ready", Access::Public, Endpoint::IsReady)
        .summary("Whether the application has what it needs to work")
        .gives::<Health>(200, "It has.")
        .gives::<Health>(503, "Something is away."),
];

pub const ROUTES: [Route<Endpoint>; OPERATIONS.len()] = routes(OPERATIONS);

#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
pub enum HealthStatus {
    Ok,
    Unavailable,
}

#[derive(ToSchema)]
pub struct Health {
    pub status: HealthStatus,
    /// What was looked at; nothing where only the process is asked for.
    pub checks: Vec<Check>,
}

#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
pub enum CheckStatus {
    Ok,
    Failed,
}

/// Something the application cannot work without.
#[derive(ToSchema)]
pub struct Check {
    pub name: String,
    pub status: CheckStatus,
    pub duration_ms: u64,
    /// What is wrong.
    pub detail: Option<String>,
}
