//! What can go wrong on the way to a connection. Never prints an address: it holds the password.

use std::error::Error as _;
use std::time::Duration;

/// Why no connection could be made. The message says what to change.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The connection string cannot be used as it is.
    #[error("invalid Postgres address: {0}")]
    Address(String),
    /// Certificates of the machine or of the caller cannot be used.
    #[error("TLS: {0}")]
    Tls(String),
    /// The server could not be reached, or refused us.
    #[error("cannot connect to Postgres at {target}: {reason}")]
    Connect {
        /// Hosts and ports that were tried, without credentials.
        target: String,
        /// The server's or the system's reason.
        reason: String,
    },
    /// The server, the role or the database has as many connections as it may have.
    #[error(
        "Postgres at {target} takes no more connections: raise its max_connections, or the limit \
         of the role or database ({reason})"
    )]
    Full {
        /// As in [`Error::Connect`].
        target: String,
        /// The server's reason.
        reason: String,
    },
    /// Every connection we allow ourselves is in use.
    #[error("no free connection to {target} within {waited:?}: all {limit} of {user} are in use")]
    Busy {
        /// As in [`Error::Connect`].
        target: String,
        /// How long.
        waited: Duration,
        /// How many there are.
        limit: usize,
        /// Whose limit it is.
        user: String,
    },
    /// A pool could not be set up.
    #[error("cannot set up a Postgres pool: {0}")]
    Pool(String),
}

/// `tokio_postgres` prints only the kind of an error and keeps the reason in its sources.
pub(crate) fn describe(error: &tokio_postgres::Error) -> String {
    if let Some(db) = error.as_db_error() {
        return format!(
            "{}: {} (SQLSTATE {})",
            db.severity(),
            db.message(),
            db.code().code()
        );
    }
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}
