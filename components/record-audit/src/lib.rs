//! Adds every event about tasks and accounts to its user's audit log, in order and once.

use std::collections::BTreeSet;

use events::Event;
use spin_kafka::{Failure, Message, Outcome};
use store::Connection;
use store::audit::{Entry, record};

spin_kafka::handler!(handle);

const HELD: &str = "an event of this user before it could not be recorded";

/// The whole batch in one statement. Where that fails, one event after another, so that an event
/// which the database can never take does not hold back the others.
async fn handle(batch: Vec<Message>) -> anyhow::Result<Vec<Outcome>> {
    let read: Vec<Result<Entry, Failure>> = batch.iter().map(entry).collect();
    let entries: Vec<Entry> = read.iter().flatten().cloned().collect();
    let db = store::connect().await?;
    let all_at_once = record(&db, entries).await.is_ok();
    let mut outcomes = Vec::with_capacity(read.len());
    let mut held = BTreeSet::new();
    for (message, entry) in batch.iter().zip(read) {
        let outcome = match entry {
            Err(failure) => failure.into(),
            Ok(_) if all_at_once => Outcome::Done,
            // It would stand in the log before the one that comes again.
            Ok(_) if held.contains(&message.key) => Outcome::Retry(HELD.to_owned()),
            Ok(entry) => record_one(&db, entry).await,
        };
        if matches!(outcome, Outcome::Retry(_)) {
            held.insert(&message.key);
        }
        outcomes.push(outcome);
    }
    Ok(outcomes)
}

async fn record_one(db: &Connection, entry: Entry) -> Outcome {
    match record(db, vec![entry]).await {
        Ok(_) => Outcome::Done,
        Err(error) if store::is_refused_value(&error) => Outcome::Reject(error.to_string()),
        Err(error) => Outcome::Retry(error.to_string()),
    }
}

fn entry(message: &Message) -> Result<Entry, Failure> {
    Event::from_value(message.value.as_deref()).map_err(Failure::reject)?;
    Ok(Entry {
        // As it came, with fields that a newer version may have added.
        event: message.json()?,
        source: message.event_source().unwrap_or("unknown").to_owned(),
    })
}
