//! Computes forever at `.../spin`, and is well everywhere else.

use spin_sdk::http::{IntoResponse, Request};
use spin_sdk::http_service;

#[http_service]
async fn spin(request: Request) -> impl IntoResponse {
    if request.uri().path().ends_with("/spin") {
        #[expect(clippy::empty_loop, reason = "the host must end it")]
        loop {}
    }
    "well"
}
