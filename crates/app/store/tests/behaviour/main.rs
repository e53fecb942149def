//! The statements on a real Postgres, in the role of the components.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

mod effects;
mod listing;
mod migrations;
mod races;
mod tasks;
mod updates;
