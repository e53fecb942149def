//! The frame around every endpoint: context and caller in, problem documents out, causes into the log.

use http::Request;

use crate::{
    admit::{Admitted, Authenticate, admit},
    context::Context,
    problem::Problem,
    response::Response,
    routes::{AmbiguousRoute, Router},
};

/// Runs a component's handler on a request that the declared routes let in. A problem becomes its
/// document, and a cause behind it one log line.
pub async fn serve<A, E, B, F, Fut>(
    router: &'static Result<Router<E>, AmbiguousRoute>,
    request: Request<B>,
    handler: F,
) -> Response
where
    A: Authenticate,
    E: Copy,
    F: FnOnce(Admitted<E>, B) -> Fut,
    Fut: Future<Output = Result<Response, Problem>>,
{
    let context = Context::from_headers(request.headers());
    let request_id = context.request_id.clone();
    let (method, uri) = (request.method().clone(), request.uri().clone());
    let answered = match admit::<A, _, _>(router, request, context).await {
        Ok((admitted, body)) => handler(admitted, body).await,
        Err(problem) => Err(problem),
    };
    answered.unwrap_or_else(|problem| {
        if let Some(cause) = problem.cause() {
            let path = uri.path();
            eprintln!("{method} {path} request_id={request_id}: {cause:#}");
        }
        problem.into_response()
    })
}
