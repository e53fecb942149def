//! The database as its owner sees it: migrations and the address. Components never get this
//! connection, only the roles that `provision` makes.

mod address;
pub mod migrate;

pub use address::Address;
pub use migrate::{down, status, up};
