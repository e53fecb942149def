//! Streams five chunks, one every 20 ms. At `.../break` it traps after the third, at `.../held` it goes on until
//! nobody reads any more, and at `.../large` they are more than the connection holds.

use std::time::Duration;

use bytes::Bytes;
use futures::SinkExt as _;
use spin_sdk::http::{IntoResponse, Request, Response, body};
use spin_sdk::http_service;

#[http_service]
async fn stream(request: Request) -> impl IntoResponse {
    let at = |end: &str| request.uri().path().ends_with(end);
    let (breaks, large) = (at("/break"), at("/large"));
    let last = if at("/held") { u32::MAX } else { 5 };
    let (mut chunks, body) = body::stream::<Bytes>();
    spin_sdk::wasip3::spawn(async move {
        for number in 1..=last {
            spin_sdk::time::sleep(Duration::from_millis(20)).await;
            assert!(!breaks || number <= 3, "told to break");
            let chunk = match large {
                true => vec![b' '; 8 << 20].into(),
                false => format!("{number}\n").into(),
            };
            if chunks.send(chunk).await.is_err() {
                break;
            }
        }
    });
    Response::new(body)
}
