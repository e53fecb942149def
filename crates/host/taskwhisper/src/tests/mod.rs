//! Behaviour against a real Postgres, each test in a database of its own.

mod migrating;
mod provisioning;

use std::ops::Deref;

use tokio_postgres::Client;

use crate::database::Address;

/// A database of a test's own, as its commands name it.
pub struct Database {
    address: Address,
    _own: testing::Database,
}

impl Deref for Database {
    type Target = Address;

    fn deref(&self) -> &Address {
        &self.address
    }
}

/// A new database on the server of `TEST_DATABASE_URL`; `None`, and a line that says so, without
/// one.
pub async fn new_database(name_part: &str) -> Option<Database> {
    let own = testing::Database::named(name_part).await?;
    Some(Database {
        address: Address::parse(&own.url).unwrap(),
        _own: own,
    })
}

pub async fn connect(url: &str) -> Client {
    let (client, connection) = host_postgres::connect(url).await.unwrap();
    tokio::spawn(connection);
    client
}
