//! The database as its owner sees it: migrations and the address. Components never get this
//! connection, only the roles that `provision` makes.

mod address;
pub mod migrate;
mod older;

pub use address::Address;
pub use migrate::{Part, down, status, up, up_to_date};
pub use older::OlderSchema;
