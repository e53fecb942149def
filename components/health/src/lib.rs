//! `GET /health/live` and `GET /health/ready`: whether this process runs, and whether it can work.

mod check;

use contract::health::{Endpoint, ROUTES};
use http_api::response;
use http_api::{Admitted, Body, Problem, Response, StatusCode};
use serde::Serialize;

use crate::check::Check;

#[derive(Serialize)]
struct Health {
    status: &'static str,
    checks: Vec<Check>,
}

http_api::service!(Endpoint, ROUTES, handle);

async fn handle(call: Admitted<Endpoint>, _body: impl Body) -> Result<Response, Problem> {
    let checks = match call.endpoint {
        Endpoint::IsLive => Vec::new(),
        Endpoint::IsReady => vec![check::postgres().await],
    };
    let (code, status) = match checks.iter().all(Check::is_ok) {
        true => (StatusCode::OK, "ok"),
        false => (StatusCode::SERVICE_UNAVAILABLE, "unavailable"),
    };
    response::json(code, &Health { status, checks })
}
