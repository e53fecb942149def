//! Record headers: CloudEvents 1.0 binary mode (Kafka protocol binding, section 3.2) and W3C
//! trace context. The event log makes id, type and time of a row; `append_event` (migrations) writes
//! the others.

/// The event's id.
pub const CE_ID: &str = "ce_id";
/// The event's type.
pub const CE_TYPE: &str = "ce_type";
/// When it was appended, RFC 3339.
pub const CE_TIME: &str = "ce_time";
/// A [`crate::Source`].
pub const CE_SOURCE: &str = "ce_source";
/// What the event is about: `task/<id>`.
pub const CE_SUBJECT: &str = "ce_subject";
/// W3C trace context, from the request that caused the event.
pub const TRACEPARENT: &str = "traceparent";
