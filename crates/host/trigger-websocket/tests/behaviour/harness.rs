//! An application with one websocket trigger, running on a database of its own.

use std::net::SocketAddr;
use std::path::Path;

use event_log::EventLog;
use serde_json::{Value, json};
use testing::Database;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_postgres::Client;
use tokio_util::sync::CancellationToken;
use trigger_websocket::Service;
use uuid::Uuid;

pub use testing::{connect, within};

const GUEST: &str = "websocket-echo";

/// The running application.
pub struct World {
    pub address: SocketAddr,
    pub database_url: String,
    pub database: Client,
    service: Service,
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
    let Some(own) = Database::migrated().await else {
        return;
    };
    let folder = tempfile::tempdir().expect("a folder");
    let mut world = World::start(&own.url, folder.path(), manifest, options).await;
    test(&mut world).await;
}

impl World {
    async fn start(
        database_url: &str,
        folder: &Path,
        manifest: &str,
        options: event_log::Options,
    ) -> Self {
        let database = connect(database_url).await;
        let service = service(database_url, folder, manifest, options).await;
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let shutdown = CancellationToken::new();
        let served = tokio::spawn(service.clone().serve(listener, shutdown.clone()));
        Self {
            address,
            database_url: database_url.to_owned(),
            database,
            service,
            shutdown,
            served,
        }
    }

    /// Append a record as an application would: the key's lock before the first write.
    pub async fn append(&self, topic: &str, key: &str, value: &Value) -> Uuid {
        append(&self.database, topic, key, value).await
    }

    /// Waits until nobody is followed for any more.
    pub async fn until_nothing_is_followed(&self) {
        testing::eventually("the topics are not followed", async || {
            (!self.service.follows()).then_some(())
        })
        .await;
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
    let source = testing::wasm(GUEST);
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
    let loaded = testing::load(&path, &[("database_url", database_url)], None).await;
    let loaded = loaded.expect("a valid application");
    let log = EventLog::connect(database_url, options)
        .await
        .expect("an event log");
    Service::new(&loaded.app, &loaded.variables, &loaded.runtime, &log)
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
