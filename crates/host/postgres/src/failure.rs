//! Errors as components see them, apart from host errors that end the instance.

use tokio_postgres::error::DbError;

use crate::bindings::wit::{self, Error, QueryError};
use crate::error::describe;

/// What a call of the import can end with besides success.
pub(crate) enum Failure {
    /// The component is told.
    Guest(Error),
    /// The component is ended: it broke the contract, or the host did.
    Trap(wasmtime::Error),
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Guest(error)
    }
}

impl From<crate::Error> for Failure {
    fn from(error: crate::Error) -> Self {
        Self::Guest(Error::ConnectionFailed(error.to_string()))
    }
}

impl From<wasmtime::component::ResourceTableError> for Failure {
    fn from(error: wasmtime::component::ResourceTableError) -> Self {
        Self::Trap(error.into())
    }
}

impl From<wasmtime::Error> for Failure {
    fn from(error: wasmtime::Error) -> Self {
        Self::Trap(error)
    }
}

pub(crate) fn connection_failed(reason: impl Into<String>) -> Error {
    Error::ConnectionFailed(reason.into())
}

pub(crate) fn other(reason: impl Into<String>) -> Error {
    Error::Other(reason.into())
}

/// A statement failed. `closed_because` is the server's word on a lost connection.
pub(crate) fn query_failed(error: &tokio_postgres::Error, closed_because: Option<&str>) -> Error {
    Error::QueryFailed(match error.as_db_error() {
        Some(db) => QueryError::DbError(db_error(db)),
        None => {
            let reason = closed_because.map_or_else(|| describe(error), str::to_owned);
            QueryError::Text(format!(
                "the connection to Postgres was lost, the statement may or may not have been \
                 executed: {reason}"
            ))
        }
    })
}

fn db_error(db: &DbError) -> wit::DbError {
    let extras = [
        ("column", db.column().map(str::to_owned)),
        ("constraint", db.constraint().map(str::to_owned)),
        ("routine", db.routine().map(str::to_owned)),
        ("hint", db.hint().map(str::to_owned)),
        ("table", db.table().map(str::to_owned)),
        ("datatype", db.datatype().map(str::to_owned)),
        ("schema", db.schema().map(str::to_owned)),
        ("file", db.file().map(str::to_owned)),
        ("line", db.line().map(|line| line.to_string())),
        ("where_", db.where_().map(str::to_owned)),
    ];
    wit::DbError {
        as_text: format!("{db} (SQLSTATE {})", db.code().code()),
        severity: db.severity().to_owned(),
        code: db.code().code().to_owned(),
        message: db.message().to_owned(),
        detail: db.detail().map(str::to_owned),
        extras: extras
            .into_iter()
            .filter_map(|(name, value)| Some((name.to_owned(), value?)))
            .collect(),
    }
}
