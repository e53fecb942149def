//! A fresh database on the throw-away server.

use tokio_postgres::{Client, NoTls, types::ToSql};
use uuid::Uuid;

/// A database that only one system uses. It is left behind: the server is thrown away as a whole.
pub struct Database {
    /// The owner's connection URL.
    pub url: String,
    client: Client,
}

impl Database {
    /// `None`, with a line that says so, when no server was named.
    pub async fn create() -> Option<Self> {
        let Ok(server) = std::env::var("TEST_DATABASE_URL") else {
            println!("skipped: set TEST_DATABASE_URL (cargo xtask test does)");
            return None;
        };
        let name = format!("system_{}", Uuid::new_v4().simple());
        connect(&server)
            .await
            .batch_execute(&format!("CREATE DATABASE {name}"))
            .await
            .expect("creates a database on the server of TEST_DATABASE_URL");
        let url = with_database(&server, &name);
        let client = connect(&url).await;
        Some(Self { url, client })
    }

    /// Changes what only the owner may.
    pub async fn execute(&self, statements: &str) {
        let done = self.client.batch_execute(statements).await;
        done.unwrap_or_else(|error| panic!("{statements}: {error}"));
    }

    /// One number that a statement gives, for what no API shows.
    pub async fn number(&self, statement: &str, parameters: &[&(dyn ToSql + Sync)]) -> Option<i64> {
        let row = self.client.query_one(statement, parameters).await;
        row.unwrap_or_else(|error| panic!("{statement}: {error}"))
            .get(0)
    }
}

async fn connect(url: &str) -> Client {
    let (client, connection) = tokio_postgres::connect(url, NoTls)
        .await
        .unwrap_or_else(|error| panic!("Postgres of TEST_DATABASE_URL: {error}"));
    tokio::spawn(connection);
    client
}

/// The same server's URL with another database.
fn with_database(server: &str, name: &str) -> String {
    let (address, options) = match server.split_once('?') {
        Some((address, options)) => (address, format!("?{options}")),
        None => (server, String::new()),
    };
    let authority = address.find("://").map_or(0, |at| at + 3);
    let end = address[authority..]
        .find('/')
        .map_or(address.len(), |at| authority + at);
    format!("{}/{name}{options}", &address[..end])
}

#[cfg(test)]
mod tests {
    use super::with_database;

    #[test]
    fn only_the_database_is_exchanged() {
        for (server, expected) in [
            ("postgres://u:p@h:5/a", "postgres://u:p@h:5/x"),
            ("postgres://h", "postgres://h/x"),
            (
                "postgres://h/a?sslmode=disable",
                "postgres://h/x?sslmode=disable",
            ),
        ] {
            assert_eq!(with_database(server, "x"), expected);
        }
    }
}
