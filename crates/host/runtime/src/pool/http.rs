//! `wasi:http` as an export: requests in, responses out, for components of WASI 0.3 and 0.2.

use std::pin::Pin;
use std::task::{Context, Poll};

use futures::TryFutureExt as _;
use futures::channel::oneshot;
use futures::future::Either;
use wasmtime::component::{Accessor, Instance};
use wasmtime::{AsContextMut as _, Store};
use wasmtime_wasi_http::handler::{Prepared, Proxy};
use wasmtime_wasi_http::p3::bindings::http::types::ErrorCode;
use wasmtime_wasi_http::{Error, FieldMap, WasiHttpView as _, p2, p3};

use super::{Body, Export, ResponseBody};
use crate::{Component, State};

/// The HTTP handler a component exports.
pub enum HttpHandler {
    /// `wasi:http/handler@0.3`
    Service(p3::bindings::Service),
    /// `wasi:http/incoming-handler@0.2`
    Proxy(Proxy),
}

impl Export for HttpHandler {
    type Request = http::Request<Body>;
    /// The error is one the guest returned.
    type Response = Result<http::Response<ResponseBody>, ErrorCode>;

    fn check(component: &Component) -> wasmtime::Result<()> {
        let pre = component.pre();
        let is_service = p3::bindings::ServicePre::new(pre.clone()).is_ok();
        if is_service || p2::bindings::ProxyPre::new(pre.clone()).is_ok() {
            return Ok(());
        }
        wasmtime::bail!(
            "it exports neither wasi:http/handler@0.3.0 nor wasi:http/incoming-handler@0.2.x"
        )
    }

    fn load(store: &mut Store<State>, instance: &Instance) -> wasmtime::Result<Self> {
        match p3::bindings::Service::new(&mut *store, instance) {
            Ok(service) => Ok(Self::Service(service)),
            Err(_) => {
                let proxy = p2::bindings::Proxy::new(store, instance)?;
                Ok(Self::Proxy(Proxy::P2(proxy)))
            }
        }
    }

    fn call<'a>(
        &'a self,
        accessor: &'a Accessor<State>,
        request: Self::Request,
    ) -> Pin<Box<dyn Future<Output = wasmtime::Result<Self::Response>> + Send + 'a>> {
        match self {
            Self::Service(service) => Box::pin(handle(service, accessor, request)),
            Self::Proxy(proxy) => Box::pin(handle_p2(proxy, accessor, request)),
        }
    }

    fn poll_settled(response: &mut Self::Response, cx: &mut Context<'_>) -> Poll<()> {
        match response {
            Ok(response) => response.body_mut().poll_settled(cx),
            Err(_) => Poll::Ready(()),
        }
    }
}

async fn handle(
    service: &p3::bindings::Service,
    accessor: &Accessor<State>,
    request: http::Request<Body>,
) -> wasmtime::Result<Result<http::Response<ResponseBody>, ErrorCode>> {
    let handler = service.wasi_http_handler();
    let (head, body) = request.into_parts();
    let mut uri = head.uri.into_parts();
    let request = accessor.with(|mut access| {
        let view = access.get().http();
        // What the guest says of the request's body is of no use to anyone.
        let (request, _) = p3::Request::new(
            head.method,
            uri.scheme.take(),
            uri.authority.take(),
            uri.path_and_query.take(),
            FieldMap::new_immutable(view.hooks, head.headers),
            None,
            body,
        );
        wasmtime::error::Ok(view.table.push(request)?)
    })?;
    let response = match handler.call_handle(accessor, request).await? {
        Ok(response) => response,
        Err(error) => return Ok(Err(error)),
    };
    // What the guest learns of its response: a guest that streams stops when its client is gone.
    let (taken, outcome) = oneshot::channel();
    let outcome = outcome.map_err(|_| Error::ConnectionTerminated);
    accessor.with(|mut access| {
        let response = access.get().table.delete(response)?;
        let response = response.into_http(access, outcome)?;
        Ok(Ok(
            response.map(|body| ResponseBody::new(body).telling(taken))
        ))
    })
}

async fn handle_p2(
    proxy: &Proxy,
    accessor: &Accessor<State>,
    request: http::Request<Body>,
) -> wasmtime::Result<Result<http::Response<ResponseBody>, ErrorCode>> {
    let (reply, response) = oneshot::channel();
    let prepared = accessor.with(|mut access| {
        Prepared::new(access.as_context_mut(), proxy, request, State::http, reply)
    })?;
    let run = std::pin::pin!(prepared.run(accessor, std::future::pending()));
    // The response comes before the call returns: its body is written in between. The guest
    // goes on when `run` is dropped.
    let response = match futures::future::select(run, response).await {
        Either::Left((ran, response)) => {
            ran?;
            response.await
        }
        Either::Right((response, _)) => response,
    };
    Ok(match response {
        Ok(Ok(response)) => Ok(response.map(ResponseBody::new)),
        Ok(Err(error)) => Err(ErrorCode::InternalError(Some(error.to_string()))),
        Err(_) => Err(ErrorCode::InternalError(None)),
    })
}
