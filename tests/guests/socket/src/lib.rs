//! Opens a TCP connection to the address in its query, and answers with what came of it.

use std::net::TcpStream;

use spin_sdk::http::{IntoResponse, Request};
use spin_sdk::http_service;

#[http_service]
async fn socket(request: Request) -> impl IntoResponse {
    let address = request.uri().query().unwrap_or_default();
    match TcpStream::connect(address) {
        Ok(_) => "connected".to_owned(),
        Err(error) => format!("{:?}", error.kind()),
    }
}
