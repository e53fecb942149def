//! Counts the requests that its instance got.

use std::sync::atomic::{AtomicU32, Ordering};

use spin_sdk::http::{IntoResponse, Request};
use spin_sdk::http_service;

static COUNT: AtomicU32 = AtomicU32::new(0);

#[http_service]
async fn count(_request: Request) -> impl IntoResponse {
    (COUNT.fetch_add(1, Ordering::Relaxed) + 1).to_string()
}
