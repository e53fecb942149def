//! Traps at `.../trap`, and is well everywhere else.

use spin_sdk::http::{IntoResponse, Request};
use spin_sdk::http_service;

#[http_service]
async fn trap(request: Request) -> impl IntoResponse {
    if request.uri().path().ends_with("/trap") {
        panic!("told to trap");
    }
    "well"
}
