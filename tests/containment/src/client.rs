//! A client that shows what came back, also where a response broke off.

use std::net::SocketAddr;

use bytes::Bytes;
use http::{HeaderMap, Request, StatusCode};
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt as _, Empty, Full, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;

type Body = BoxBody<Bytes, std::convert::Infallible>;

/// Asks one host.
#[derive(Clone)]
pub struct Client {
    address: SocketAddr,
    inner: hyper_util::client::legacy::Client<HttpConnector, Body>,
}

/// What came back.
#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: String,
    /// Whether the body came to its end.
    pub complete: bool,
}

impl Answer {
    /// A header, or nothing.
    pub fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
    }
}

impl Client {
    pub fn new(address: SocketAddr) -> Self {
        Self {
            address,
            inner: hyper_util::client::legacy::Client::builder(TokioExecutor::new()).build_http(),
        }
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.send(Request::get(path).body(empty())).await
    }

    pub async fn put(&self, path: &str) -> Answer {
        self.send(Request::put(path).body(empty())).await
    }

    pub async fn get_with(&self, path: &str, headers: &[(&str, &str)]) -> Answer {
        let mut request = Request::get(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        self.send(request.body(empty())).await
    }

    /// POST a body whose length is declared.
    pub async fn post(&self, path: &str, body: impl Into<Bytes>) -> Answer {
        let body = Full::new(body.into()).boxed();
        self.send(Request::post(path).body(body)).await
    }

    /// POST chunks without a declared length.
    pub async fn post_chunks(&self, path: &str, chunks: Vec<Bytes>) -> Answer {
        let frames = chunks.into_iter().map(|chunk| Ok(Frame::data(chunk)));
        let body = StreamBody::new(futures::stream::iter(frames)).boxed();
        self.send(Request::post(path).body(body)).await
    }

    /// The head of a response, its body still to come.
    pub async fn open(&self, path: &str) -> http::Response<Incoming> {
        match self.request(Request::get(path).body(empty())).await {
            Ok(response) => response,
            Err(error) => panic!("no response from {path}: {error}"),
        }
    }

    async fn send(&self, request: http::Result<Request<Body>>) -> Answer {
        let response = match self.request(request).await {
            Ok(response) => response,
            Err(error) => panic!("no response: {error}"),
        };
        let (head, mut incoming) = response.into_parts();
        let mut body = Vec::new();
        let mut complete = true;
        while let Some(frame) = incoming.frame().await {
            match frame.map(Frame::into_data) {
                Ok(Ok(data)) => body.extend_from_slice(&data),
                Ok(Err(_)) => {}
                Err(_) => {
                    complete = false;
                    break;
                }
            }
        }
        Answer {
            status: head.status,
            headers: head.headers,
            body: String::from_utf8_lossy(&body).into_owned(),
            complete,
        }
    }

    async fn request(
        &self,
        request: http::Result<Request<Body>>,
    ) -> anyhow::Result<http::Response<Incoming>> {
        let mut request = request?;
        *request.uri_mut() = format!("http://{}{}", self.address, request.uri()).parse()?;
        Ok(self.inner.request(request).await?)
    }
}

fn empty() -> Body {
    Empty::new().boxed()
}
