//! The events of TaskWhisper: topics, types, sources, actors and the envelope.
//! The only definition, for those who write them and those who read them.

mod actor;
mod envelope;
mod headers;
mod new_event;
mod reminder;
mod source;
mod subject;
pub mod topic;
mod types;

pub use actor::Actor;
pub use envelope::{Event, InvalidEvent};
pub use headers::{CE_ID, CE_SOURCE, CE_SUBJECT, CE_TIME, CE_TYPE, TRACEPARENT};
pub use new_event::NewEvent;
pub use reminder::ReminderDue;
pub use source::Source;
pub use subject::{Subject, SubjectType};
pub use types::EventType;
