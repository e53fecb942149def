//! Allocates without end at `.../allocate`, and is well everywhere else.

use spin_sdk::http::{IntoResponse, Request};
use spin_sdk::http_service;

#[http_service]
async fn allocate(request: Request) -> impl IntoResponse {
    if request.uri().path().ends_with("/allocate") {
        let mut hoard: Vec<Vec<u8>> = Vec::new();
        loop {
            hoard.push(vec![1; 1 << 20]);
        }
    }
    "well"
}
