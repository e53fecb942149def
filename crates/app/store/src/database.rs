//! One statement in, rows out. Behind a trait so that the statements can be run against a real
//! Postgres by native tests too.

use anyhow::Context;
use spin_sdk::pg::{
    self, DbValue, Decode, Error, ParameterValue, PgError, QueryError, QueryResult,
};
use spin_sdk::variables;
use spin_sdk::wit_bindgen::StreamResult;
use std::cell::RefCell;
use std::rc::Rc;
use std::time::{Duration, Instant};
use uuid::Uuid;

/// A row: its columns in the order of the statement.
pub type Row = Vec<DbValue>;

/// Something that runs one statement, which is one transaction.
#[expect(
    async_fn_in_trait,
    reason = "components have one thread: no Send bound is wanted"
)]
pub trait Database {
    /// Run a statement and collect its rows.
    async fn query(
        &self,
        statement: &str,
        parameters: Vec<ParameterValue>,
    ) -> Result<Vec<Row>, Error>;

    /// Run a statement that only reads and gives one row or none. Not for one that writes: whether
    /// that was committed is known after its row.
    async fn read_one(
        &self,
        statement: &str,
        parameters: Vec<ParameterValue>,
    ) -> Result<Option<Row>, Error> {
        Ok(self.query(statement, parameters).await?.pop())
    }
}

/// One that is lent.
impl<D: Database> Database for &D {
    async fn query(
        &self,
        statement: &str,
        parameters: Vec<ParameterValue>,
    ) -> Result<Vec<Row>, Error> {
        (**self).query(statement, parameters).await
    }

    async fn read_one(
        &self,
        statement: &str,
        parameters: Vec<ParameterValue>,
    ) -> Result<Option<Row>, Error> {
        (**self).read_one(statement, parameters).await
    }
}

/// A connection of this instance. Its requests share one as long as it is young: opening one is a
/// call of the host.
#[derive(Clone)]
pub struct Connection(Rc<pg::Connection>);

/// Each read is a call of the host: most results should need one.
const ROWS_PER_READ: usize = 64;

impl Database for Connection {
    async fn query(
        &self,
        statement: &str,
        parameters: Vec<ParameterValue>,
    ) -> Result<Vec<Row>, Error> {
        let mut result = self.0.query(statement, parameters).await?;
        let mut rows = Vec::new();
        while !read_more(&mut result, &mut rows).await {}
        result.result().await?;
        Ok(rows)
    }

    /// The outcome is asked for, which is a call of the host, only where the row does not say it.
    async fn read_one(
        &self,
        statement: &str,
        parameters: Vec<ParameterValue>,
    ) -> Result<Option<Row>, Error> {
        let mut result = self.0.query(statement, parameters).await?;
        let mut rows = Vec::new();
        while !read_more(&mut result, &mut rows).await {}
        if rows.is_empty() {
            result.result().await?;
        }
        Ok(rows.pop())
    }
}

/// Reads what is there. Whether it was the last.
async fn read_more(result: &mut QueryResult, rows: &mut Vec<Row>) -> bool {
    let mut read = std::mem::take(rows);
    read.reserve(ROWS_PER_READ);
    let (status, read) = result.rows().read(read).await;
    *rows = read;
    !matches!(status, StreamResult::Complete(_))
}

/// How long the address is used before the variable is read again: a rotated password is seen
/// without a restart.
const ADDRESS_REFRESH: Duration = Duration::from_secs(60);

/// How long a connection is shared. The real Spin gives a handle one connection to the server for all
/// its life, so that after the server's restart an older handle would only fail.
const CONNECTION_REFRESH: Duration = Duration::from_secs(1);

thread_local! {
    static ADDRESS: RefCell<Option<(Instant, String)>> = const { RefCell::new(None) };
    static CONNECTION: RefCell<Option<(Instant, Connection)>> = const { RefCell::new(None) };
}

/// A connection to the database of the component's variable `database_url`. Cheap: the host pools
/// connections, and an instance shares its own.
///
/// # Errors
/// When the variable is not set or the database does not answer.
pub async fn connect() -> anyhow::Result<Connection> {
    let now = Instant::now();
    let young = CONNECTION.with_borrow(|known| known.clone());
    if let Some((opened_at, connection)) = young
        && now.duration_since(opened_at) < CONNECTION_REFRESH
    {
        return Ok(connection);
    }
    let opened = pg::Connection::open(address(now).await?).await?;
    let connection = Connection(Rc::new(opened));
    CONNECTION.set(Some((now, connection.clone())));
    Ok(connection)
}

async fn address(now: Instant) -> anyhow::Result<String> {
    let fresh = ADDRESS.with_borrow(|known| match known {
        Some((read_at, address)) if now.duration_since(*read_at) < ADDRESS_REFRESH => {
            Some(address.clone())
        }
        _ => None,
    });
    if let Some(address) = fresh {
        return Ok(address);
    }
    let address = variables::get("database_url")
        .await
        .context("reading the variable database_url")?;
    ADDRESS.set(Some((now, address.clone())));
    Ok(address)
}

/// Whether the database refused a value, and so will refuse it again: SQLSTATE class 22 (data
/// exception) or 23 (constraint violation).
pub fn is_refused_value(error: &Error) -> bool {
    match error {
        Error::PgError(PgError::QueryFailed(QueryError::DbError(failure))) => {
            failure.code.starts_with("22") || failure.code.starts_with("23")
        }
        _ => false,
    }
}

/// A column by its place in the statement.
pub(crate) fn column<T: Decode>(row: &Row, index: usize) -> Result<T, Error> {
    let value = row
        .get(index)
        .ok_or_else(|| Error::Decode(format!("the statement gives no column {index}")))?;
    T::decode(value)
}

pub(crate) fn uuid_column(row: &Row, index: usize) -> Result<Uuid, Error> {
    let text: String = column(row, index)?;
    Uuid::parse_str(&text).map_err(|_| Error::Decode(format!("{text} is no UUID")))
}
