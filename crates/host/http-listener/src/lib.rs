//! Accepts HTTP connections for every listener of the host: HTTP/1.1 and HTTP/2 on one port. A
//! connection that sends no request, takes no response or is not needed never keeps others out.

mod connection;
mod counted;
mod io;
mod listener;
mod options;
mod state;
mod table;
mod unread;

pub use counted::Counted;
pub use listener::{Handler, Listener};
pub use options::Options;
pub use state::{OpenRequest, Receiving};
pub use table::Watch;
