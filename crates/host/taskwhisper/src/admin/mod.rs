//! The operators' listener: liveness, readiness, metrics. Never reachable through the
//! application's own listener.

mod health;
mod metrics;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use bytes::Bytes;
use http::{Method, Request, Response, StatusCode, header};
use http_body_util::Full;
use http_listener::{Handler, Listener, OpenRequest};
use hyper::body::Incoming;
use tokio_util::sync::CancellationToken;

pub use health::{Health, Phase};
pub use metrics::Metrics;

/// The bound listener.
pub struct Admin {
    listener: Listener,
    answers: Answers,
}

struct Answers {
    health: Arc<Health>,
    metrics: Metrics,
}

impl Admin {
    /// Bind the address; port 0 takes a free one.
    pub async fn bind(
        address: SocketAddr,
        health: Arc<Health>,
        metrics: Metrics,
    ) -> anyhow::Result<Self> {
        let options = http_listener::Options {
            max_connections: 64,
            head_timeout: Duration::from_secs(5),
            drain_timeout: Duration::from_secs(1),
            ..Default::default()
        };
        let listener = Listener::bind("admin", address, options).await;
        let listener = listener.with_context(|| {
            format!("cannot listen on {address} (--admin-listen): is it taken?")
        })?;
        Ok(Self {
            listener,
            answers: Answers { health, metrics },
        })
    }

    pub fn local_addr(&self) -> std::io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// Answer until `stop`; it goes on through a drain, so that the drain can be watched.
    pub async fn run(self, stop: CancellationToken) {
        if let Err(error) = self.listener.serve(self.answers, stop).await {
            tracing::warn!(%error, "the admin listener did not end well");
        }
    }
}

impl Handler for Answers {
    type Body = Full<Bytes>;

    async fn handle(
        &self,
        request: Request<Incoming>,
        _open: &OpenRequest,
    ) -> Response<Full<Bytes>> {
        let (head, _) = request.into_parts();
        answer(&head, &self.health, &self.metrics).await
    }
}

async fn answer(
    request: &http::request::Parts,
    health: &Health,
    metrics: &Metrics,
) -> Response<Full<Bytes>> {
    if !matches!(request.method, Method::GET | Method::HEAD) {
        let mut response = text(StatusCode::METHOD_NOT_ALLOWED, "only GET and HEAD\n".into());
        let allow = http::HeaderValue::from_static("GET, HEAD");
        response.headers_mut().insert(header::ALLOW, allow);
        return response;
    }
    match request.uri.path() {
        "/livez" => text(StatusCode::OK, "alive\n".into()),
        "/readyz" => {
            let report = health.report().await;
            let status = if report.is_ready() {
                StatusCode::OK
            } else {
                StatusCode::SERVICE_UNAVAILABLE
            };
            body(status, "application/json", report.to_json())
        }
        "/metrics" => body(
            StatusCode::OK,
            "text/plain; version=0.0.4; charset=utf-8",
            metrics.render(),
        ),
        _ => text(
            StatusCode::NOT_FOUND,
            "here are /livez, /readyz and /metrics\n".into(),
        ),
    }
}

fn text(status: StatusCode, text: String) -> Response<Full<Bytes>> {
    body(status, "text/plain; charset=utf-8", text)
}

fn body(status: StatusCode, kind: &'static str, text: String) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::from(text));
    *response.status_mut() = status;
    let kind = http::HeaderValue::from_static(kind);
    response.headers_mut().insert(header::CONTENT_TYPE, kind);
    response
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpStream;

    use super::*;

    async fn get(address: SocketAddr, path: &str) -> String {
        let mut stream = TcpStream::connect(address).await.unwrap();
        let request = format!("GET {path} HTTP/1.1\r\nhost: admin\r\nconnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        answer
    }

    #[tokio::test]
    async fn silent_connections_keep_no_probe_out_and_exhaustion_ends_readiness_alone() {
        let health = Arc::new(Health::new());
        health.enter(Phase::Serving);
        let metrics = Metrics::start().unwrap();
        let any_port = SocketAddr::from(([127, 0, 0, 1], 0));
        let admin = Admin::bind(any_port, health.clone(), metrics.clone())
            .await
            .unwrap();
        let address = admin.local_addr().unwrap();
        let stop = CancellationToken::new();
        let watch = admin.listener.watch();
        metrics.observe_with(move || watch.observe());
        let running = tokio::spawn(admin.run(stop.clone()));

        let mut silent = Vec::new();
        for _ in 0..100 {
            silent.push(TcpStream::connect(address).await.unwrap());
        }
        assert!(get(address, "/readyz").await.starts_with("HTTP/1.1 200"));
        let page = get(address, "/metrics").await;
        let gauge = r#"http_server_connections{listener="admin",state="new"}"#;
        assert!(page.contains(gauge), "{page}");

        health.watch_load(|| Some("no room".to_owned()));
        let answer = get(address, "/readyz").await;
        assert!(
            answer.starts_with("HTTP/1.1 503") && answer.contains("no room"),
            "{answer}"
        );
        assert!(get(address, "/livez").await.starts_with("HTTP/1.1 200"));
        stop.cancel();
        running.await.unwrap();
    }
}
