//! Behaviour against a real Postgres, each test in a database of its own.

mod migrating;
mod provisioning;

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use tokio_postgres::Client;

use crate::database::Address;

/// A new database on the server of `TEST_DATABASE_URL`; `None`, and a line that says so, without
/// one.
pub async fn new_database(name_part: &str) -> Option<Address> {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let Ok(server) = std::env::var("TEST_DATABASE_URL") else {
        println!("skipped: set TEST_DATABASE_URL (cargo xtask test does)");
        return None;
    };
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let name = format!(
        "{name_part}{}_{}",
        now.as_nanos(),
        COUNT.fetch_add(1, Ordering::Relaxed)
    );
    let client = connect(&server).await;
    let quoted = format!("\"{}\"", name.replace('"', "\"\""));
    let create = format!("CREATE DATABASE {quoted}");
    client.batch_execute(&create).await.unwrap();
    Some(Address::parse(&on_server(&server, &name)).unwrap())
}

pub async fn connect(url: &str) -> Client {
    let (client, connection) = host_postgres::connect(url).await.unwrap();
    tokio::spawn(connection);
    client
}

/// The server's URL with another database's name in it, percent-encoded whole.
fn on_server(server: &str, database: &str) -> String {
    let mut url = url::Url::parse(server).unwrap();
    let encoded: String = database
        .bytes()
        .map(|byte| format!("%{byte:02X}"))
        .collect();
    url.set_path(&encoded);
    url.to_string()
}
