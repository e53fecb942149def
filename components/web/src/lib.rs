//! Serves the files of the web application and of `/docs`, mounted at `/`. A folder's page is its
//! `index.html`. Any other address that could be a page gets the application's, which routes it; an API
//! address never does.

mod asset;
mod encoding;
mod media_type;
mod path;
mod policy;
mod respond;

use std::io;
use std::path::Path;
use std::rc::Rc;

use contract::web::{Endpoint, ROUTES};
use http_api::{Admitted, Body, Problem, Response};

use crate::asset::Asset;
use crate::path::Target;
use crate::policy::Policy;

/// Where the manifest mounts the built files.
const ROOT: &str = "/";

http_api::service!(Endpoint, ROUTES, handle, finish secure);

async fn handle(call: Admitted<Endpoint>, _body: impl Body) -> Result<Response, Problem> {
    match call.endpoint {
        Endpoint::ReadPage => read(&call),
    }
}

fn read(call: &Admitted<Endpoint>) -> Result<Response, Problem> {
    let found = match path::target(call.parts.uri.path()) {
        Target::File(name) => load(&[&name])?,
        Target::Page(name) => load(&[&name, &format!("{name}/{}", path::INDEX), path::INDEX])?,
        Target::None => None,
    };
    let asset = found.ok_or_else(|| Problem::not_found("page or file"))?;
    Ok(respond::with(&asset, &call.parts.method, call.headers()))
}

/// The first of these that is a file.
fn load(names: &[&str]) -> io::Result<Option<Rc<Asset>>> {
    for name in names {
        if let Some(asset) = asset::load(Path::new(ROOT), name)? {
            return Ok(Some(asset));
        }
    }
    Ok(None)
}

/// Problems have the security headers, too.
async fn secure(mut response: Response) -> Response {
    let public_url = spin_sdk::variables::get("public_url").await;
    Policy::new(public_url.ok().as_deref()).apply(response.headers_mut());
    response
}
