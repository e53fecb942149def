//! Databases of a test's own on the server of `TEST_DATABASE_URL`, gone when dropped.

use std::collections::BTreeSet;
use std::path::PathBuf;

use sha2::{Digest as _, Sha256};
use tokio::sync::Mutex;
use tokio_postgres::{Client, NoTls};
use uuid::Uuid;

use crate::workspace;

const SERVER_VARIABLE: &str = "TEST_DATABASE_URL";
/// The advisory lock of whoever makes a template.
const TEMPLATES_LOCK: i64 = 0x7465_6d70_6c61_7465;

/// A database that only one test uses.
#[derive(Debug)]
pub struct Database {
    /// Its superuser's connection URL.
    pub url: String,
    /// Its name.
    pub name: String,
    server: String,
}

impl Database {
    /// A database with nothing in it; `None`, with a line that says so, without a server.
    pub async fn empty() -> Option<Self> {
        Self::named("test_").await
    }

    /// The same with a name that begins with whatever this is.
    pub async fn named(prefix: &str) -> Option<Self> {
        Some(Self::create(&server()?, prefix, None).await)
    }

    /// A database with the schema of all migrations, copied from one that was migrated once; `None`, with a
    /// line that says so, without a server.
    pub async fn migrated() -> Option<Self> {
        let template = Self::from_template("plain", async |url| {
            let client = connect(&url).await;
            for migration in migrations("up") {
                let done = client.batch_execute(&migration).await;
                done.unwrap_or_else(|error| panic!("{error}: {migration}"));
            }
        });
        template.await
    }

    /// A copy of the database that `make` fills, which it does once for a server and a set of migrations.
    /// `kind` names what it makes.
    pub async fn from_template(kind: &str, make: impl AsyncFnOnce(String)) -> Option<Self> {
        let server = server()?;
        let template = template(&server, kind, make).await;
        Some(Self::create(&server, "test_", Some(&template)).await)
    }

    async fn create(server: &str, prefix: &str, template: Option<&str>) -> Self {
        let (_, random) = Uuid::new_v4().as_u64_pair();
        let name = format!("{prefix}{random:016x}");
        let of = template.map_or_else(String::new, |name| format!(" TEMPLATE {name}"));
        let create = format!("CREATE DATABASE {}{of}", quoted(&name));
        let done = connect(server).await.batch_execute(&create).await;
        done.unwrap_or_else(|error| panic!("{create}: {error}"));
        Self {
            url: at(server, &name),
            name,
            server: server.to_owned(),
        }
    }

    /// A connection as superuser.
    pub async fn client(&self) -> Client {
        connect(&self.url).await
    }

    /// The URL of the server's own database, for what is done to this one from outside.
    pub fn server_url(&self) -> &str {
        &self.server
    }

    /// Ends every connection of the database, as a restart of the server would.
    pub async fn cut_connections(&self) {
        let cut = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1";
        let server = connect(&self.server).await;
        let done = server.execute(cut, &[&self.name]).await;
        done.expect("a superuser may");
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        let drop = format!(
            "DROP DATABASE IF EXISTS {} WITH (FORCE)",
            quoted(&self.name)
        );
        let server = std::mem::take(&mut self.server);
        // In a thread of its own: there may be a runtime here, and none may wait for another in it.
        let dropping = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()?;
            runtime.block_on(async {
                let (client, connection) = tokio_postgres::connect(&server, NoTls).await?;
                tokio::spawn(connection);
                Ok::<_, Box<dyn std::error::Error + Send + Sync>>(
                    client.batch_execute(&drop).await?,
                )
            })
        });
        match dropping.join() {
            Ok(Ok(())) => {}
            Ok(Err(error)) => eprintln!("the database {} is left behind: {error}", self.name),
            Err(_) => eprintln!("the database {} is left behind", self.name),
        }
    }
}

/// The name of a template, made if it is not there.
async fn template(server: &str, kind: &str, make: impl AsyncFnOnce(String)) -> String {
    static THERE: Mutex<BTreeSet<String>> = Mutex::const_new(BTreeSet::new());
    let mut hasher = Sha256::new();
    for migration in migrations("up") {
        hasher.update(migration);
    }
    let digest = format!("{:x}", hasher.finalize());
    let name = format!("template_{kind}_{}", &digest[..16]);
    let mut there = THERE.lock().await;
    if there.contains(&name) {
        return name;
    }
    let client = connect(server).await;
    let run = async |statement: String| {
        let done = client.batch_execute(&statement).await;
        done.unwrap_or_else(|error| panic!("{statement}: {error}"));
    };
    run(format!("SELECT pg_advisory_lock({TEMPLATES_LOCK})")).await;
    let whole = "SELECT FROM pg_database WHERE datname = $1 AND datistemplate";
    let rows = client.query(whole, &[&name]).await;
    if rows.expect("databases are listed").is_empty() {
        // What was left half made.
        run(format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)")).await;
        run(format!("CREATE DATABASE {name}")).await;
        make(at(server, &name)).await;
        run(format!(
            "ALTER DATABASE {name} WITH IS_TEMPLATE true ALLOW_CONNECTIONS false"
        ))
        .await;
    }
    run(format!("SELECT pg_advisory_unlock({TEMPLATES_LOCK})")).await;
    there.insert(name.clone());
    name
}

/// The migrations of one direction, `up` or `down`, in the order in which they are applied.
pub fn migrations(direction: &str) -> Vec<String> {
    let suffix = format!(".{direction}.sql");
    let entries = std::fs::read_dir(workspace().join("migrations")).expect("migrations");
    let mut files: Vec<PathBuf> = entries
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.to_string_lossy().ends_with(&suffix))
        .collect();
    files.sort();
    if direction == "down" {
        files.reverse();
    }
    let texts = files.iter().map(std::fs::read_to_string);
    texts
        .collect::<Result<_, _>>()
        .expect("migrations are text")
}

/// A connection that runs until it is dropped.
pub async fn connect(url: &str) -> Client {
    let connected = tokio_postgres::connect(url, NoTls).await;
    let (client, connection) =
        connected.unwrap_or_else(|error| panic!("Postgres of {SERVER_VARIABLE}: {error}"));
    tokio::spawn(connection);
    client
}

fn server() -> Option<String> {
    let server = std::env::var(SERVER_VARIABLE).ok();
    if server.is_none() {
        println!("skipped: set {SERVER_VARIABLE} (cargo xtask test does)");
    }
    server
}

/// The same server's URL with another database, whose name is percent-encoded whole.
fn at(server: &str, database: &str) -> String {
    let mut url: url::Url = server.parse().expect("a URL");
    let encoded = database.bytes().map(|byte| format!("%{byte:02X}"));
    url.set_path(&encoded.collect::<String>());
    url.into()
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use super::at;

    #[test]
    fn only_the_database_is_exchanged() {
        for (server, expected) in [
            ("postgres://u:p@h:5/a", "postgres://u:p@h:5/%78%2F"),
            ("postgres://h", "postgres://h/%78%2F"),
            (
                "postgres://h/a?sslmode=disable",
                "postgres://h/%78%2F?sslmode=disable",
            ),
        ] {
            assert_eq!(at(server, "x/"), expected);
        }
    }
}
