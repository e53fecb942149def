//! Puts the host together: event logs, the runtime of components, the triggers.

use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::{Context as _, bail};
use bytes::Bytes;
use futures::future::BoxFuture;
use host_postgres::Postgres;
use host_runtime::Runtime;
use http_body_util::Full;
use hyper::body::Incoming;
use manifest::App;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::admin::Health;
use crate::compile;
use crate::event_logs::EventLogs;
use crate::serve::Running;
use crate::settings::{Listen, Settings};
use crate::transport::Transport;

/// Statements that mention this table append to the event log.
const APPEND_MARKER: &str = "outbox";

/// Everything that is to run, ready but not running.
pub struct Services {
    transport: Transport,
    kafka: Option<trigger_kafka::Service>,
    cron: Option<trigger_cron::Service>,
    http: Option<trigger_http::Service>,
    websocket: Option<trigger_websocket::Service>,
    /// Where WebSockets are served when HTTP is not ours.
    websocket_listener: Option<TcpListener>,
    /// Asked for, but neither HTTP nor WebSockets are there to be served.
    idle_address: Option<SocketAddr>,
}

impl Services {
    /// # Errors
    /// When a database cannot be reached; else lists everything that keeps components and
    /// triggers from starting.
    pub async fn start(
        settings: Settings,
        health: &Health,
        shutdown: &CancellationToken,
    ) -> anyhow::Result<Self> {
        let logs = EventLogs::connect(&settings.app, &settings.variables).await?;
        for url in logs.urls() {
            health.watch(host_postgres::pool(url, 1)?);
        }
        let options = runtime_options(&settings, &logs, shutdown);
        let app = Arc::new(settings.app);
        let variables = Arc::new(settings.variables);
        let runtime = Runtime::load(app.clone(), variables.clone(), options).await?;

        let transport = Transport::new(
            &app,
            &variables,
            logs.of(trigger_kafka::KIND),
            settings.relay,
            settings.prepare_topics,
        );
        let transport = transport.await?;
        let mut errors = Vec::new();
        let kafka = if_any(&app, trigger_kafka::KIND, &mut errors, async |kind| {
            let log = logs.of(kind);
            trigger_kafka::Service::new(&app, &variables, &runtime, log).await
        })
        .await;
        let cron = if_any(&app, trigger_cron::KIND, &mut errors, async |kind| {
            trigger_cron::Service::new(&app, &variables, &runtime, logs.of(kind)).await
        })
        .await;
        let websocket = if_any(&app, trigger_websocket::KIND, &mut errors, async |kind| {
            let log = logs.required(kind)?;
            trigger_websocket::Service::new(&app, &variables, &runtime, log).await
        })
        .await;
        let (mut http, mut websocket_listener, mut idle_address) = (None, None, None);
        match settings.listen {
            Listen::Shared { options, explicit } => {
                let upgrades = websocket.iter().cloned().map(as_upgrade).collect();
                let address = options.listen;
                let new =
                    trigger_http::Service::new(&app, &variables, &runtime, upgrades, *options);
                match new.await {
                    Ok(service) => http = service,
                    Err(error) => errors.push(error),
                }
                idle_address = (http.is_none() && explicit).then_some(address);
            }
            Listen::WebsocketOnly(address) if websocket.is_some() => {
                match TcpListener::bind(address).await {
                    Ok(listener) => websocket_listener = Some(listener),
                    Err(error) => errors.push(anyhow::Error::new(error).context(format!(
                        "cannot listen on {address} (--websocket-listen): is it taken?"
                    ))),
                }
            }
            Listen::WebsocketOnly(_) => {}
        }
        if !errors.is_empty() {
            let list: Vec<_> = errors.iter().map(|error| format!("{error:#}")).collect();
            bail!("{}", list.join("\n"));
        }
        Ok(Self {
            transport,
            kafka,
            cron,
            http,
            websocket,
            websocket_listener,
            idle_address,
        })
    }

