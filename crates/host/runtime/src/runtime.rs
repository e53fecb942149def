//! Loads an application: compiles its components side by side and links them, and reports
//! everything that is wrong with them at once.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use manifest::App;
use tokio::task::JoinSet;
use wasmtime::Engine;
use wasmtime::component::Linker;

use crate::compiled::Cache;
use crate::component::Shared;
use crate::imports::{self, Client, KeyValueFile};
use crate::limits::MemoryBudget;
use crate::{Component, Options, State, engine, link};

/// A compilation that takes longer is mentioned, so that nobody thinks the host hangs.
const SLOW: Duration = Duration::from_secs(1);

/// The components of an application, compiled and linked.
pub struct Runtime {
    engine: Engine,
    components: BTreeMap<String, Arc<Component>>,
}

impl Runtime {
    /// Compile and link every component of the application.
    ///
    /// # Errors
    /// Lists every component that is missing, is no component, or imports what this host does
    /// not provide.
    pub async fn load(
        app: Arc<App>,
        variables: Arc<manifest::Variables>,
        options: Options,
    ) -> anyhow::Result<Arc<Self>> {
        std::fs::create_dir_all(&options.state_dir).with_context(|| {
            format!(
                "cannot create the state folder {}",
                options.state_dir.display()
            )
        })?;
        let engine = engine::build(&options)?;
        let linker = imports::linker(&engine).map_err(anyhow::Error::from)?;
        let shared = Arc::new(Shared {
            key_value: Arc::new(KeyValueFile::new(
                options.state_dir.join("sqlite_key_value.db"),
            )),
            http_client: Client::new(options.connect_timeout),
            memory: MemoryBudget::new(options.max_total_memory),
            variables,
            options,
        });
        let cache = match shared.options.cache {
            true => Some(Arc::new(Cache::open(&shared.options.state_dir)?)),
            false => None,
        };
        let components = load_all(&app, &linker, &shared, cache.clone()).await?;
        if let Some(cache) = cache {
            cache.tidy();
        }
        Ok(Arc::new(Self { engine, components }))
    }

    /// The component with this id.
    ///
    /// # Errors
    /// When the application has none.
    pub fn component(&self, id: &str) -> anyhow::Result<Arc<Component>> {
        self.components
            .get(id)
            .cloned()
            .with_context(|| format!("the application has no component `{id}`"))
    }

    /// The engine all components were compiled for.
    pub fn engine(&self) -> &Engine {
        &self.engine
    }
}

async fn load_all(
    app: &App,
    linker: &Linker<State>,
    shared: &Arc<Shared>,
    cache: Option<Arc<Cache>>,
) -> anyhow::Result<BTreeMap<String, Arc<Component>>> {
    let mut loading = JoinSet::new();
    for manifest in app.components.values() {
        let (manifest, linker, shared) = (manifest.clone(), linker.clone(), shared.clone());
        let cache = cache.clone();
        loading.spawn(async move {
            let id = manifest.id.clone();
            let slow = tokio::spawn(mention_if_slow(id.clone()));
            let load = move || load_one(manifest, &linker, shared, cache.as_deref());
            let loaded = tokio::task::spawn_blocking(load).await;
            slow.abort();
            (id, loaded.map_err(anyhow::Error::from).flatten())
        });
    }
    let mut components = BTreeMap::new();
    let mut errors = BTreeMap::new();
    while let Some(loaded) = loading.join_next().await {
        match loaded? {
            (id, Ok(component)) => drop(components.insert(id, Arc::new(component))),
            (id, Err(error)) => drop(errors.insert(id, format!("{error:#}"))),
        }
    }
    if !errors.is_empty() {
        let list: Vec<_> = errors.into_values().collect();
        bail!("cannot load the application:\n{}", list.join("\n"));
    }
    Ok(components)
}

fn load_one(
    manifest: manifest::Component,
    linker: &Linker<State>,
    shared: Arc<Shared>,
    cache: Option<&Cache>,
) -> anyhow::Result<Component> {
    let start = Instant::now();
    let id = manifest.id.clone();
    let path = manifest.wasm.display().to_string();
    if !manifest.wasm.is_file() {
        bail!("component `{id}`: {path} does not exist; build the application first");
    }
    let compiled = match cache {
        Some(cache) => {
            let elsewhere = || {
                let compiler = shared.options.compiler.as_ref();
                compiler.map_or(Ok(false), |compile| compile(&manifest.wasm))
            };
            cache.load(linker.engine(), &manifest.wasm, elsewhere)
        }
        None => wasmtime::component::Component::from_file(linker.engine(), &manifest.wasm)
            .map_err(anyhow::Error::from)
            .with_context(|| format!("cannot compile {path}")),
    };
    let compiled = compiled.with_context(|| format!("component `{id}`"))?;
    let pre = link::link(&id, linker, &compiled)?;
    tracing::debug!(
        component = id,
        ms = start.elapsed().as_millis() as u64,
        "component loaded"
    );
    Component::new(manifest, pre, shared)
}

async fn mention_if_slow(id: String) {
    tokio::time::sleep(SLOW).await;
    tracing::info!(component = id, "compiling, at the first start only");
}
