//! Streams a chunk every 20 ms. At `.../break` it traps after the third.

use std::time::Duration;

use bytes::Bytes;
use futures::SinkExt as _;
use spin_sdk::http::{IntoResponse, Request, Response, body};
use spin_sdk::http_service;

#[http_service]
async fn stream(request: Request) -> impl IntoResponse {
    let breaks = request.uri().path().ends_with("/break");
    let (mut chunks, body) = body::stream::<Bytes>();
    spin_sdk::wasip3::spawn(async move {
        for number in 1..=5 {
            spin_sdk::time::sleep(Duration::from_millis(20)).await;
            assert!(!breaks || number <= 3, "told to break");
            if chunks.send(format!("{number}\n").into()).await.is_err() {
                break;
            }
        }
    });
    Response::new(body)
}
