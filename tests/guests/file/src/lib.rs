//! GET reads the file at its path, PUT tries to write it.

use std::fs;

use spin_sdk::http::{IntoResponse, Request};
use spin_sdk::http_service;

#[http_service]
async fn file(request: Request) -> impl IntoResponse {
    let path = request.uri().path();
    let outcome = if request.method() == "PUT" {
        fs::write(path, "overwritten").map(|()| "written".to_owned())
    } else {
        fs::read_to_string(path)
    };
    outcome.unwrap_or_else(|error| format!("{:?}", error.kind()))
}
