//! `spin:postgres@4.2.0` for components, and connections for the host itself. A connection never
//! leads to a host outside the component's allow-list, and never reaches a second user with the
//! first one's transaction or settings on it.

mod address;
mod appending;
mod bindings;
mod connection;
mod error;
mod failure;
mod host;
mod lru;
mod meters;
mod native;
mod options;
mod outage;
mod policy;
mod pool;
mod registry;
mod restore;
mod rows;
mod session;
mod slots;
mod sql;
mod stream;
mod text;
mod tls;
mod values;
mod wire;

pub use error::Error;
pub use host::{Postgres, PostgresCtxView, PostgresView, State, add_to_linker};
pub use native::{Connection, connect, pool};
pub use options::{OnAppend, Options};
pub use outage::Outage;
pub use policy::AllowsHost;
