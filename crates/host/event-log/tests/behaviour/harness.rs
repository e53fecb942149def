//! A fresh database with the log's schema for each test, and writers that follow its rules.

use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;

use event_log::{Consumer, Event, EventLog, Fetched, GroupOptions, Options, Start};
use tokio_postgres::Client;
use uuid::Uuid;

pub use testing::within;

/// A database of a test's own.
pub struct Database(testing::Database);

impl Deref for Database {
    type Target = testing::Database;

    fn deref(&self) -> &testing::Database {
        &self.0
    }
}

impl Database {
    /// `None`, with a word on stdout, where there is no server for tests.
    pub async fn create() -> Option<Self> {
        testing::Database::migrated().await.map(Self)
    }

    pub async fn log(&self) -> Arc<EventLog> {
        self.log_with(options()).await
    }

    pub async fn log_with(&self, options: Options) -> Arc<EventLog> {
        EventLog::connect(&self.url, options)
            .await
            .expect("connect to the log")
    }
}

/// Quick to notice changes, so that tests need not wait.
pub fn options() -> Options {
    Options {
        heartbeat: Duration::from_millis(200),
        time_to_live: Duration::from_secs(6),
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
    testing::eventually("nothing is above the horizon", async || {
        let row = client.query_one(above, &[]).await.expect("asked");
        (!row.get::<_, bool>(0)).then_some(())
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
