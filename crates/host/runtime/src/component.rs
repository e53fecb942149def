//! A compiled and linked component: everything needed to make an instance of it.

use std::collections::HashSet;
use std::fs::{File, OpenOptions};
use std::path::Path;
use std::sync::{Arc, Mutex};

use anyhow::{Context as _, bail};
use manifest::AllowedHosts;
use wasmtime::component::InstancePre;
use wasmtime::{Engine, Store};
use wasmtime_wasi::{FsPerms, WasiCtx};
use wasmtime_wasi_http::WasiHttpCtx;

use crate::imports::{Client, KeyValue, KeyValueFile, OutboundHttp, Variables};
use crate::limits::{Limits, MemoryBudget};
use crate::state::allows_socket;
use crate::stdio::{Log, Output};
use crate::{Options, State};

/// What all components of one application share.
pub(crate) struct Shared {
    pub(crate) options: Options,
    pub(crate) variables: Arc<manifest::Variables>,
    pub(crate) key_value: Arc<KeyValueFile>,
    pub(crate) http_client: Arc<Client>,
    pub(crate) memory: Arc<MemoryBudget>,
}

/// A component of the application, ready to be instantiated.
pub struct Component {
    id: Arc<str>,
    manifest: Arc<manifest::Component>,
    pre: InstancePre<State>,
    shared: Arc<Shared>,
    stdout: Output,
    stderr: Output,
    key_value_stores: Arc<HashSet<String>>,
    /// The allow-list, where it holds no variables; with them it is resolved per instance.
    allowed_hosts: Option<Arc<AllowedHosts>>,
}

impl Component {
    pub(crate) fn new(
        manifest: manifest::Component,
        pre: InstancePre<State>,
        shared: Arc<Shared>,
    ) -> anyhow::Result<Self> {
        let id: Arc<str> = manifest.id.as_str().into();
        for mount in &manifest.files {
            if !mount.host.is_dir() {
                bail!(
                    "component `{id}`: {} is to be mounted at {}, but is no folder",
                    mount.host.display(),
                    mount.guest
                );
            }
        }
        let hosts = &manifest.allowed_outbound_hosts;
        let allowed_hosts = if hosts.iter().any(|host| host.contains("{{")) {
            None
        } else {
            Some(Arc::new(parse_hosts(&id, hosts)?))
        };
        Ok(Self {
            stdout: output(&shared.options, &id, "stdout")?,
            stderr: output(&shared.options, &id, "stderr")?,
            key_value_stores: Arc::new(manifest.key_value_stores.iter().cloned().collect()),
            manifest: Arc::new(manifest),
            id,
            pre,
            shared,
            allowed_hosts,
        })
    }

    /// Its id in the manifest.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Its manifest entry.
    pub fn manifest(&self) -> &manifest::Component {
        &self.manifest
    }

    /// The linked component, to look up exports before there is an instance.
    pub fn pre(&self) -> &InstancePre<State> {
        &self.pre
    }

    /// The engine it was compiled for.
    pub fn engine(&self) -> &Engine {
        self.pre.engine()
    }

    /// A store for one new instance, with the component's view of the world.
    ///
    /// # Errors
    /// When a variable in the allow-list cannot be resolved, or a mounted folder not be opened.
    pub async fn new_store(&self) -> anyhow::Result<Store<State>> {
        let allowed = self.allowed_hosts().await?;
        let options = &self.shared.options;
        let state = State {
            table: Default::default(),
            wasi: self.wasi(&allowed)?,
            http: WasiHttpCtx::new(),
            outbound_http: OutboundHttp {
                component: self.id.clone(),
                allowed: allowed.clone(),
                client: self.shared.http_client.clone(),
            },
            postgres: host_postgres::State::new(
                options.postgres.clone(),
                self.id.clone(),
                Arc::new(move |host: &str, port: u16| allowed.allows("postgres", host, port)),
            ),
            variables: Variables {
                component: self.manifest.clone(),
                providers: self.shared.variables.clone(),
            },
            key_value: KeyValue {
                file: self.shared.key_value.clone(),
                granted: self.key_value_stores.clone(),
                open: 0,
            },
            limits: Limits::new(self.shared.memory.clone(), options.max_instance_memory),
        };
        let mut store = Store::new(self.engine(), state);
        store.limiter(|state| &mut state.limits);
        store.set_epoch_deadline(1);
        store.epoch_deadline_async_yield_and_update(1);
        Ok(store)
    }

    async fn allowed_hosts(&self) -> anyhow::Result<Arc<AllowedHosts>> {
        if let Some(hosts) = &self.allowed_hosts {
            return Ok(hosts.clone());
        }
        let mut resolved = Vec::new();
        for host in &self.manifest.allowed_outbound_hosts {
            let rendered = self.shared.variables.render(host).await;
            resolved.push(rendered.with_context(|| {
                format!(
                    "cannot resolve `{host}` in allowed_outbound_hosts of component `{}`",
                    self.id
                )
            })?);
        }
        Ok(Arc::new(parse_hosts(&self.id, &resolved)?))
    }

    fn wasi(&self, allowed: &Arc<AllowedHosts>) -> anyhow::Result<WasiCtx> {
        let mut wasi = WasiCtx::builder();
        wasi.stdout(self.stdout.clone())
            .stderr(self.stderr.clone())
            .allow_tcp(true)
            .allow_udp(true);
        for (name, value) in &self.manifest.environment {
            wasi.env(name, value);
        }
        for mount in &self.manifest.files {
            wasi.preopened_dir(&mount.host, &mount.guest, FsPerms::ReadOnly)
                .map_err(anyhow::Error::from)
                .with_context(|| format!("cannot open the folder {}", mount.host.display()))?;
        }
        let (id, allowed) = (self.id.clone(), allowed.clone());
        wasi.socket_addr_check(move |address, purpose| {
            Box::pin(std::future::ready(allows_socket(
                &allowed, &id, address, purpose,
            )))
        });
        Ok(wasi.build())
    }
}

fn parse_hosts(id: &str, hosts: &[String]) -> anyhow::Result<AllowedHosts> {
    AllowedHosts::parse(hosts).map_err(|errors| {
        anyhow::anyhow!(
            "allowed_outbound_hosts of component `{id}`:\n  - {}",
            errors.join("\n  - ")
        )
    })
}

fn output(options: &Options, id: &str, stream: &'static str) -> anyhow::Result<Output> {
    let file = match &options.log_dir {
        Some(folder) => {
            let name = format!("{id}_{stream}.txt");
            let file = open_log(folder, &name, options.truncate_logs)?;
            Some(Arc::new(Mutex::new(file)))
        }
        None => None,
    };
    let log = options.follow.includes(id).then(|| Log {
        component: id.into(),
        stream,
    });
    Ok(Output { file, log })
}

fn open_log(folder: &Path, name: &str, truncate: bool) -> anyhow::Result<File> {
    std::fs::create_dir_all(folder)
        .with_context(|| format!("cannot create the log folder {}", folder.display()))?;
    let path = folder.join(name);
    let mut options = OpenOptions::new();
    options.create(true);
    if truncate {
        options.write(true).truncate(true);
    } else {
        options.append(true);
    }
    options
        .open(&path)
        .with_context(|| format!("cannot write the log file {}", path.display()))
}
