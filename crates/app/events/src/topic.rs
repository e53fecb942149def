//! Topics of the event log. The key of every record is the user's id, so that what happens to one
//! user is handled in order.

/// Changes of tasks. Read by record-audit, schedule-next and push-updates.
pub const TASK_EVENTS: &str = "task-events";
/// Reminders that came due. Read by send-notification.
pub const REMINDERS: &str = "reminders";
/// What people do with their account. Read by record-audit.
pub const AUDIT_EVENTS: &str = "audit-events";
/// What browsers need beside [`TASK_EVENTS`]. Read by push-updates.
pub const TASK_UPDATES: &str = "task-updates";

/// All of them.
pub const ALL: [&str; 4] = [TASK_EVENTS, REMINDERS, AUDIT_EVENTS, TASK_UPDATES];
