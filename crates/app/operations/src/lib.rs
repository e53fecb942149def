//! What a user can do, whoever asks: REST, chat, MCP, an import or a handler of events. One module per
//! resource; each function takes a [`Context`] and a typed input, and gives a typed output or an
//! [`Error`] that every caller can put into its own words. Nothing here knows HTTP.

pub mod accounts;
pub mod audit_log;
mod context;
mod error;
mod input;
pub mod notifications;
mod precondition;
pub mod recurrence;
pub mod reminders;
pub mod tasks;

pub use context::Context;
pub use domain::{Violation, Violations};
pub use error::Error;
pub use input::Input;
pub use precondition::Precondition;
pub use store::{Author, Page};
