//! Delivers reminders that came due, once for each event and channel. The channel here is the
//! application itself: an entry in the notification log, and an event for the browsers.

use anyhow::Context as _;
use events::{Event, ReminderDue, Source};
use operations::notifications::deliver;
use operations::{Author, Context};
use spin_kafka::{Failure, Message};

spin_kafka::each!(handle);

async fn handle(message: Message) -> Result<(), Failure> {
    let event = Event::from_value(message.value.as_deref()).map_err(Failure::reject)?;
    let reminder = ReminderDue::from_event(&event).map_err(Failure::reject)?;
    let traceparent = message.traceparent().map(str::to_owned);
    let author = Author::system(reminder.user_id, Source::Reminder, traceparent);
    let context = Context::new(store::connect().await?, author);
    deliver(&context, &reminder)
        .await
        .with_context(|| format!("delivering reminder {}", reminder.reminder_id))?;
    Ok(())
}
