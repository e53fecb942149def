//! What every HTTP component shares: routes, request bodies and queries, problem documents, access
//! tokens, pages, conditional requests. It knows HTTP, and of what is served only how an operation can
//! fail; nothing of tasks or SQL.
//!
//! A component declares its routes as data (see the crate `contract`) and says what each does:
//!
//! ```ignore
//! http_api::service!(Endpoint, ROUTES, handle);
//!
//! async fn handle(call: Admitted<Endpoint>, body: impl Body) -> Result<Response, Problem> {
//!     let user_id = call.user_id()?;
//!     match call.endpoint {
//!         Endpoint::ListTasks => list(user_id, call.query()).await,
//!         Endpoint::CreateTask => create(user_id, call.headers(), body).await,
//!     }
//! }
//! ```

mod admit;
pub mod auth;
pub mod body;
pub mod conditional;
pub mod context;
pub mod cursor;
pub mod fields;
pub mod idempotency;
pub mod path;
pub mod problem;
pub mod query;
pub mod response;
pub mod routes;
mod serve;
pub mod service;
pub mod sse;

pub use admit::Admitted;
#[doc(hidden)]
pub use admit::Callers;
pub use auth::{Identity, authenticate, authenticate_token};
pub use body::{Body, read_object, read_optional_object};
pub use context::Context;
pub use fields::{Field, Fields};
pub use http::{Method, Request, StatusCode, header, request::Parts};
pub use problem::{Problem, Violations};
pub use query::Query;
pub use response::{Response, ResponseBody, ResponseExt};
pub use routes::{Access, Route, Router, Verb};
pub use serve::serve;

#[doc(hidden)]
pub use spin_sdk;
