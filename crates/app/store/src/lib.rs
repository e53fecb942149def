//! All SQL and row mapping, over spin-sdk's Postgres.
//!
//! A write is ONE statement: the change and the event of it together. It takes its user's lock before
//! anything else, so that a user's events stand in the order of their commits, and so that one write
//! of a user waits for the other.
//!
//! A statement sees what was committed before it began, and it begins before it waits for the lock. What it
//! reads to write by it must be newer, so there are two ways only: rows that it names are read
//! `FOR UPDATE` (or `FOR SHARE`), which gives them as they are now; rows that may have come while it
//! waited are left to a VOLATILE function of the schema, each of whose statements sees what is committed
//! by then.

pub mod audit;
pub mod auth;
mod author;
pub mod database;
pub mod notifications;
mod page;
pub mod reminders;
pub mod tasks;
pub mod updates;

pub use author::Author;
pub use database::{Connection, Database, connect, is_refused_value};
pub use page::Page;
