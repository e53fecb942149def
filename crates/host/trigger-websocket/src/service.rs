//! All websocket triggers of an application, running. It answers opening requests, tails the
//! topics, and closes every client with 1012 when it stops.

use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, bail};
use bytes::Bytes;
use event_log::{EventLog, TailError};
use futures::future::BoxFuture;
use host_runtime::Runtime;
use http_body_util::Full;
use http_listener::{Handler, Listener, OpenRequest};
use hyper::body::Incoming;
use hyper::{Request, Response, StatusCode};
use manifest::{App, Variables};
use records::Record;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::config::TriggerConfig;
use crate::delivery;
use crate::endpoint::Endpoint;
use crate::functions::Functions;
use crate::problem::Problem;

/// The trigger's name in the manifest.
pub const KIND: &str = "websocket";
/// How long the close handshakes may take at shutdown.
const DRAIN: Duration = Duration::from_secs(5);

/// The websocket triggers of an application. Clones are the same service.
#[derive(Clone)]
pub struct Service {
    endpoints: Arc<[Arc<Endpoint>]>,
    log: Arc<EventLog>,
}

impl Service {
    /// Prepare every `[[trigger.websocket]]`; `None` if the application has none.
    ///
    /// # Errors
    /// Lists everything that is wrong with the triggers or their components.
    pub async fn new(
        app: &App,
        variables: &Variables,
        runtime: &Arc<Runtime>,
        log: &Arc<EventLog>,
    ) -> anyhow::Result<Option<Self>> {
        let triggers = manifest::trigger_configs::<TriggerConfig>(app, variables, KIND).await?;
        if triggers.is_empty() {
            return Ok(None);
        }
        let mut errors = Vec::new();
        let mut routes = Vec::new();
        let mut endpoints = Vec::new();
        for (trigger, config) in triggers {
            let mut violations = config.violations();
            if routes.contains(&config.route) {
                violations.push(format!("route `{}` is taken", config.route));
            }
            routes.push(config.route.clone());
            let functions = runtime
                .component(&config.component)
                .and_then(|component| Functions::new(&component, &config.limits));
            match functions {
                Ok(functions) => endpoints.push(Arc::new(Endpoint::new(config, functions))),
                Err(error) => violations.push(format!("{error:#}")),
            }
            let named = violations.iter();
            errors.extend(named.map(|what| format!("websocket trigger `{}`: {what}", trigger.id)));
        }
        if !errors.is_empty() {
            bail!("{}", errors.join("\n"));
        }
        Ok(Some(Self {
            endpoints: endpoints.into(),
            log: log.clone(),
        }))
    }

    /// Whether requests to this path are the service's own.
    pub fn matches(&self, path: &str) -> bool {
        self.endpoint(path).is_some()
    }

    /// Answer an opening request. The server must allow upgrades
    /// (`hyper`: `serve_connection(..).with_upgrades()`).
    pub fn handle(
        &self,
        request: Request<Incoming>,
        remote: SocketAddr,
    ) -> BoxFuture<'static, Response<Full<Bytes>>> {
        let endpoint = self.endpoint(request.uri().path()).cloned();
        Box::pin(async move {
            match endpoint {
                Some(endpoint) => endpoint.open(request, remote).await,
                None => Problem::new(StatusCode::NOT_FOUND, "no websocket trigger has this route")
                    .into_response(),
            }
        })
    }

    /// Follow the topics until `shutdown`; then every client is closed with 1012.
    ///
    /// # Errors
    /// When the event log cannot be followed any more.
    pub async fn run(self, shutdown: CancellationToken) -> anyhow::Result<()> {
        let mut following = JoinSet::new();
        for endpoint in self.endpoints.iter().cloned() {
            if endpoint.topics.is_empty() {
                endpoint.subscribers.is_followed();
                continue;
            }
            following.spawn(follow(endpoint, self.log.clone()));
        }
        let ended = tokio::select! {
            () = shutdown.cancelled() => Ok(()),
            Some(ended) = following.join_next() => ended
                .context("a websocket trigger's job failed")
                .flatten(),
        };
        self.close().await;
        ended
    }

    /// Serve the triggers on a listener of their own, until `shutdown`.
    ///
    /// # Errors
    /// See [`Service::run`].
    pub async fn serve(
        self,
        listener: Listener,
        shutdown: CancellationToken,
    ) -> anyhow::Result<()> {
        let accepting = shutdown.child_token();
        let served = tokio::spawn(listener.serve(self.clone(), accepting.clone()));
        let ran = self.run(shutdown).await;
        accepting.cancel();
        ran.and(served.await?.context("the listener for WebSockets"))
    }

    /// Whether records are read here at the moment: somebody listens, or did until a while ago.
    pub fn follows(&self) -> bool {
        let mut endpoints = self.endpoints.iter();
        endpoints.any(|endpoint| endpoint.subscribers.follows())
    }

    fn endpoint(&self, path: &str) -> Option<&Arc<Endpoint>> {
        let matching = self.endpoints.iter().filter(|one| one.matches(path));
        matching.max_by_key(|one| one.route.len())
    }

    async fn close(&self) {
        for endpoint in self.endpoints.iter() {
            endpoint.shutdown.cancel();
            endpoint.connections.close();
        }
        let left = async {
            for endpoint in self.endpoints.iter() {
                endpoint.connections.wait().await;
            }
        };
        if tokio::time::timeout(DRAIN, left).await.is_err() {
            tracing::warn!("some WebSocket clients did not leave within {DRAIN:?}");
        }
    }
}

/// On a listener of its own.
impl Handler for Service {
    type Body = Full<Bytes>;

    async fn handle(
        &self,
        request: Request<Incoming>,
        open: &OpenRequest,
    ) -> Response<Full<Bytes>> {
        Self::handle(self, request, open.client()).await
    }
}

/// While there is a connection.
async fn follow(endpoint: Arc<Endpoint>, log: Arc<EventLog>) -> anyhow::Result<()> {
    loop {
        endpoint.subscribers.wait_for_first().await;
        let mut tail = log.tail(endpoint.topics.clone());
        tail.ready().await;
        endpoint.subscribers.is_followed();
        let mut left = pin!(
            endpoint
                .subscribers
                .wait_until_none(endpoint.limits.linger())
        );
        loop {
            tokio::select! {
                () = &mut left => break,
                next = tail.next() => deliver(&endpoint, next).await?,
            }
        }
    }
}

async fn deliver(
    endpoint: &Endpoint,
    next: Result<Vec<Arc<Record>>, TailError>,
) -> anyhow::Result<()> {
    match next {
        Ok(records) => delivery::records(endpoint, &records).await,
        Err(TailError::Lagged) => {
            tracing::warn!(
                component = endpoint.component,
                "fell behind the event log: clients are asked to connect again"
            );
            delivery::passed_over(endpoint);
        }
        Err(error @ TailError::Closed) => return Err(error.into()),
    }
    Ok(())
}
