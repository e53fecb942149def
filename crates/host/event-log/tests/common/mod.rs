//! A fresh database with the log's schema for each test, and writers that follow its rules.

use std::sync::Arc;
use std::time::Duration;

use event_log::{Consumer, Event, EventLog, Fetched, GroupOptions, Options, Start};
use tokio_postgres::{Client, NoTls};
use uuid::Uuid;

const ROLES: &str = include_str!("../../../../../migrations/20261121000050_create_roles.up.sql");
const SCHEMA: &str =
    include_str!("../../../../../migrations/20261121000100_create_event_log.up.sql");

/// A database of a test's own.
pub struct Database {
    pub url: String,
    pub admin_url: String,
    pub name: String,
}

impl Database {
    /// `None`, with a word on stdout, where there is no server for tests.
    pub async fn create() -> Option<Self> {
        let Ok(admin_url) = std::env::var("TEST_DATABASE_URL") else {
            println!("skipped: set TEST_DATABASE_URL (cargo xtask test does)");
            return None;
        };
        let name = format!("event_log_{}", Uuid::new_v4().simple());
        let admin = client(&admin_url).await;
        admin
            .batch_execute(&format!("CREATE DATABASE {name}"))
            .await
            .expect("create a database");
        let slash = admin_url.rfind('/').expect("a URL with a database");
        let url = format!("{}/{name}", &admin_url[..slash]);
        let database = Self {
            url,
            admin_url,
            name,
        };
        let client = client(&database.url).await;
        client.batch_execute(ROLES).await.expect("roles");
        client.batch_execute(SCHEMA).await.expect("schema");
        Some(database)
    }

    pub async fn client(&self) -> Client {
        client(&self.url).await
    }

    pub async fn log(&self) -> Arc<EventLog> {
        self.log_with(options()).await
    }

    pub async fn log_with(&self, options: Options) -> Arc<EventLog> {
        EventLog::connect(&self.url, options)
            .await
            .expect("connect to the log")
    }

    /// Ends every connection of the database, as a restart of the server would.
    pub async fn cut_connections(&self) {
        client(&self.admin_url)
            .await
            .execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1",
                &[&self.name],
            )
            .await
            .expect("terminate");
    }
}

pub async fn client(url: &str) -> Client {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await.expect("connect");
    tokio::spawn(connection);
    client
}

/// Quick to notice changes, so that tests need not wait.
pub fn options() -> Options {
    Options {
        heartbeat: Duration::from_millis(200),
        time_to_live: Duration::from_secs(2),
        commit_interval: Duration::from_millis(20),
        ..Options::default()
    }
}

pub fn group(name: &str, topics: &[&str]) -> GroupOptions {
    GroupOptions {
        group: name.to_owned(),
        topics: topics.iter().map(|topic| topic.to_string()).collect(),
        start: Start::Earliest,
    }
}

/// Appends one record as an application would: the key's lock before the first write.
pub async fn append(
    client: &impl tokio_postgres::GenericClient,
    topic: &str,
    key: &str,
    value: &serde_json::Value,
) -> Uuid {
    let id = Uuid::now_v7();
    client
        .execute(
            "WITH lock AS MATERIALIZED (SELECT pg_advisory_xact_lock(hashtextextended($3, 1)))
             INSERT INTO outbox (id, aggregatetype, aggregateid, type, payload, headers)
             SELECT $1, $2, $3, 'thing.happened', $4, '{\"ce_source\": \"test\"}' FROM lock",
            &[&id, &topic, &key, value],
        )
        .await
        .expect("append");
    id
}

/// Waits until everything appended so far may be read: transactions of other tests, in other
/// databases of the cluster, hold the horizon back.
pub async fn until_below_horizon(client: &Client) {
    let above = "SELECT EXISTS (
        SELECT FROM outbox WHERE xid >= pg_snapshot_xmin(pg_current_snapshot()))";
    within(async {
        while client.query_one(above, &[]).await.expect("asked").get(0) {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    })
    .await;
}

/// The next records; commits nothing and takes whatever is assigned.
pub async fn next_records(consumer: &mut Consumer) -> Vec<Fetched> {
    loop {
        match within(consumer.next()).await.expect("an open log") {
            Event::Records(records) => return records,
            Event::Revoked(partitions) => consumer.release(partitions),
            Event::Assigned(_) | Event::Lost(_) => {}
        }
    }
}

/// The next `count` records.
pub async fn read(consumer: &mut Consumer, count: usize) -> Vec<Fetched> {
    let mut records = Vec::new();
    while records.len() < count {
        records.extend(next_records(consumer).await);
    }
    assert_eq!(records.len(), count);
    records
}

/// Fails instead of hanging.
pub async fn within<F: Future>(future: F) -> F::Output {
    tokio::time::timeout(Duration::from_secs(20), future)
        .await
        .expect("this should not take 20 s")
}
