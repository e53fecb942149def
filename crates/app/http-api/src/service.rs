//! A component's `wasi:http/handler` export. It does what `#[spin_sdk::http_service]` does, with half
//! the calls of the host: each costs more than what is done with its answer.

use std::future;
use std::pin::{Pin, pin};
use std::task::{Context as Task, Poll};

use bytes::Bytes;
use futures::{
    StreamExt as _,
    future::{Either, select},
    stream::Stream,
};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Uri};
use http_body::{Body, Frame};
use spin_sdk::wasip3::{
    http::types::{self, ErrorCode, Fields},
    http_compat::IncomingRequestBody,
    wit_bindgen::{self, FutureReader, StreamWriter},
    wit_future, wit_stream,
};

use crate::response::{Response, ResponseBody};

/// Exports a component's HTTP service: its endpoints, the routes that lead to them, and its handler,
/// `async fn(Admitted<Endpoint>, impl Body) -> Result<Response, Problem>`. With `finish`, an
/// `async fn(Response) -> Response` has the last word on every response.
#[macro_export]
macro_rules! service {
    ($endpoint:ty, $routes:expr, $handler:ident $(, finish $finish:ident)?) => {
        mod exported_http_service {
            use super::*;
            use std::sync::LazyLock;
            use $crate::{
                routes::{AmbiguousRoute, Router},
                spin_sdk::wasip3,
            };

            static ROUTER: LazyLock<Result<Router<$endpoint>, AmbiguousRoute>> =
                LazyLock::new(|| Router::new(&$routes));

            type Callers = $crate::Callers<{ $crate::routes::ask_for_callers(&$routes) }>;

            struct Service;

            wasip3::http::service::export!(Service);

            impl wasip3::exports::http::handler::Guest for Service {
                async fn handle(
                    request: wasip3::http::types::Request,
                ) -> Result<wasip3::http::types::Response, wasip3::http::types::ErrorCode> {
                    let request = $crate::service::read_head(request)?;
                    let response =
                        $crate::serve::<Callers, _, _, _, _>(&ROUTER, request, $handler).await;
                    $(let response = $finish(response).await;)?
                    $crate::service::give(response)
                }
            }
        }
    };
}

/// A request of the host. Scheme and authority are left out: the API's paths are all it goes by.
#[doc(hidden)]
pub fn read_head(request: types::Request) -> Result<Request<RequestBody>, ErrorCode> {
    let path = request.get_path_with_query().unwrap_or_else(|| "/".into());
    let (mut parts, ()) = Request::new(()).into_parts();
    parts.uri =
        Uri::from_maybe_shared(Bytes::from(path)).map_err(|_| ErrorCode::HttpRequestUriInvalid)?;
    parts.method =
        Method::try_from(request.get_method()).map_err(|_| ErrorCode::HttpRequestMethodInvalid)?;
    parts.headers = read_headers(&request)?;
    Ok(Request::from_parts(
        parts,
        RequestBody::Unread(Some(request)),
    ))
}

fn read_headers(request: &types::Request) -> Result<HeaderMap, ErrorCode> {
    let given = request.get_headers().copy_all();
    let mut headers = HeaderMap::with_capacity(given.len());
    for (name, value) in given {
        // What the host says of the route is of no use here, but for the client's address.
        if name.starts_with("spin-") && name != crate::context::CLIENT_ADDRESS {
            continue;
        }
        let name = HeaderName::from_bytes(name.as_bytes()).map_err(unreadable)?;
        let value = HeaderValue::from_maybe_shared(Bytes::from(value)).map_err(unreadable)?;
        headers.append(name, value);
    }
    Ok(headers)
}

/// Hands a response to the host.
#[doc(hidden)]
pub fn give(response: Response) -> Result<types::Response, ErrorCode> {
    let (parts, body) = response.into_parts();
    let fields: Vec<(String, Vec<u8>)> = parts
        .headers
        .iter()
        .map(|(name, value)| (name.as_str().to_owned(), value.as_bytes().to_owned()))
        .collect();
    let fields = Fields::from_list(&fields).map_err(unreadable)?;
    let is_empty = matches!(&body, ResponseBody::Full(all) if all.is_empty());
    let (end, ended) = wit_future::new(|| Ok(None));
    let (writer, reader) = match is_empty {
        true => (None, None),
        false => {
            let (writer, reader) = wit_stream::new();
            (Some(writer), Some(reader))
        }
    };
    let (given, outcome) = types::Response::new(fields, reader, ended);
    if parts.status != http::StatusCode::OK {
        given
            .set_status_code(parts.status.as_u16())
            .map_err(|()| ErrorCode::InternalError(Some("not an HTTP status".into())))?;
    }
    wit_bindgen::spawn(async move {
        match (body, writer) {
            (ResponseBody::Full(all), Some(mut writer)) => {
                drop(outcome);
                // What is left was not wanted: the client is gone.
                let _ = writer.write_all(all.into()).await;
            }
            (ResponseBody::Stream(pieces), Some(writer)) => {
                send(pieces, writer, failed(outcome)).await;
            }
            (_, None) => {}
        }
        let _ = end.write(Ok(None)).await;
    });
    Ok(given)
}

/// Sends pieces as they come, until there are no more or nobody wants them.
async fn send(
    mut pieces: impl Stream<Item = Bytes> + Unpin,
    mut writer: StreamWriter<u8>,
    failed: impl Future<Output = ()>,
) {
    let mut failed = pin!(failed);
    while let Either::Left((Some(piece), _)) = select(pieces.next(), failed.as_mut()).await {
        if !writer.write_all(piece.into()).await.is_empty() {
            return;
        }
    }
}

/// Ends when the host says that the response can no longer be sent. A host that does not say it, as the
/// real Spin, leaves it to the next piece to find that out.
async fn failed(outcome: FutureReader<Result<(), ErrorCode>>) {
    if outcome.await.is_ok() {
        future::pending().await
    }
}

fn unreadable(error: impl std::fmt::Display) -> ErrorCode {
    ErrorCode::InternalError(Some(error.to_string()))
}

/// The body of a request. The host is asked for it when it is read.
pub enum RequestBody {
    #[doc(hidden)]
    Unread(Option<types::Request>),
    #[doc(hidden)]
    Read(Box<IncomingRequestBody>),
}

impl Body for RequestBody {
    type Data = Bytes;
    type Error = ErrorCode;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Task<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, ErrorCode>>> {
        if let Self::Unread(request) = &mut *self {
            let Some(request) = request.take() else {
                return Poll::Ready(None);
            };
            *self = Self::Read(Box::new(IncomingRequestBody::new(request)?));
        }
        match &mut *self {
            Self::Read(body) => Pin::new(body.as_mut()).poll_frame(cx),
            Self::Unread(_) => Poll::Ready(None),
        }
    }
}
