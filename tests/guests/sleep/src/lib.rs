//! Answers after as many milliseconds as its query says.

use std::time::Duration;

use spin_sdk::http::{IntoResponse, Request};
use spin_sdk::http_service;

#[http_service]
async fn sleep(request: Request) -> impl IntoResponse {
    let ms = request.uri().query().and_then(|ms| ms.parse().ok());
    spin_sdk::time::sleep(Duration::from_millis(ms.unwrap_or_default())).await;
    "slept"
}
