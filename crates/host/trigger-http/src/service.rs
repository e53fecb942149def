//! The running HTTP trigger: its routes, each with the pool of its component.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::time::Duration;

use anyhow::{Context as _, bail};
use bytes::Bytes;
use host_runtime::{HttpHandler, Pool, PoolLimits, Runtime};
use http::{HeaderName, HeaderValue, Response, StatusCode};
use http_listener::Listener;
use manifest::{App, Trigger, Variables};
use tokio_util::sync::CancellationToken;

use crate::access::Meter;
use crate::config::{Executor, Route, StaticResponse, TriggerConfig, TriggerSettings};
use crate::headers::RouteHeaders;
use crate::load::Load;
use crate::options::Options;
use crate::request_body::Bounds;
use crate::routes::{Pattern, Router, WELL_KNOWN};
use crate::serve::{Endpoint, Server, Target};
use crate::upgrade::Upgrade;

/// The HTTP trigger of an application, bound to its address.
pub struct Service {
    server: Server,
    listener: Listener,
    exhausted_after: Duration,
}

impl Service {
    /// Read the triggers, check their components, and bind the address. `None`: there is
    /// nothing to serve.
    ///
    /// # Errors
    /// Lists every trigger that cannot be served, or says why the address cannot be bound.
    pub async fn new(
        app: &App,
        variables: &Variables,
        runtime: &Arc<Runtime>,
        upgrades: Vec<Arc<dyn Upgrade>>,
        options: Options,
    ) -> anyhow::Result<Option<Self>> {
        let settings: TriggerSettings = manifest::trigger_settings(app, variables, "http")
            .await?
            .unwrap_or_default();
        let triggers: Vec<(Trigger, TriggerConfig)> =
            manifest::trigger_configs(app, variables, "http").await?;
        if triggers.is_empty() && upgrades.is_empty() {
            return Ok(None);
        }
        let base = settings.base.as_deref().unwrap_or("/");
        let router = build_router(app, base, triggers, runtime, &options)?;
        let listener = Listener::bind("http", options.listen, options.connections).await;
        let listener = listener.with_context(|| {
            format!(
                "cannot listen on {}: is another server running there?",
                options.listen
            )
        })?;
        let server = Server {
            router,
            upgrades,
            unrouted: Meter::new(&app.name, "none", "none"),
            bodies: Bounds {
                max: options.max_request_body,
                min_rate: options.min_body_rate,
                patience: options.body_patience,
                max_waiting: options.max_waiting_body_bytes,
                waiting: AtomicUsize::new(0),
            },
            app_info: Bytes::from(serde_json::json!({ "name": app.name }).to_string()),
        };
        Ok(Some(Self {
            server,
            listener,
            exhausted_after: options.exhausted_after,
        }))
    }

    /// The address it is bound to; tells the port where 0 was asked for.
    pub fn local_addr(&self) -> std::io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// The routes it serves, as written, each with its component.
    pub fn routes(&self) -> Vec<(String, Option<String>)> {
        let component = |target: &Target| match target {
            Target::Component(endpoint) => Some(endpoint.pool.component().id().to_owned()),
            Target::Static(_) => None,
        };
        self.server
            .router
            .iter()
            .map(|(pattern, target)| (pattern.based.clone(), component(target)))
            .collect()
    }

    /// How it is doing, for readiness and metrics.
    pub fn load(&self) -> Load {
        let mut pools: Vec<Pool<HttpHandler>> = Vec::new();
        for (_, target) in self.server.router.iter() {
            if let Target::Component(endpoint) = target
                && !pools.iter().any(|pool| pool.is_same(&endpoint.pool))
            {
                pools.push(endpoint.pool.clone());
            }
        }
        Load {
            connections: self.listener.watch(),
            pools,
            exhausted_after: self.exhausted_after,
        }
    }

