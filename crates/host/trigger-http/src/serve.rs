//! One request: route, ids, limits, the component, and an honest answer whatever happens.

use std::sync::Arc;

use bytes::Bytes;
use host_runtime::{CallError, HttpHandler, Pool};
use http::{HeaderValue, Method, Request, Response};
use http_listener::{Handler, OpenRequest};
use hyper::body::Incoming;

use crate::access::{Access, Meter};
use crate::body::ResponseBody;
use crate::headers::{self, RouteHeaders};
use crate::ids;
use crate::problem::Problem;
use crate::request_body::{self, Bounds};
use crate::routes::{Router, WELL_KNOWN};
use crate::upgrade::Upgrade;

/// Everything needed to answer requests.
pub(crate) struct Server {
    pub(crate) router: Router<Target>,
    pub(crate) upgrades: Vec<Arc<dyn Upgrade>>,
    /// Measures what no component answers.
    pub(crate) unrouted: Arc<Meter>,
    pub(crate) bodies: Bounds,
    pub(crate) app_info: Bytes,
}

/// What answers a route.
pub(crate) enum Target {
    Component(Endpoint),
    Static(Response<Bytes>),
}

pub(crate) struct Endpoint {
    pub(crate) pool: Pool<HttpHandler>,
    pub(crate) headers: RouteHeaders,
    pub(crate) meter: Arc<Meter>,
}

impl Handler for Server {
    type Body = ResponseBody;

    async fn handle(
        &self,
        mut request: Request<Incoming>,
        open: &OpenRequest,
    ) -> Response<ResponseBody> {
        let request_id = ids::ensure_request_id(request.headers_mut());
        let traceparent = ids::ensure_traceparent(request.headers_mut());
        let access = |meter: &Arc<Meter>, method: &Method| {
            Access::begin(meter, method.clone(), request_id.clone(), traceparent)
        };
        let mut response = self.answer(request, open, access).await;
        response.headers_mut().insert(ids::REQUEST_ID, request_id);
        response
    }
}

impl Server {
    async fn answer(
        &self,
        mut request: Request<Incoming>,
        open: &OpenRequest,
        access: impl FnOnce(&Arc<Meter>, &Method) -> Access,
    ) -> Response<ResponseBody> {
        let path = request.uri().path();
        if let Some(name) = path.strip_prefix(WELL_KNOWN) {
            return self.well_known(name);
        }
        if let Some(upgrade) = self.upgrades.iter().find(|upgrade| upgrade.matches(path)) {
            let mut access = access(&self.unrouted, request.method());
            let response = upgrade.handle(request, open.client()).await;
            access.set_status(response.status());
            return response.map(|body| ResponseBody::full(into_bytes(body)));
        }
        let refuse = |problem: Problem, mut access: Access| {
            let response = problem.response();
            access.set_status(response.status());
            response
        };
        if headers::set_authority(&mut request).is_none() {
            return refuse(Problem::NoHost, access(&self.unrouted, request.method()));
        }
        let uri = request.uri().clone();
        let Some(found) = self.router.find(uri.path()) else {
            return refuse(Problem::NotFound, access(&self.unrouted, request.method()));
        };
        let endpoint = match found.target {
            Target::Component(endpoint) => endpoint,
            Target::Static(response) => {
                let mut access = access(&self.unrouted, request.method());
                access.set_status(response.status());
                return response.clone().map(ResponseBody::full);
            }
        };
        let route = &endpoint.headers;
        let client = open.client();
        headers::set_spin_headers(request.headers_mut(), &uri, route, &found, client);
        let access = access(&endpoint.meter, request.method());
        self.call(endpoint, request, open, access).await
    }

    async fn call(
        &self,
        endpoint: &Endpoint,
        request: Request<Incoming>,
        open: &OpenRequest,
        mut access: Access,
    ) -> Response<ResponseBody> {
        let (head, incoming) = request.into_parts();
        let outcome = match request_body::receive(incoming, &self.bodies, open).await {
            Err(problem) => Err(problem),
            Ok(received) => {
                let request = Request::from_parts(head, received.body);
                let called = endpoint.pool.call(request).await;
                match received.verdict.and_then(|verdict| verdict.problem()) {
                    Some(problem) => Err(problem),
                    None => called.map_err(|error| problem_of(&error)),
                }
            }
        };
        let problem = match outcome {
            Ok((Ok(response), slot)) => {
                access.set_status(response.status());
                return response.map(|body| ResponseBody::guest(body, slot, access));
            }
            Ok((Err(error), _)) => {
                let component = endpoint.pool.component().id();
                tracing::error!(
                    component,
                    "the guest gave an error for a response: {error:?}"
                );
                Problem::Failed
            }
            Err(problem) => problem,
        };
        let response = problem.response();
        access.set_status(response.status());
        response
    }

    fn well_known(&self, name: &str) -> Response<ResponseBody> {
        match name {
            "health" => Response::new(ResponseBody::full(Bytes::from_static(b"OK"))),
            "info" => {
                let mut response = Response::new(ResponseBody::full(self.app_info.clone()));
                response.headers_mut().insert(
                    http::header::CONTENT_TYPE,
                    HeaderValue::from_static("application/json"),
                );
                response
            }
            _ => Problem::NotFound.response(),
        }
    }
}

fn problem_of(error: &CallError) -> Problem {
    match error {
        CallError::Trap(_) => Problem::Failed,
        CallError::Deadline(_) => Problem::Deadline,
        CallError::Instantiate(_) | CallError::Busy => Problem::Busy,
    }
}

/// The one chunk of a body that has just one.
fn into_bytes(body: http_body_util::Full<Bytes>) -> Bytes {
    use futures::FutureExt as _;
    use http_body_util::BodyExt as _;
    match body.collect().now_or_never() {
        Some(Ok(collected)) => collected.to_bytes(),
        _ => Bytes::new(),
    }
}
