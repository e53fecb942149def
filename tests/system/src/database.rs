//! A fresh database on the throw-away server.

use tokio_postgres::{Client, types::ToSql};

use crate::host::taskwhisper;

/// A database that only one system uses, gone when dropped.
pub struct Database {
    /// The owner's connection URL.
    pub url: String,
    client: Client,
    _own: testing::Database,
}

impl Database {
    /// One that the binary has migrated; `None`, with a line that says so, when no server was named.
    pub async fn create() -> Option<Self> {
        let migrated = testing::Database::from_template("system", async |url| {
            let mut migrate = taskwhisper();
            migrate.args(["migrate", "up", "--database-url", &url]);
            let output = migrate.output().expect("taskwhisper runs");
            assert!(output.status.success(), "{output:?}");
        });
        Some(Self::of(migrated.await?).await)
    }

    /// One with nothing in it.
    pub async fn empty() -> Option<Self> {
        Some(Self::of(testing::Database::empty().await?).await)
    }

    async fn of(own: testing::Database) -> Self {
        Self {
            url: own.url.clone(),
            client: own.client().await,
            _own: own,
        }
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
