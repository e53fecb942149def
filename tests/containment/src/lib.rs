//! A host with tiny guests for tests, and a client to ask it.

mod client;
mod host;

pub use client::{Answer, Client};
pub use host::{Guest, Host, load, load_with, options};
