//! An application with one kafka trigger, on any number of hosts, on a database of its own. The
//! guest does what the value of each record says and prints what it handles.

use std::path::PathBuf;
use std::sync::Arc;

use event_log::EventLog;
use serde_json::{Value, json};
use testing::{Database, eventually};
use tokio::task::JoinHandle;
use tokio_postgres::Client;
use tokio_util::sync::CancellationToken;
use trigger_kafka::Service;
use uuid::Uuid;

pub use testing::within;

const GUEST: &str = "kafka-probe";

/// A database, and a folder for what hosts leave.
pub struct World {
    pub url: String,
    pub database: Client,
    folder: tempfile::TempDir,
    _own: Database,
}

/// A delivery, as the guest saw it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Handled {
    pub id: Uuid,
    pub attempt: u32,
    /// When, in microseconds since the Unix epoch.
    pub at_us: u64,
}

/// A host that runs the trigger.
pub struct Host {
    pub log: Arc<EventLog>,
    output: PathBuf,
    shutdown: CancellationToken,
    running: JoinHandle<anyhow::Result<()>>,
}

/// Run a test with a database of its own, if there is a server for tests.
pub async fn with(test: impl AsyncFnOnce(&World)) {
    let Some(own) = Database::migrated().await else {
        return;
    };
    let world = World {
        url: own.url.clone(),
        database: own.client().await,
        folder: tempfile::tempdir().expect("a folder"),
        _own: own,
    };
    test(&world).await;
}

impl World {
    /// Starts a host; the lines are added to its trigger's manifest.
    pub async fn host(&self, name: &str, lines: &str) -> Host {
        self.host_with(name, lines, event_log::Options::default())
            .await
    }

    pub async fn host_with(&self, name: &str, lines: &str, options: event_log::Options) -> Host {
        let manifest = format!(
            "[[trigger.kafka]]\ncomponent = \"probe\"\ntopics = [\"orders\"]\ngroup = \"g\"\n{lines}"
        );
        let (log, service) = self.service(name, &manifest, options).await;
        let service = service.expect("a valid trigger").expect("a trigger");
        let shutdown = CancellationToken::new();
        Host {
            log,
            output: self.folder.path().join(name).join("probe_stdout.txt"),
            running: tokio::spawn(service.run(shutdown.clone())),
            shutdown,
        }
    }

    pub async fn service(
        &self,
        name: &str,
        manifest: &str,
        log_options: event_log::Options,
    ) -> (Arc<EventLog>, anyhow::Result<Option<Service>>) {
        let source = testing::wasm(GUEST);
        let text = format!(
            r#"
            spin_manifest_version = 2
            [application]
            name = "kafka-behaviour"
            version = "1.0.0"
            [variables]
            database_url = {{ required = true, secret = true }}
            [component.probe]
            source = "{}"
            {manifest}
            "#,
            source.display()
        );
        let folder = self.folder.path().join(name);
        std::fs::create_dir_all(&folder).expect("a folder");
        let path = folder.join("spin.toml");
        std::fs::write(&path, text).expect("written");
        let variables = [("database_url", self.url.as_str())];
        let loaded = testing::load(&path, &variables, Some(folder)).await;
        let loaded = loaded.expect("a valid application");
        let log = EventLog::connect(&self.url, log_options)
            .await
            .expect("an event log");
        let service =
            Service::new(&loaded.app, &loaded.variables, &loaded.runtime, Some(&log)).await;
        (log, service)
    }

    /// Appends one record as an application would: the key's lock before the first write.
    pub async fn append(&self, key: &str, order: Value) -> Uuid {
        append(&self.database, "orders", key, &order).await
    }

    /// Waits until every record appended so far is committed by the group.
    pub async fn until_committed(&self) {
        let behind = "SELECT count(*) FROM outbox o WHERE NOT EXISTS (
            SELECT FROM log_positions p WHERE p.consumer_group = 'g' AND p.topic = o.aggregatetype
            AND p.partition = o.partition AND (p.xid, p.position) >= (o.xid, o.position))";
        eventually("everything is committed", async || {
            let row = self.database.query_one(behind, &[]).await.expect("counted");
            (row.get::<_, i64>(0) == 0).then_some(())
        })
        .await;
    }

    /// `(record, attempts, reason)` of each dead letter.
    pub async fn dead_letters(&self) -> Vec<(Uuid, i32, String)> {
        let query = "SELECT record_id, attempts, reason FROM dead_letters
                     WHERE dead_letter_topic = 'orders.dead-letter' AND handler = 'probe'
                     ORDER BY id";
        let rows = self.database.query(query, &[]).await.expect("dead letters");
        rows.iter()
            .map(|row| (row.get(0), row.get(1), row.get(2)))
            .collect()
    }
}

impl Host {
    /// Everything the guest was given here, in order.
    pub fn handled(&self) -> Vec<Handled> {
        let output = std::fs::read_to_string(&self.output).unwrap_or_default();
        output.lines().filter_map(parse).collect()
    }

    /// The attempts at one record, in order.
    pub fn attempts(&self, id: Uuid) -> Vec<u32> {
        let own = self
            .handled()
            .into_iter()
            .filter(|handled| handled.id == id);
        own.map(|handled| handled.attempt).collect()
    }

    pub async fn until_handled(&self, id: Uuid) {
        eventually("it is handled", async || {
            (!self.attempts(id).is_empty()).then_some(())
        })
        .await;
    }

    /// Stops as on SIGTERM.
    pub async fn stop(self) -> Vec<Handled> {
        self.shutdown.cancel();
        let output = self.output.clone();
        within(self.running)
            .await
            .expect("no panic")
            .expect("a clean end");
        let output = std::fs::read_to_string(output).unwrap_or_default();
        output.lines().filter_map(parse).collect()
    }
}

fn parse(line: &str) -> Option<Handled> {
    let mut words = line.strip_prefix("handling ")?.split(' ');
    let id = words.next()?.parse().ok()?;
    let attempt = words.nth(1)?.parse().ok()?;
    let at_us = words.nth(1)?.parse().ok()?;
    Some(Handled { id, attempt, at_us })
}

pub fn succeed() -> Value {
    json!({"do": "succeed"})
}

pub async fn append(database: &Client, topic: &str, key: &str, value: &Value) -> Uuid {
    let id = Uuid::now_v7();
    database
        .execute(
            "WITH lock AS MATERIALIZED (SELECT pg_advisory_xact_lock(hashtextextended($3, 1)))
             INSERT INTO outbox (id, aggregatetype, aggregateid, type, payload)
             SELECT $1, $2, $3, 'thing.happened', $4 FROM lock",
            &[&id, &topic, &key, value],
        )
        .await
        .expect("appended");
    id
}
