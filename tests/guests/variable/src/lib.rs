//! Reads the variable that its query names.

use spin_sdk::http::{IntoResponse, Request};
use spin_sdk::http_service;

#[http_service]
async fn variable(request: Request) -> impl IntoResponse {
    let name = request.uri().query().unwrap_or_default();
    match spin_sdk::variables::get(name).await {
        Ok(value) => value,
        Err(error) => format!("{error:?}"),
    }
}
