//! Prints when each record reached it: a line of the event's id and the microseconds since the Unix epoch.

use std::fmt::Write as _;
use std::time::{SystemTime, UNIX_EPOCH};

use spin_kafka::{Message, Outcome};

spin_kafka::handler!(handle);

async fn handle(batch: Vec<Message>) -> anyhow::Result<Vec<Outcome>> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_micros();
    let mut lines = String::new();
    for message in &batch {
        writeln!(lines, "{} {now}", message.event_id().unwrap_or("?"))?;
    }
    print!("{lines}");
    Ok(vec![Outcome::Done; batch.len()])
}
