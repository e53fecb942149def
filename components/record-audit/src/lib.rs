//! Adds every event about tasks and accounts to its user's audit log, in order and once.

use std::collections::BTreeSet;

use events::Event;
use serde_json::Value;
use spin_kafka::{Failure, Message, Outcome};
use store::Connection;
use store::audit::record;

spin_kafka::handler!(handle);

const HELD: &str = "an event of this user before it could not be recorded";

/// The whole batch in one statement. Where that fails, one event after another, so that an event
/// which the database can never take does not hold back the others.
async fn handle(batch: Vec<Message>) -> anyhow::Result<Vec<Outcome>> {
    let read: Vec<Result<Value, Failure>> = batch.iter().map(event).collect();
    let events: Vec<Value> = read.iter().flatten().cloned().collect();
    let db = store::connect().await?;
    let count = events.len();
    let failure = record(&db, events).await.err();
    if let Some(error) = &failure {
        eprintln!("{count} events could not be recorded at once, so each is tried alone: {error}");
    }
    let mut outcomes = Vec::with_capacity(read.len());
    let mut held = BTreeSet::new();
    for (message, event) in batch.iter().zip(read) {
        let outcome = match event {
            Err(failure) => failure.into(),
            Ok(_) if failure.is_none() => Outcome::Done,
            // It would stand in the log before the one that comes again.
            Ok(_) if held.contains(&message.key) => Outcome::Retry(HELD.to_owned()),
            Ok(event) => record_one(&db, event).await,
        };
        if matches!(outcome, Outcome::Retry(_)) {
            held.insert(&message.key);
        }
        outcomes.push(outcome);
    }
    Ok(outcomes)
}

async fn record_one(db: &Connection, event: Value) -> Outcome {
    match record(db, vec![event]).await {
        Ok(_) => Outcome::Done,
        Err(error) if store::is_refused_value(&error) => Outcome::Reject(error.to_string()),
        Err(error) => Outcome::Retry(error.to_string()),
    }
}

/// The value as it came, with fields that a newer version may have added.
fn event(message: &Message) -> Result<Value, Failure> {
    Event::from_value(message.value.as_deref()).map_err(Failure::reject)?;
    Ok(message.json()?)
}
