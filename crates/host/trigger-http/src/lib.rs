//! The HTTP trigger: serves `[[trigger.http]]` on pooled instances, bounded in every
//! direction, and never shows a client what went wrong inside.

mod access;
mod body;
mod config;
mod headers;
mod ids;
mod io;
mod linger;
mod options;
mod problem;
mod routes;
mod serve;
mod service;
mod upgrade;

pub use body::ResponseBody;
pub use config::{Route, StaticResponse, TriggerConfig, TriggerSettings};
pub use options::Options;
pub use routes::{RouteMatch, Router};
pub use service::Service;
pub use upgrade::Upgrade;
