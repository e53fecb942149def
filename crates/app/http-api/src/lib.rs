//! What every HTTP component shares: routes, request bodies and queries, problem documents, access
//! tokens, pages, conditional requests. It knows HTTP, and of what is served only how an operation can
//! fail; nothing of tasks or SQL.
//!
//! A component looks like this:
//!
//! ```ignore
//! const ROUTES: &[Route<Endpoint>] = &[
//!     Route::get("/api/{user_id}/tasks", Endpoint::List),
//!     Route::post("/api/{user_id}/tasks", Endpoint::Create),
//! ];
//!
//! http_api::service!(route);
//!
//! async fn route(request: Request<impl Body>, context: Context) -> Result<Response, Problem> {
//!     let (parts, body) = request.into_parts();
//!     let matched = routes::find(ROUTES, &parts.method, parts.uri.path())?;
//!     let identity = http_api::authenticate(&parts.headers).await?;
//!     let user_id = identity.require_user(matched.param("user_id"))?;
//!     match matched.endpoint { /* ... */ }
//! }
//! ```

pub mod auth;
pub mod body;
pub mod conditional;
pub mod context;
pub mod cursor;
pub mod fields;
pub mod idempotency;
pub mod problem;
pub mod query;
pub mod response;
pub mod routes;
mod serve;
pub mod service;

pub use auth::{Identity, authenticate, authenticate_token};
pub use body::{Body, read_object, read_optional_object};
pub use context::Context;
pub use fields::{Field, Fields};
pub use http::{Method, Request, StatusCode, header, request::Parts};
pub use problem::{Problem, Violations};
pub use query::Query;
pub use response::{Response, ResponseExt};
pub use routes::{Matched, Route};
pub use serve::serve;

#[doc(hidden)]
pub use spin_sdk;
