//! `GET /health/live` and `GET /health/ready`: whether this process runs, and whether it can work.

mod check;

use http_api::response;
use http_api::{Body, Context, Parts, Problem, Request, Response, Route, StatusCode, routes};
use serde::Serialize;

use crate::check::Check;

#[derive(Clone, Copy)]
enum Endpoint {
    Live,
    Ready,
}

const ROUTES: &[Route<Endpoint>] = &[
    Route::get("/health/live", Endpoint::Live),
    Route::get("/health/ready", Endpoint::Ready),
];

#[derive(Serialize)]
struct Health {
    status: &'static str,
    checks: Vec<Check>,
}

http_api::service!(route);

async fn route(request: Request<impl Body>, _context: Context) -> Result<Response, Problem> {
    let (Parts { method, uri, .. }, _) = request.into_parts();
    let checks = match routes::find(ROUTES, &method, uri.path())?.endpoint {
        Endpoint::Live => Vec::new(),
        Endpoint::Ready => vec![check::postgres().await],
    };
    let (code, status) = match checks.iter().all(Check::is_ok) {
        true => (StatusCode::OK, "ok"),
        false => (StatusCode::SERVICE_UNAVAILABLE, "unavailable"),
    };
    response::json(code, &Health { status, checks })
}
