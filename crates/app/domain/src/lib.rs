//! What a task is and when it comes again. Pure: no I/O, no clock, no SDK; the instant "now" is
//! always an argument.

mod change;
mod fields;
pub mod filter;
pub mod listing;
pub mod position;
mod query;
mod recurrence;
mod rule;
mod task;
pub mod text;
pub mod time;
mod violation;

pub use change::{create, needs_user_time_zone, patch};
pub use query::{Order, Position, Sort, TaskQuery};
pub use recurrence::{Next, Repetition, Slot, first_slot};
pub use rule::{InvalidRule, Pattern, Rule};
pub use task::{Priority, RepeatFrom, Status, Task};
pub use violation::{Violation, Violations};
