//! Handles records by doing nothing: as batches of the Kafka trigger, and as POSTs of one record,
//! which is what a sidecar sends.

use spin_kafka::{Message, Outcome};
use spin_sdk::http::body::IncomingBodyExt as _;
use spin_sdk::http::{IntoResponse, Request};
use spin_sdk::http_service;

spin_kafka::handler!(handle);

async fn handle(batch: Vec<Message>) -> anyhow::Result<Vec<Outcome>> {
    Ok(vec![Outcome::Done; batch.len()])
}

#[http_service]
async fn deliver(request: Request) -> anyhow::Result<impl IntoResponse> {
    let _value = request.into_body().bytes().await?;
    Ok(String::new())
}
