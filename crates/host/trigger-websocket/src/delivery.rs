//! From the event log to the connections: records with a subscriber become frames, once for all
//! subscribers. No record is dropped silently: a connection that may have missed one is closed, and
//! its client reconnects and resumes.

use std::sync::Arc;
use std::time::Duration;

use records::Record;

use crate::bindings::{Delivery, Message};
use crate::close::Close;
use crate::endpoint::Endpoint;
use crate::functions::Failure;
use crate::send_queue::Outgoing;

/// Messages given to the component at once.
const MAX_BATCH: usize = 100;
/// Waits before a failed batch is tried again.
const BACKOFF: [Duration; 2] = [Duration::from_millis(50), Duration::from_millis(250)];

/// Between attempts while the component has no database.
const OUTAGE_WAIT: Duration = Duration::from_secs(1);

/// Send records of the topics to their subscribers.
pub(crate) async fn records(endpoint: &Endpoint, records: &[Arc<Record>]) {
    let heard: Vec<_> = records
        .iter()
        .filter_map(|record| {
            let key = str::from_utf8(record.key.as_deref()?).ok()?;
            let is_heard = endpoint.registry.has(key);
            is_heard.then(|| message(record, key))
        })
        .collect();
    for batch in heard.chunks(MAX_BATCH) {
        endpoint.meters.records.increment(batch.len() as u64);
        deliver(endpoint, batch).await;
    }
}

/// Records were missed: every subscriber is closed and reconnects with its cursor.
pub(crate) fn passed_over(endpoint: &Endpoint) {
    endpoint.registry.close_all(&Close::BEHIND);
}

async fn deliver(endpoint: &Endpoint, batch: &[Message]) {
    let failure = loop {
        match attempts(endpoint, batch).await {
            Ok(deliveries) => return send(endpoint, batch, deliveries),
            // Nobody's fault, and everybody's: it is waited out.
            Err(failure) if failure.is_outage() => {
                tracing::warn!(component = endpoint.component, "deliver waits: {failure}");
                let wait = tokio::time::sleep(OUTAGE_WAIT);
                if endpoint.shutdown.run_until_cancelled(wait).await.is_none() {
                    break failure;
                }
            }
            Err(failure) => break failure,
        }
    };
    tracing::warn!(
        component = endpoint.component,
        records = batch.len(),
        "deliver failed: {failure}"
    );
    // A single record may be the cause, so try them one by one. After a deadline there is no time
    // for that.
    let mut rest = batch;
    if batch.len() > 1 && !failure.is_deadline() {
        while let Some((one, others)) = rest.split_first() {
            match endpoint.functions.deliver(vec![one.clone()]).await {
                Ok(deliveries) => send(endpoint, std::slice::from_ref(one), deliveries),
                Err(failure) if failure.is_deadline() => break,
                Err(_) => give_up(endpoint, one),
            }
            rest = others;
        }
    }
    rest.iter().for_each(|message| give_up(endpoint, message));
}

async fn attempts(
    endpoint: &Endpoint,
    batch: &[Message],
) -> Result<Vec<Option<Delivery>>, Failure> {
    for wait in BACKOFF {
        match endpoint.functions.deliver(batch.to_vec()).await {
            Err(failure) if !failure.is_deadline() => tokio::time::sleep(wait).await,
            answer => return answer,
        }
    }
    endpoint.functions.deliver(batch.to_vec()).await
}

fn send(endpoint: &Endpoint, batch: &[Message], deliveries: Vec<Option<Delivery>>) {
    for (message, delivery) in batch.iter().zip(deliveries) {
        let Some(delivery) = delivery else { continue };
        let (_, dropped) = endpoint
            .registry
            .send(&message.key, &Outgoing::from(delivery));
        endpoint.meters.frames_dropped.increment(dropped as u64);
    }
}

fn give_up(endpoint: &Endpoint, message: &Message) {
    endpoint.meters.records_failed.increment(1);
    endpoint.registry.close(&message.key, &Close::FAILED);
}

fn message(record: &Record, key: &str) -> Message {
    let headers = record.headers.iter();
    Message {
        topic: record.topic.to_string(),
        key: key.to_owned(),
        timestamp_ms: record.timestamp_ms,
        headers: headers
            .map(|(name, value)| (name.to_string(), value.to_vec()))
            .collect(),
        value: record.value.as_ref().map(|value| value.to_vec()),
    }
}
