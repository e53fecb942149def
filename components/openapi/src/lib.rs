//! `GET /openapi.json`: the contract of all components as an OpenAPI 3.1 document.

use std::sync::LazyLock;

use bytes::Bytes;
use contract::openapi::{Endpoint, ROUTES};
use http_api::{
    Admitted, Body, Problem, Query, Response, StatusCode, conditional, header, response,
    response::ResponseExt,
};
use sha2::{Digest, Sha256};

/// Made once for each instance. It is the same for everyone.
static DOCUMENT: LazyLock<Result<Document, String>> = LazyLock::new(Document::make);

struct Document {
    text: Bytes,
    etag: String,
}

http_api::service!(Endpoint, ROUTES, handle);

async fn handle(call: Admitted<Endpoint>, _body: impl Body) -> Result<Response, Problem> {
    Query::refuse_all(call.query())?;
    match call.endpoint {
        Endpoint::ReadDocument => read(&call),
    }
}

fn read(call: &Admitted<Endpoint>) -> Result<Response, Problem> {
    let document = DOCUMENT.as_ref();
    let document = document.map_err(|error| Problem::internal(anyhow::anyhow!("{error}")))?;
    let response = if conditional::client_has(call.headers(), &document.etag) {
        response::empty(StatusCode::NOT_MODIFIED)
    } else {
        response::json_text(StatusCode::OK, document.text.clone())
    };
    Ok(response
        .with_header(header::ETAG, &document.etag)
        .with_header(header::CACHE_CONTROL, "no-cache"))
}

impl Document {
    fn make() -> Result<Self, String> {
        let text = contract::document().to_json();
        let text = text.map_err(|error| error.to_string())?;
        let digest = Sha256::digest(&text);
        let etag: String = digest.iter().take(16).map(|b| format!("{b:02x}")).collect();
        Ok(Self {
            text: text.into(),
            etag: format!("\"{etag}\""),
        })
    }
}