    /// Serve until `shutdown`, then end open connections: each after its response. One that the
    /// system had accepted by then is served too.
    ///
    /// # Errors
    /// When the listener cannot be given up in good order.
    pub async fn run(self, shutdown: CancellationToken) -> anyhow::Result<()> {
        let served = self.listener.serve(self.server, shutdown);
        served.await.context("the HTTP listener")
    }
}

fn build_router(
    app: &App,
    base: &str,
    triggers: Vec<(Trigger, TriggerConfig)>,
    runtime: &Runtime,
    options: &Options,
) -> anyhow::Result<Router<Target>> {
    let mut router = Router::default();
    let mut pools = BTreeMap::new();
    let mut errors = Vec::new();
    for (trigger, config) in triggers {
        let raw = match &config.route {
            Route::Pattern(raw) => raw,
            Route::Private(private) if private.private => continue,
            Route::Private(_) => {
                errors.push(format!(
                    "trigger `{}`: `route` must be a pattern or {{ private = true }}",
                    trigger.id
                ));
                continue;
            }
        };
        let added = Pattern::new(base, raw).and_then(|pattern| {
            if pattern.based.starts_with(WELL_KNOWN) {
                tracing::warn!("route {raw} is never reached: {WELL_KNOWN}... is the host's");
            }
            let target = target(app, &pattern, &config, runtime, &mut pools, options)?;
            router.add(pattern, target)
        });
        match added {
            Ok(None) => {}
            Ok(Some(_)) => tracing::warn!("route {raw} is there twice: the later one wins"),
            Err(error) => errors.push(format!("trigger `{}`: {error}", trigger.id)),
        }
    }
    if !errors.is_empty() {
        bail!("cannot serve HTTP:\n  - {}", errors.join("\n  - "));
    }
    Ok(router)
}

fn target(
    app: &App,
    pattern: &Pattern,
    config: &TriggerConfig,
    runtime: &Runtime,
    pools: &mut BTreeMap<String, Pool<HttpHandler>>,
    options: &Options,
) -> Result<Target, String> {
    let id = match (&config.component, &config.static_response) {
        (Some(id), None) => id,
        (None, Some(response)) => return static_response(response).map(Target::Static),
        _ => return Err("it must have either `component` or `static_response`".into()),
    };
    if matches!(config.executor, Some(Executor::Wagi)) {
        return Err("this host has no `wagi` executor; remove `executor`".into());
    }
    let pool = match pools.get(id) {
        Some(pool) => pool.clone(),
        None => {
            let component = runtime.component(id).map_err(|error| error.to_string())?;
            let pool = Pool::new(component, limits(options)).map_err(|error| error.to_string())?;
            pools.insert(id.clone(), pool.clone());
            pool
        }
    };
    Ok(Target::Component(Endpoint {
        pool,
        headers: RouteHeaders::new(pattern)?,
        meter: Meter::new(&app.name, id, &pattern.based),
    }))
}

fn limits(options: &Options) -> PoolLimits {
    PoolLimits {
        max_instances: options.max_instances,
        max_concurrent_calls: options.instance_concurrency,
        max_calls_per_instance: options.instance_reuse,
        max_in_flight: options.max_requests,
        deadline: options.request_deadline,
        idle_timeout: options.instance_idle_timeout,
    }
}

fn static_response(config: &StaticResponse) -> Result<Response<Bytes>, String> {
    let mut response = Response::new(Bytes::from(config.body.clone()));
    *response.status_mut() = StatusCode::from_u16(config.status_code)
        .map_err(|_| format!("{} is no HTTP status", config.status_code))?;
    for (name, value) in &config.headers {
        let wrong = || format!("`{name}: {value}` is no HTTP header");
        let name = HeaderName::try_from(name).map_err(|_| wrong())?;
        let value = HeaderValue::try_from(value).map_err(|_| wrong())?;
        response.headers_mut().append(name, value);
    }
    Ok(response)
}
