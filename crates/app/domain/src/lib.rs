//! What a task is and when it comes again. Pure: no I/O, no clock, no SDK; the instant "now" is
//! always an argument.

mod change;
mod fields;
pub mod filter;
pub mod listing;
pub mod position;
mod query;
mod recurrence;
mod reminder;
mod rule;
mod task;
pub mod text;
pub mod time;
mod violation;

pub use change::{Edited, Present, create, edit, needs_user_time_zone, patch};
pub use query::{Order, Position, Sort, TaskQuery};
pub use recurrence::{Next, Preview, Repetition, Slot, first_slot, occurrences};
pub use reminder::{MAX_DAYS_BEFORE, MAX_MINUTES_BEFORE, Reminder, Ring, default_reminder};
pub use rule::{InvalidRule, Pattern, Rule};
pub use task::{Priority, RepeatFrom, Status, Task};
pub use violation::{Violation, Violations};
