//! All SQL and row mapping, over spin-sdk's Postgres.
//!
//! A write is ONE statement: the change and the event of it together. One that appends to the outbox
//! takes its user's lock before anything else, so that a user's events stand in the order of their
//! commits; since its snapshot is older than the lock, it reads what it changes FOR UPDATE.

pub mod audit;
pub mod auth;
pub mod database;
pub mod notifications;
pub mod recurrence;
pub mod reminders;
pub mod tasks;
pub mod updates;

pub use database::{Connection, Database, connect, is_refused_value};
