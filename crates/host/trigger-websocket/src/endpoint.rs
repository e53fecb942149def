//! One `[[trigger.websocket]]`: answers opening requests by asking the component, and starts
//! connections.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::header::{self, HeaderName, HeaderValue};
use hyper::{Request, Response, StatusCode};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use uuid::Uuid;

use crate::bindings::{Acceptance, Opening, Refusal};
use crate::config::{Limits, TriggerConfig};
use crate::connection::Connection;
use crate::functions::{Failure, Functions};
use crate::handshake::{self, Handshake};
use crate::meters::Meters;
use crate::problem::Problem;
use crate::registry::Registry;
use crate::send_queue::SendQueue;
use crate::subscribers::{SubscriberGuard, Subscribers};

pub(crate) struct Endpoint {
    pub(crate) component: String,
    pub(crate) topics: Vec<String>,
    pub(crate) limits: Limits,
    pub(crate) functions: Functions,
    pub(crate) registry: Arc<Registry>,
    pub(crate) meters: Meters,
    pub(crate) shutdown: CancellationToken,
    pub(crate) connections: TaskTracker,
    pub(crate) subscribers: Arc<Subscribers>,
    pub(crate) route: String,
    allowed_origins: Option<Vec<String>>,
    permits: Arc<Semaphore>,
}

impl Endpoint {
    pub(crate) fn new(config: TriggerConfig, functions: Functions) -> Self {
        Self {
            meters: Meters::new(&config.component),
            component: config.component,
            topics: config.topics,
            functions,
            registry: Arc::default(),
            shutdown: CancellationToken::new(),
            connections: TaskTracker::new(),
            subscribers: Arc::default(),
            route: config.route,
            allowed_origins: config.allowed_origins,
            permits: Arc::new(Semaphore::new(config.limits.max_connections)),
            limits: config.limits,
        }
    }

    pub(crate) fn matches(&self, path: &str) -> bool {
        match self.route.strip_suffix("/...") {
            None => path == self.route,
            Some(prefix) => path
                .strip_prefix(prefix)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('/')),
        }
    }

    /// Answer an opening request; 101 starts the connection.
    pub(crate) async fn open(
        self: Arc<Self>,
        mut request: Request<Incoming>,
        remote: SocketAddr,
    ) -> Response<Full<Bytes>> {
        let answer = self.decide(&mut request, remote).await;
        let response = answer.unwrap_or_else(|refused| refused);
        self.meters.opened(response.status().as_u16());
        response
    }

    async fn decide(
        self: &Arc<Self>,
        request: &mut Request<Incoming>,
        remote: SocketAddr,
    ) -> Result<Response<Full<Bytes>>, Response<Full<Bytes>>> {
        let handshake = handshake::check(request, self.allowed_origins.as_deref())
            .map_err(Problem::into_response)?;
        let permit = self.permit()?;
        // Before the host tails the topics, the connection could miss a live record.
        let subscriber = self.followed().await?;
        let opening = opening(request, &handshake, remote);
        let (id, query) = (opening.connection_id.clone(), opening.query.clone());
        let acceptance = match self.functions.open(opening).await {
            Ok(Ok(acceptance)) => acceptance,
            Ok(Err(refusal)) => return Err(self.refuse(refusal)),
            Err(failure) => return Err(self.failed(&failure)),
        };
        let response = self.accept(&handshake, &acceptance)?;
        let upgrade = hyper::upgrade::on(request);
        let connection = self
            .clone()
            .connect(id, query, acceptance, (permit, subscriber), upgrade);
        self.connections.spawn(connection);
        Ok(response)
    }

    async fn followed(&self) -> Result<SubscriberGuard, Response<Full<Bytes>>> {
        let subscriber = self.subscribers.join();
        match timeout(self.limits.deadline(), subscriber.followed()).await {
            Ok(()) => Ok(subscriber),
            Err(_) => Err(unavailable(
                "the event log cannot be read; try again later",
                "5",
            )),
        }
    }

    fn permit(&self) -> Result<OwnedSemaphorePermit, Response<Full<Bytes>>> {
        let full = "as many connections as this host takes are open; try again later";
        let restarting = "this host is restarting; try again";
        let (detail, retry_after) = match self.shutdown.is_cancelled() {
            true => (restarting, "1"),
            false => match self.permits.clone().try_acquire_owned() {
                Ok(permit) => return Ok(permit),
                Err(_) => (full, "10"),
            },
        };
        Err(unavailable(detail, retry_after))
    }

    fn accept(
        &self,
        handshake: &Handshake,
        acceptance: &Acceptance,
    ) -> Result<Response<Full<Bytes>>, Response<Full<Bytes>>> {
        let mut response = Response::new(Full::default());
        *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
        let headers = response.headers_mut();
        headers.insert(header::CONNECTION, HeaderValue::from_static("upgrade"));
        headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
        if let Ok(accept) = HeaderValue::from_str(&handshake.accept) {
            headers.insert(header::SEC_WEBSOCKET_ACCEPT, accept);
        }
        if let Some(chosen) = &acceptance.subprotocol {
            if !handshake.subprotocols.contains(chosen) {
                return Err(self.broken("it chose a subprotocol the client did not offer"));
            }
            if let Ok(chosen) = HeaderValue::from_str(chosen) {
                headers.insert(header::SEC_WEBSOCKET_PROTOCOL, chosen);
            }
        }
        if acceptance.channels.len() > self.limits.max_channels {
            return Err(self.broken("it gave more channels than limits.max_channels"));
        }
        Ok(response)
    }

    async fn connect(
        self: Arc<Self>,
        id: String,
        query: Option<String>,
        acceptance: Acceptance,
        _held: (OwnedSemaphorePermit, SubscriberGuard),
        upgrade: hyper::upgrade::OnUpgrade,
    ) {
        let upgraded = match upgrade.await {
            Ok(upgraded) => upgraded,
            Err(error) => return tracing::debug!(connection = id, "not upgraded: {error}"),
        };
        let (send_queue, queue) = SendQueue::new(self.limits.queue_frames, self.limits.queue_bytes);
        let send_queue = Arc::new(send_queue);
        // Before `resume` reads what was missed, so that live records wait in the queue meanwhile.
        let _subscription = self.registry.subscribe(acceptance.channels, &send_queue);
        let connection = Connection {
            endpoint: self.clone(),
            since: since(query.as_deref()),
            id: id.clone(),
            context: acceptance.context,
            expires_at: acceptance.expires_at,
            send_queue,
            resumed: AtomicBool::new(false),
        };
        tracing::debug!(component = self.component, connection = id, "opened");
        self.meters.connections.increment(1);
        let close = connection.run(upgraded, queue).await;
        self.meters.connections.decrement(1);
        self.meters.closed(&close);
        tracing::debug!(
            component = self.component,
            connection = id,
            code = close.code,
            "closed: {}",
            close.reason
        );
    }

    /// The component's refusal without the headers that belong to the connection.
    fn refuse(&self, refusal: Refusal) -> Response<Full<Bytes>> {
        let status = StatusCode::from_u16(refusal.status).unwrap_or_default();
        if status.is_informational() || status.is_success() {
            return self.broken("it refused with a status that is no refusal");
        }
        let mut response = Response::new(Full::from(refusal.body));
        *response.status_mut() = status;
        for (name, value) in refusal.headers {
            let (Ok(name), Ok(value)) = (
                HeaderName::from_bytes(name.as_bytes()),
                HeaderValue::from_bytes(&value),
            ) else {
                return self.broken("it refused with a header that is none");
            };
            if !belongs_to_the_connection(&name) {
                response.headers_mut().append(name, value);
            }
        }
        response
    }

    fn failed(&self, failure: &Failure) -> Response<Full<Bytes>> {
        tracing::error!(component = self.component, "open failed: {failure}");
        let problem = match failure {
            Failure::Busy => return unavailable("too many openings wait; try again later", "5"),
            Failure::Outage(..) => {
                return unavailable(
                    "the component has no database for now; try again later",
                    "5",
                );
            }
            failure if failure.is_deadline() => Problem::new(
                StatusCode::GATEWAY_TIMEOUT,
                "the component did not decide in time; try again later",
            ),
            _ => Problem::new(
                StatusCode::INTERNAL_SERVER_ERROR,
                "the component failed; the host's log says why",
            ),
        };
        problem.into_response()
    }

    fn broken(&self, why: &'static str) -> Response<Full<Bytes>> {
        tracing::error!(component = self.component, "open answered wrongly: {why}");
        Problem::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "the component answered wrongly; the host's log says how",
        )
        .into_response()
    }
}

