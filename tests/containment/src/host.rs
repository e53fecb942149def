//! Puts an application together from guests under `tests/guests` and serves it.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use host_postgres::Postgres;
use host_runtime::{Options, Runtime};
use manifest::{App, Component, Mount, Trigger, VariableOptions, Variables};
use serde_json::json;
use tempfile::TempDir;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::Client;

/// A component of the application under test: a guest, and what it is granted.
pub struct Guest(Component);

impl Guest {
    /// The guest in `tests/guests/<name>`, granted nothing.
    pub fn new(name: &str) -> Self {
        Self(Component {
            id: name.into(),
            wasm: testing::wasm(&format!("guest-{name}")),
            ..Component::default()
        })
    }

    /// Its binary.
    pub fn wasm(&self) -> &Path {
        &self.0.wasm
    }

    pub fn may_reach(mut self, host: impl Into<String>) -> Self {
        self.0.allowed_outbound_hosts.push(host.into());
        self
    }

    pub fn with_variable(mut self, name: &str, value: &str) -> Self {
        self.0.variables.insert(name.into(), value.into());
        self
    }

    pub fn with_store(mut self, label: &str) -> Self {
        self.0.key_value_stores.push(label.into());
        self
    }

    pub fn with_files(mut self, folder: &Path) -> Self {
        self.0.files.push(Mount {
            host: folder.into(),
            guest: "/".into(),
        });
        self
    }
}

/// Compile and link guests with a state folder of their own, but for what was compiled before.
pub async fn load(guests: Vec<Guest>) -> anyhow::Result<(Arc<Runtime>, Arc<App>, TempDir)> {
    let state = testing::state_folder();
    let (runtime, app) = load_with(options(state.path()), guests).await?;
    Ok((runtime, app, state))
}

/// Small limits, and state in this folder.
pub fn options(state: &Path) -> Options {
    let mut options = Options::new(state, Postgres::new(Default::default()));
    options.max_instance_memory = 32 << 20;
    options.max_instances = 100;
    options
}

/// Compile and link guests.
pub async fn load_with(
    options: Options,
    guests: Vec<Guest>,
) -> anyhow::Result<(Arc<Runtime>, Arc<App>)> {
    let triggers = guests.iter().map(|Guest(component)| Trigger {
        id: format!("trigger-{}", component.id),
        kind: "http".into(),
        component: component.id.clone(),
        config: json!({
            "component": component.id,
            "route": format!("/{}/...", component.id),
        }),
    });
    let app = Arc::new(App {
        name: "containment".into(),
        base_dir: options.state_dir.clone(),
        variables: BTreeMap::new(),
        triggers: triggers.collect(),
        trigger_settings: BTreeMap::new(),
        components: guests
            .into_iter()
            .map(|Guest(component)| (component.id.clone(), component))
            .collect(),
    });
    let variables = Arc::new(Variables::new(&app, VariableOptions::default())?);
    let runtime = Runtime::load(app.clone(), variables, options).await?;
    Ok((runtime, app))
}

/// A running host. Each guest is served below `/<name>`.
pub struct Host {
    pub address: SocketAddr,
    pub client: Client,
    stop: CancellationToken,
    running: JoinHandle<anyhow::Result<()>>,
    _state: TempDir,
}

impl Host {
    /// Serve guests, with limits that `adjust` may change.
    pub async fn serve(
        guests: Vec<Guest>,
        adjust: impl FnOnce(&mut trigger_http::Options),
    ) -> Self {
        match Self::try_serve(guests, adjust).await {
            Ok(host) => host,
            Err(error) => panic!("cannot serve: {error:#}"),
        }
    }

    async fn try_serve(
        guests: Vec<Guest>,
        adjust: impl FnOnce(&mut trigger_http::Options),
    ) -> anyhow::Result<Self> {
        let (runtime, app, state) = load(guests).await?;
        let variables = Variables::new(&app, VariableOptions::default())?;
        let mut options = trigger_http::Options::new(SocketAddr::from(([127, 0, 0, 1], 0)));
        options.request_deadline = Duration::from_secs(60);
        options.drain_timeout = Duration::from_secs(60);
        adjust(&mut options);
        let service =
            trigger_http::Service::new(&app, &variables, &runtime, Vec::new(), options).await?;
        let service = service.context("there is nothing to serve")?;
        let address = service.local_addr()?;
        let stop = CancellationToken::new();
        Ok(Self {
            address,
            client: Client::new(address),
            running: tokio::spawn(service.run(stop.clone())),
            stop,
            _state: state,
        })
    }

    /// Begin the shutdown.
    pub fn stop(&self) {
        self.stop.cancel();
    }

    /// Wait for the shutdown to end.
    pub async fn stopped(self) -> anyhow::Result<()> {
        self.running.await?
    }
}
