//! The rules of tasks, by tables.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod change;
mod recurrence;
mod rules;
