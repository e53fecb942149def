//! A database of its own for each test.

use tokio_postgres::Client;

/// Backends other than the test's own. Not the server's: autovacuum comes when it likes.
pub const OTHERS: &str = "datname = current_database() AND pid <> pg_backend_pid() \
                          AND backend_type = 'client backend'";

/// An empty database; gone when dropped.
pub struct Database {
    name: String,
    /// For guests.
    pub url: String,
    /// Connected to the database, as its owner.
    pub admin: Client,
    _own: testing::Database,
}

impl Database {
    /// `None` without a server to test on.
    pub async fn create() -> Option<Self> {
        let own = testing::Database::empty().await?;
        Some(Self {
            admin: own.client().await,
            name: own.name.clone(),
            url: own.url.clone(),
            _own: own,
        })
    }

    /// A role that may have only so many connections, and the database's URL as that role.
    pub async fn role_with_connections(&self, limit: u32) -> (String, String) {
        let role = format!("{}_few", self.name);
        let create = format!(
            "CREATE ROLE {role} LOGIN PASSWORD '{role}' CONNECTION LIMIT {limit}; \
             GRANT CONNECT ON DATABASE {} TO {role}",
            self.name
        );
        self.admin.batch_execute(&create).await.unwrap();
        let (_, host) = self.url.rsplit_once('@').unwrap();
        let url = format!("postgres://{role}:{role}@{host}");
        (role, url)
    }

    pub async fn drop_role(&self, role: &str) {
        let end = format!(
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE usename = '{role}'"
        );
        self.count(&end).await;
        let drop = format!("DROP OWNED BY {role}; DROP ROLE {role}");
        self.admin.batch_execute(&drop).await.unwrap();
    }

    pub async fn count(&self, sql: &str) -> i64 {
        self.admin.query_one(sql, &[]).await.unwrap().get(0)
    }

    /// [`OTHERS`], by what they are doing.
    pub async fn backends(&self, condition: &str) -> i64 {
        self.count(&backends(condition)).await
    }

    /// Waits until a count is what it should become.
    pub async fn becomes(&self, sql: &str, expected: i64) {
        testing::eventually(&format!("{sql}: {expected}"), async || {
            (self.count(sql).await == expected).then_some(())
        })
        .await;
    }

    /// Waits until that many backends match.
    pub async fn backends_become(&self, condition: &str, expected: i64) {
        self.becomes(&backends(condition), expected).await;
    }
}

fn backends(condition: &str) -> String {
    format!("SELECT count(*) FROM pg_stat_activity WHERE {OTHERS} AND ({condition})")
}
