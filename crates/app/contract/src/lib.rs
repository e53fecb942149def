//! The HTTP contract as data: one module for each component, with its routes and the documents that
//! they take and give. Components route and authorise by it, `/openapi.json` is made from it, and tests
//! hold every response against it. It does nothing, and knows neither SQL nor the domain.

pub mod audit_log;
pub mod auth;
mod document;
mod headers;
pub mod health;
pub mod openapi;
mod operation;
mod page;
mod problem;
mod route;
mod schemas;
pub mod scope;
pub mod tasks;
pub mod web;

pub use document::{COMPONENTS, document};
pub use headers::{RequestHeader, ResponseHeader};
pub use page::PageQuery;
pub use problem::{FieldError, Problem};
pub use route::{Access, Route, Verb};
