//! The rules of tasks: by tables, by properties, and repetition compared with python-dateutil.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod case;
mod change;
mod completion;
mod dateutil;
mod explanations;
mod filter;
mod filter_text;
mod listing;
mod position;
mod properties;
mod random;
mod recurrence;
mod reminders;
mod rules;
mod series;
mod series_properties;
mod spec;
mod text;
