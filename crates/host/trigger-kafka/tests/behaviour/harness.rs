//! An application with one kafka trigger, on any number of hosts, on a database of its own. The
//! guest does what the value of each record says and prints what it handles.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use event_log::EventLog;
use host_postgres::Postgres;
use host_runtime::Runtime;
use manifest::{App, VariableFlag, VariableOptions, Variables};
use serde_json::{Value, json};
use tokio::task::JoinHandle;
use tokio_postgres::{Client, NoTls};
use tokio_util::sync::CancellationToken;
use trigger_kafka::Service;
use uuid::Uuid;

const ROLES: &str = include_str!("../../../../../migrations/20261121000050_create_roles.up.sql");
const SCHEMA: &str =
    include_str!("../../../../../migrations/20261121000100_create_event_log.up.sql");
const GUEST: &str = "kafka-probe";

/// A database, and a folder for what hosts leave.
pub struct World {
    pub url: String,
    pub database: Client,
    folder: tempfile::TempDir,
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
    let Ok(server) = std::env::var("TEST_DATABASE_URL") else {
        println!("skipped: set TEST_DATABASE_URL (cargo xtask test does)");
        return;
    };
    let name = format!("kafka_{}", Uuid::new_v4().simple());
    let admin = connect(&server).await;
    let create = format!("CREATE DATABASE {name}");
    admin.batch_execute(&create).await.expect("a database");
    let slash = server.rfind('/').expect("a URL with a database");
    let url = format!("{}/{name}", &server[..slash]);
    let database = connect(&url).await;
    database.batch_execute(ROLES).await.expect("the roles");
    database.batch_execute(SCHEMA).await.expect("the schema");
    let world = World {
        url,
        database,
        folder: tempfile::tempdir().expect("a folder"),
    };
    test(&world).await;
    drop(world);
    let drop = format!("DROP DATABASE {name} WITH (FORCE)");
    admin.batch_execute(&drop).await.expect("dropped");
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
        let source = artifacts().join(format!("{}.wasm", GUEST.replace('-', "_")));
        assert!(
            source.is_file(),
            "build the guest: cargo build --profile guest --target wasm32-wasip2 -p {GUEST}"
        );
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
            allowed_outbound_hosts = ["postgres://*:*"]
            {manifest}
            "#,
            source.display()
        );
        let folder = self.folder.path().join(name);
        std::fs::create_dir_all(&folder).expect("a folder");
        let path = folder.join("spin.toml");
        std::fs::write(&path, text).expect("written");
        let app = Arc::new(App::load(&path).expect("a valid application"));
        let url = VariableFlag::Value("database_url".into(), self.url.as_str().into());
        let options = VariableOptions {
            overrides: vec![url],
            ..VariableOptions::default()
        };
        let variables = Arc::new(Variables::new(&app, options).expect("variables"));
        // Shared by all tests: the guest is compiled once.
        let state_dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join("kafka");
        let postgres = Postgres::new(host_postgres::Options::default());
        let mut options = host_runtime::Options::new(state_dir, postgres);
        options.pooling = false;
        options.log_dir = Some(folder);
        let runtime = Runtime::load(app.clone(), variables.clone(), options)
            .await
            .expect("a runtime");
        let log = EventLog::connect(&self.url, log_options)
            .await
            .expect("an event log");
        let service = Service::new(&app, &variables, &runtime, Some(&log)).await;
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
        within(async {
            loop {
                let row = self.database.query_one(behind, &[]).await.expect("counted");
                if row.get::<_, i64>(0) == 0 {
                    return;
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
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
        within(async {
            while self.attempts(id).is_empty() {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
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

pub async fn connect(url: &str) -> Client {
    let connected = tokio_postgres::connect(url, NoTls).await;
    let (client, connection) = connected.expect("a connection");
    tokio::spawn(connection);
    client
}

/// Fails instead of hanging.
pub async fn within<F: Future>(future: F) -> F::Output {
    let limit = Duration::from_secs(60);
    let done = tokio::time::timeout(limit, future).await;
    done.expect("this should not take 60 s")
}

fn artifacts() -> PathBuf {
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(
        || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../target")),
        PathBuf::from,
    );
    target.join("wasm32-wasip2").join("guest")
}
