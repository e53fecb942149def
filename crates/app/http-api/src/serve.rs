//! The frame around every endpoint: context in, problem documents out, causes into the log.

use http::Request;

use crate::{context::Context, problem::Problem, response::Response};

/// Runs a component's handler; a problem becomes its document, and a cause behind it one log line.
pub async fn serve<B, F, Fut>(request: Request<B>, handler: F) -> Response
where
    F: FnOnce(Request<B>, Context) -> Fut,
    Fut: Future<Output = Result<Response, Problem>>,
{
    let context = Context::from_headers(request.headers());
    let request_id = context.request_id.clone();
    let (method, uri) = (request.method().clone(), request.uri().clone());
    match handler(request, context).await {
        Ok(response) => response,
        Err(problem) => {
            if let Some(cause) = problem.cause() {
                let path = uri.path();
                eprintln!("{method} {path} request_id={request_id}: {cause:#}");
            }
            problem.into_response()
        }
    }
}
