//! What can go wrong with the event log. Messages never contain an address, because it contains the
//! password.

use std::error::Error as _;
use std::time::Duration;

/// Why an operation on the log failed. Background readers retry by themselves.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No connection could be made.
    #[error(transparent)]
    Connect(#[from] host_postgres::Error),
    /// Postgres refused a statement, or the connection broke.
    #[error("the event log's Postgres: {0}")]
    Postgres(String),
    /// Postgres did not answer; the connection is given up.
    #[error("the event log's Postgres did not answer within {0:?}")]
    Timeout(Duration),
    /// The schema or a privilege is missing; lists everything that is.
    #[error(
        "the database cannot be used as an event log: {}; apply the migrations, and connect as a member of the role they grant to",
        .0.join(", ")
    )]
    Unusable(Vec<String>),
    /// The database was restored from a dump: see [`rebase`](crate::rebase).
    #[error(
        "this database was restored into another Postgres cluster, and the event log still counts \
         in the old one's transactions; apply the migrations again as its owner, which rebases it"
    )]
    Restored,
    /// A group was described in a way that cannot work.
    #[error("consumer group `{group}`: {reason}")]
    Group {
        /// Its name.
        group: String,
        /// What to change.
        reason: String,
    },
    /// The log or the consumer was closed.
    #[error("the event log is closed")]
    Closed,
}

impl From<tokio_postgres::Error> for Error {
    fn from(error: tokio_postgres::Error) -> Self {
        if let Some(db) = error.as_db_error() {
            return Self::Postgres(format!("{} (SQLSTATE {})", db.message(), db.code().code()));
        }
        let mut text = error.to_string();
        let mut source = error.source();
        while let Some(cause) = source {
            text.push_str(": ");
            text.push_str(&cause.to_string());
            source = cause.source();
        }
        Self::Postgres(text)
    }
}
