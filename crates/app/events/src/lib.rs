//! The events of TaskWhisper: topics, types, sources, actors and the envelope.
//! The only definition, for those who write them and those who read them.

mod actor;
mod envelope;
mod headers;
mod reminder;
mod source;
pub mod topic;
mod types;

pub use actor::Actor;
pub use envelope::{Event, InvalidEvent};
pub use headers::{CE_ID, CE_SOURCE, CE_SUBJECT, CE_TIME, CE_TYPE, Headers, TRACEPARENT};
pub use reminder::ReminderDue;
pub use source::Source;
pub use types::EventType;
