//! Sends a GET to the URL in its query, and answers with the status or the error.

use spin_sdk::http::{IntoResponse, Request};
use spin_sdk::http_service;

#[http_service]
async fn fetch(request: Request) -> impl IntoResponse {
    let url = request.uri().query().unwrap_or_default();
    match spin_sdk::http::get(url).await {
        Ok(response) => response.status().to_string(),
        Err(error) => format!("{error:?}"),
    }
}
