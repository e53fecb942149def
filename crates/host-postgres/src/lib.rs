//! `spin:postgres@4.2.0` for components, and connections for the host itself. A connection never
//! leads to a host outside the component's allow-list, and never reaches a second user with the
//! first one's transaction or settings on it.

mod address;
mod error;
mod native;
mod tls;

pub use error::Error;
pub use native::{Connection, connect, pool};