fn unavailable(detail: &'static str, retry_after: &'static str) -> Response<Full<Bytes>> {
    Problem::new(StatusCode::SERVICE_UNAVAILABLE, detail)
        .header(header::RETRY_AFTER, retry_after)
        .into_response()
}

fn opening(request: &Request<Incoming>, handshake: &Handshake, remote: SocketAddr) -> Opening {
    let headers = request.headers().iter();
    Opening {
        connection_id: Uuid::now_v7().to_string(),
        path: request.uri().path().to_owned(),
        query: request.uri().query().map(str::to_owned),
        headers: headers
            .map(|(name, value)| (name.as_str().to_owned(), value.as_bytes().to_vec()))
            .collect(),
        subprotocols: handshake.subprotocols.clone(),
        remote_address: remote.to_string(),
    }
}

/// The client's cursor; an empty one is none.
fn since(query: Option<&str>) -> Option<String> {
    url::form_urlencoded::parse(query?.as_bytes())
        .find(|(name, _)| name == "since")
        .map(|(_, value)| value.into_owned())
        .filter(|value| !value.is_empty())
}

/// RFC 9110 section 7.6.1, and the handshake itself.
fn belongs_to_the_connection(name: &HeaderName) -> bool {
    const OURS: [HeaderName; 6] = [
        header::CONNECTION,
        header::CONTENT_LENGTH,
        header::TE,
        header::TRAILER,
        header::TRANSFER_ENCODING,
        header::UPGRADE,
    ];
    OURS.contains(name)
        || name.as_str() == "keep-alive"
        || name.as_str().starts_with("sec-websocket-")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cursor_is_the_decoded_since_parameter() {
        assert_eq!(since(Some("a=1&since=x%20y")).as_deref(), Some("x y"));
        assert_eq!(since(Some("since=")), None);
        assert_eq!(since(Some("a=1")), None);
        assert_eq!(since(None), None);
    }
}