    /// Where clients find the application, if it listens.
    pub fn address(&self) -> anyhow::Result<Option<SocketAddr>> {
        if let Some(http) = &self.http {
            return Ok(Some(http.local_addr()?));
        }
        let listener = self.websocket_listener.as_ref();
        let address = listener.map(TcpListener::local_addr).transpose();
        address.context("the listener has no address")
    }

    /// The address that was asked for and that no trigger uses.
    pub fn idle_address(&self) -> Option<SocketAddr> {
        self.idle_address
    }

    /// Run everything until `stop`, then to the end of its drain.
    pub fn run(self, stop: &CancellationToken) -> Running {
        let mut running = Running::new();
        spawn(
            &mut running,
            "the transport of events",
            self.transport.run(stop.clone()),
        );
        if let Some(kafka) = self.kafka {
            spawn(&mut running, "the kafka trigger", kafka.run(stop.clone()));
        }
        if let Some(cron) = self.cron {
            spawn(&mut running, "the cron trigger", cron.run(stop.clone()));
        }
        if let Some(http) = self.http {
            spawn(&mut running, "the http trigger", http.run(stop.clone()));
        }
        match (self.websocket, self.websocket_listener) {
            (Some(service), Some(listener)) => {
                spawn(
                    &mut running,
                    "the websocket trigger",
                    service.serve(listener, stop.clone()),
                );
            }
            (Some(service), None) => spawn(
                &mut running,
                "the websocket trigger",
                service.run(stop.clone()),
            ),
            (None, _) => {}
        }
        running
    }
}

fn spawn(
    running: &mut Running,
    name: &'static str,
    service: impl Future<Output = anyhow::Result<()>> + Send + 'static,
) {
    running.spawn(async move { (name, service.await) });
}

/// A trigger's service if the application has such triggers; a failure is kept for the list.
async fn if_any<S>(
    app: &App,
    kind: &str,
    errors: &mut Vec<anyhow::Error>,
    new: impl AsyncFnOnce(&str) -> anyhow::Result<Option<S>>,
) -> Option<S> {
    app.triggers_of(kind).next()?;
    new(kind).await.unwrap_or_else(|error| {
        errors.push(error);
        None
    })
}

fn runtime_options(
    settings: &Settings,
    logs: &EventLogs,
    shutdown: &CancellationToken,
) -> host_runtime::Options {
    let mut postgres = host_postgres::Options {
        append_marker: Some(APPEND_MARKER.into()),
        on_append: Some(Arc::new(logs.waker())),
        ..Default::default()
    };
    if let Some(connections) = settings.max_database_connections {
        postgres.max_connections = connections;
    }
    if let Some(connections) = settings.max_component_database_connections {
        postgres.max_connections_per_component = connections.get();
    }
    let mut options = host_runtime::Options::new(&settings.state_dir, Postgres::new(postgres));
    options.log_dir = settings.log_dir.clone();
    options.follow = settings.follow.clone();
    options.truncate_logs = settings.truncate_logs;
    options.cache = settings.cache;
    options.pooling = settings.pooling;
    if let Some(bytes) = settings.max_instance_memory {
        options.max_instance_memory = usize::try_from(bytes).unwrap_or(usize::MAX);
    }
    options.compiler = Some(compile::elsewhere(&options, shutdown.clone()));
    options
}

/// WebSockets on the HTTP trigger's listener.
struct WebsocketUpgrade(trigger_websocket::Service);

fn as_upgrade(service: trigger_websocket::Service) -> Arc<dyn trigger_http::Upgrade> {
    Arc::new(WebsocketUpgrade(service))
}

impl trigger_http::Upgrade for WebsocketUpgrade {
    fn matches(&self, path: &str) -> bool {
        self.0.matches(path)
    }

    fn handle(
        &self,
        request: hyper::Request<Incoming>,
        remote: SocketAddr,
    ) -> BoxFuture<'static, hyper::Response<Full<Bytes>>> {
        self.0.handle(request, remote)
    }
}
