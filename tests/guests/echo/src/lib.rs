//! Answers with the request's headers, a line each, and its body.

use spin_sdk::http::body::IncomingBodyExt as _;
use spin_sdk::http::{IntoResponse, Request};
use spin_sdk::http_service;

#[http_service]
async fn echo(request: Request) -> impl IntoResponse {
    let (head, body) = request.into_parts();
    let mut echo = format!("{} {}\n", head.method, head.uri);
    for (name, value) in &head.headers {
        echo.push_str(&format!(
            "{name}: {}\n",
            String::from_utf8_lossy(value.as_bytes())
        ));
    }
    match body.bytes().await {
        Ok(body) => echo.push_str(&format!("\n{}", String::from_utf8_lossy(&body))),
        Err(error) => echo.push_str(&format!("\n{error:?}")),
    }
    echo
}
