//! The running HTTP trigger: listens, serves connections, and drains them at the end.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, bail};
use bytes::Bytes;
use host_runtime::{HttpHandler, Pool, PoolLimits, Runtime};
use http::{HeaderName, HeaderValue, Response, StatusCode};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use manifest::{App, Trigger, Variables};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::access::Meter;
use crate::config::{Executor, Route, StaticResponse, TriggerConfig, TriggerSettings};
use crate::headers::RouteHeaders;
use crate::io::Connection;
use crate::options::Options;
use crate::routes::{Pattern, Router, WELL_KNOWN};
use crate::serve::{Endpoint, Server, Target};
use crate::upgrade::Upgrade;

/// How long to wait when the system gives no more sockets.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
/// How long a connection without a request is kept after a shutdown began: its client may have
/// sent one already.
const FIRST_REQUEST: Duration = Duration::from_secs(1);

/// The HTTP trigger of an application, bound to its address.
pub struct Service {
    server: Arc<Server>,
    listener: TcpListener,
    options: Options,
}

/// A connection, and its place among those that may be open.
type Accepted = (TcpStream, SocketAddr, OwnedSemaphorePermit);

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
        let listener = TcpListener::bind(options.listen).await.with_context(|| {
            format!(
                "cannot listen on {}: is another server running there?",
                options.listen
            )
        })?;
        let server = Arc::new(Server {
            router,
            upgrades,
            unrouted: Meter::new(&app.name, "none", "none"),
            max_request_body: options.max_request_body,
            app_info: Bytes::from(serde_json::json!({ "name": app.name }).to_string()),
        });
        Ok(Some(Self {
            server,
            listener,
            options,
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

    /// Serve until `shutdown`, then end open connections: each after its response. One that the
    /// system had accepted by then is served too.
    pub async fn run(self, shutdown: CancellationToken) -> anyhow::Result<()> {
        let connections = TaskTracker::new();
        let permits = Arc::new(Semaphore::new(self.options.max_connections));
        let abort = CancellationToken::new();
        let builder = Arc::new(self.builder());
        let serve = |(stream, client, permit): Accepted| {
            let connection = serve_connection(
                builder.clone(),
                self.server.clone(),
                Connection::new(stream, self.options.write_timeout),
                client,
                shutdown.child_token(),
            );
            let abort = abort.clone();
            connections.spawn(async move {
                abort.run_until_cancelled_owned(connection).await;
                drop(permit);
            });
        };
        loop {
            tokio::select! {
                () = shutdown.cancelled() => break,
                accepted = self.accept(&permits) => accepted.into_iter().for_each(&serve),
            }
        }
        // Closing the listener resets the connections in its queue, whatever they have sent.
        let listener = self.listener.into_std()?;
        while let Ok(permit) = permits.clone().try_acquire_owned()
            && let Ok((stream, client)) = listener.accept()
        {
            let stream = stream
                .set_nonblocking(true)
                .and_then(|()| TcpStream::from_std(stream));
            match stream {
                Ok(stream) => serve((stream, client, permit)),
                Err(error) => tracing::warn!(%client, %error, "a connection is lost"),
            }
        }
        drop(listener);
        connections.close();
        let drained = tokio::time::timeout(self.options.drain_timeout, connections.wait()).await;
        if drained.is_err() {
            tracing::warn!(
                connections = connections.len(),
                "closing connections whose requests did not end in {:?}",
                self.options.drain_timeout
            );
            abort.cancel();
            connections.wait().await;
        }
        Ok(())
    }

    async fn accept(&self, permits: &Arc<Semaphore>) -> Option<Accepted> {
        let permit = permits.clone().acquire_owned().await.ok()?;
        match self.listener.accept().await {
            Ok((stream, client)) => Some((stream, client, permit)),
            Err(error) => {
                tracing::warn!(%error, "cannot accept a connection");
                tokio::time::sleep(ACCEPT_PAUSE).await;
                None
            }
        }
    }

    fn builder(&self) -> Builder<TokioExecutor> {
        let mut builder = Builder::new(TokioExecutor::new());
        builder
            .http1()
            .timer(TokioTimer::new())
            .header_read_timeout(self.options.head_timeout)
            // hyper refuses less than 8 KiB.
            .max_buf_size(self.options.max_request_head.max(8 << 10));
        builder
            .http2()
            .timer(TokioTimer::new())
            .max_header_list_size(self.options.max_request_head.try_into().unwrap_or(u32::MAX))
            .max_concurrent_streams(256);
        builder
    }
}

async fn serve_connection(
    builder: Arc<Builder<TokioExecutor>>,
    server: Arc<Server>,
    connection: Connection,
    client: SocketAddr,
    shutdown: CancellationToken,
) {
    let begun = Notify::new();
    let service = service_fn(|request| {
        begun.notify_one();
        let server = server.clone();
        async move { Ok::<_, Infallible>(server.handle(request, client).await) }
    });
    let mut connection =
        pin!(builder.serve_connection_with_upgrades(TokioIo::new(connection), service));
    let draining = async {
        shutdown.cancelled().await;
        _ = tokio::time::timeout(FIRST_REQUEST, begun.notified()).await;
        // Only now is known what has arrived before.
        tokio::task::yield_now().await;
    };
    let ended = tokio::select! {
        // First: a request that has arrived is answered.
        biased;
        ended = connection.as_mut() => ended,
        () = draining => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%client, error = %error, "connection broken");
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
