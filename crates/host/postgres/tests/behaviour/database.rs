//! A database of its own for each test.

use std::time::{Duration, Instant};

use tokio_postgres::Client;

/// Backends other than the test's own. Not the server's: autovacuum comes when it likes.
pub const OTHERS: &str = "datname = current_database() AND pid <> pg_backend_pid() \
                          AND backend_type = 'client backend'";

/// An empty database; dropped by [`Database::drop_it`].
pub struct Database {
    name: String,
    /// For guests.
    pub url: String,
    /// Connected to the database, as its owner.
    pub admin: Client,
    server: Client,
}

impl Database {
    /// `None` without a server to test on.
    pub async fn create() -> Option<Self> {
        let Ok(server_url) = std::env::var("TEST_DATABASE_URL") else {
            println!("skipped: set TEST_DATABASE_URL (cargo xtask test does)");
            return None;
        };
        let server = client(&server_url).await;
        let name = format!("host_postgres_{}", uuid::Uuid::new_v4().simple());
        let create = format!("CREATE DATABASE {name}");
        server.batch_execute(&create).await.unwrap();
        let url = with_database(&server_url, &name);
        Some(Self {
            admin: client(&url).await,
            name,
            url,
            server,
        })
    }

    pub async fn drop_it(self) {
        let drop = format!("DROP DATABASE {} WITH (FORCE)", self.name);
        self.server.batch_execute(&drop).await.unwrap();
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
        let deadline = Instant::now() + Duration::from_secs(20);
        loop {
            let count = self.count(sql).await;
            if count == expected {
                return;
            }
            assert!(Instant::now() < deadline, "{sql}: {count}, not {expected}");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// Waits until that many backends match.
    pub async fn backends_become(&self, condition: &str, expected: i64) {
        self.becomes(&backends(condition), expected).await;
    }
}

fn backends(condition: &str) -> String {
    format!("SELECT count(*) FROM pg_stat_activity WHERE {OTHERS} AND ({condition})")
}

async fn client(url: &str) -> Client {
    let (client, connection) = host_postgres::connect(url).await.unwrap();
    tokio::spawn(connection);
    client
}

/// The same server and user, another database.
fn with_database(url: &str, name: &str) -> String {
    let (base, query) = url.split_once('?').unwrap_or((url, ""));
    let authority_end = base.find("://").map_or(0, |at| at + 3);
    let path = base[authority_end..]
        .find('/')
        .map_or(base.len(), |at| authority_end + at);
    let separator = if query.is_empty() { "" } else { "?" };
    format!("{}/{name}{separator}{query}", &base[..path])
}
