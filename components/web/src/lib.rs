//! Serves the web application's files, mounted at `/`. Any other address that could be a page is
//! answered with `index.html`, where the application routes it; an API address never is.

mod asset;
mod encoding;
mod media_type;
mod path;
mod policy;
mod respond;

use std::path::Path;

use http_api::{Context, Method, Parts, Problem, Request, Response};
use spin_sdk::http_service;

use crate::path::Target;
use crate::policy::Policy;

/// Where the manifest mounts the built files.
const ROOT: &str = "/";

#[http_service]
async fn handle(request: spin_sdk::http::Request) -> Response {
    let (parts, _body) = request.into_parts();
    let mut response = http_api::serve(Request::from_parts(parts, ()), route).await;
    let public_url = spin_sdk::variables::get("public_url").await;
    Policy::new(public_url.ok().as_deref()).apply(response.headers_mut());
    response
}

async fn route(request: Request<()>, _context: Context) -> Result<Response, Problem> {
    let (
        Parts {
            method,
            uri,
            headers,
            ..
        },
        (),
    ) = request.into_parts();
    if method != Method::GET && method != Method::HEAD {
        return Err(Problem::method_not_allowed("GET, HEAD"));
    }
    let root = Path::new(ROOT);
    let found = match path::target(uri.path()) {
        Target::File(name) => asset::load(root, &name)?,
        Target::Page(name) => match asset::load(root, &name)? {
            Some(file) => Some(file),
            None => asset::load(root, path::INDEX)?,
        },
        Target::None => None,
    };
    let asset = found.ok_or_else(|| Problem::not_found("page or file"))?;
    Ok(respond::with(&asset, &method, &headers))
}
