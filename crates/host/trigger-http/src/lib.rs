//! The HTTP trigger: serves `[[trigger.http]]` on pooled instances, bounded in every
//! direction, and never shows a client what went wrong inside.

mod access;
mod body;
mod config;
mod headers;
mod ids;
mod linger;
mod load;
mod options;
mod pace;
mod problem;
mod request_body;
mod routes;
mod serve;
mod service;
mod upgrade;

pub use body::ResponseBody;
pub use config::{Route, StaticResponse, TriggerConfig, TriggerSettings};
pub use load::Load;
pub use options::Options;
pub use request_body::READ_AHEAD;
pub use routes::{RouteMatch, Router};
pub use service::Service;
pub use upgrade::Upgrade;
