//! All SQL and row mapping, over spin-sdk's Postgres.

pub mod auth;
