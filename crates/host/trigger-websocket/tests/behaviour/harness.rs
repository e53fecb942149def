//! An application with one websocket trigger, running on a database of its own.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use event_log::EventLog;
use host_postgres::Postgres;
use host_runtime::Runtime;
use http_listener::Listener;
use manifest::{App, VariableFlag, VariableOptions, Variables};
use serde_json::{Value, json};
use tokio::task::JoinHandle;
use tokio_postgres::{Client, NoTls};
use tokio_util::sync::CancellationToken;
use trigger_websocket::Service;
use uuid::Uuid;

const ROLES: &str = include_str!("../../../../../migrations/20261121000050_create_roles.up.sql");
const SCHEMA: &str =
    include_str!("../../../../../migrations/20261121000100_create_event_log.up.sql");
const GUEST: &str = "websocket-echo";

/// The running application.
pub struct World {
    pub address: SocketAddr,
    pub database_url: String,
    pub database: Client,
    shutdown: CancellationToken,
    served: JoinHandle<anyhow::Result<()>>,
}

/// Run a test against an application whose trigger has these lines in its manifest too.
pub async fn with(manifest: &str, test: impl AsyncFnOnce(&mut World)) {
    with_log(manifest, event_log::Options::default(), test).await;
}

pub async fn with_log(
    manifest: &str,
    options: event_log::Options,
    test: impl AsyncFnOnce(&mut World),
) {
    let listening = http_listener::Options::default();
    with_options(manifest, options, listening, test).await;
}

pub async fn with_options(
    manifest: &str,
    options: event_log::Options,
    listening: http_listener::Options,
    test: impl AsyncFnOnce(&mut World),
) {
    let Ok(server) = std::env::var("TEST_DATABASE_URL") else {
        println!("skipped: set TEST_DATABASE_URL (cargo xtask test does)");
        return;
    };
    let name = format!("websocket_{}", Uuid::new_v4().simple());
    let admin = connect(&server).await;
    let create = format!("CREATE DATABASE {name}");
    admin.batch_execute(&create).await.expect("a database");
    let folder = tempfile::tempdir().expect("a folder");
    let url = at(&server, &name);
    let mut world = World::start(&url, folder.path(), manifest, options, listening).await;
    test(&mut world).await;
    drop(world);
    let drop = format!("DROP DATABASE {name} WITH (FORCE)");
    admin.batch_execute(&drop).await.expect("dropped");
}

impl World {
    async fn start(
        database_url: &str,
        folder: &Path,
        manifest: &str,
        options: event_log::Options,
        listening: http_listener::Options,
    ) -> Self {
        let database = connect(database_url).await;
        database.batch_execute(ROLES).await.expect("the roles");
        database.batch_execute(SCHEMA).await.expect("the schema");
        let service = service(database_url, folder, manifest, options).await;
        let any_port = SocketAddr::from(([127, 0, 0, 1], 0));
        let listener = Listener::bind("websocket", any_port, listening).await;
        let listener = listener.expect("a port");
        let address = listener.local_addr().expect("an address");
        let shutdown = CancellationToken::new();
        let served = tokio::spawn(service.serve(listener, shutdown.clone()));
        Self {
            address,
            database_url: database_url.to_owned(),
            database,
            shutdown,
            served,
        }
    }

    /// Append a record as an application would: the key's lock before the first write.
    pub async fn append(&self, topic: &str, key: &str, value: &Value) -> Uuid {
        append(&self.database, topic, key, value).await
    }

    /// Ask it to stop, and wait until it has.
    pub async fn stop(&mut self) {
        self.shutdown.cancel();
        let served = within(&mut self.served).await;
        served.expect("no panic").expect("a clean end");
    }

    /// Ask it to stop.
    pub fn begin_stop(&self) {
        self.shutdown.cancel();
    }
}

async fn service(
    database_url: &str,
    folder: &Path,
    manifest: &str,
    options: event_log::Options,
) -> Service {
    let source = artifacts().join(format!("{}.wasm", GUEST.replace('-', "_")));
    assert!(
        source.is_file(),
        "build the guest: cargo build --profile guest --target wasm32-wasip2 -p {GUEST}"
    );
    let text = format!(
        r#"
        spin_manifest_version = 2
        [application]
        name = "websocket-behaviour"
        version = "1.0.0"
        [variables]
        database_url = {{ required = true, secret = true }}
        [application.trigger.websocket]
        event_log = "{{{{ database_url }}}}"
        [[trigger.websocket]]
        component = "echo"
        route = "/ws"
        topics = ["news", "alerts"]
        {manifest}
        [component.echo]
        source = "{}"
        allowed_outbound_hosts = ["postgres://*:*"]
        [component.echo.variables]
        database_url = "{{{{ database_url }}}}"
        "#,
        source.display()
    );
    let path = folder.join("spin.toml");
    std::fs::write(&path, text).expect("written");
    let app = Arc::new(App::load(&path).expect("a valid application"));
    let url = VariableFlag::Value("database_url".into(), database_url.into());
    let options_of_variables = VariableOptions {
        overrides: vec![url],
        ..VariableOptions::default()
    };
    let variables = Arc::new(Variables::new(&app, options_of_variables).expect("variables"));
    // Shared by all tests: the guest is compiled once.
    let state_dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join("websocket");
    let mut runtime_options =
        host_runtime::Options::new(state_dir, Postgres::new(host_postgres::Options::default()));
    runtime_options.pooling = false;
    let runtime = Runtime::load(app.clone(), variables.clone(), runtime_options)
        .await
        .expect("a runtime");
    let log = EventLog::connect(database_url, options)
        .await
        .expect("an event log");
    Service::new(&app, &variables, &runtime, &log)
        .await
        .expect("a valid trigger")
        .expect("a trigger")
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

/// A record's value.
pub fn numbered(number: usize) -> Value {
    json!({ "number": number })
}

pub async fn connect(url: &str) -> Client {
    let connected = tokio_postgres::connect(url, NoTls).await;
    let (client, connection) = connected.expect("a connection");
    tokio::spawn(connection);
    client
}

/// Fails instead of hanging.
pub async fn within<F: Future>(future: F) -> F::Output {
    let limit = Duration::from_secs(30);
    let done = tokio::time::timeout(limit, future).await;
    done.expect("this should not take 30 s")
}

fn at(server: &str, database: &str) -> String {
    let slash = server.rfind('/').expect("a URL with a database");
    format!("{}/{database}", &server[..slash])
}

fn artifacts() -> PathBuf {
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(
        || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../target")),
        PathBuf::from,
    );
    target.join("wasm32-wasip2").join("guest")
}
