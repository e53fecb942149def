//! Makes the next occurrence of a repeating task that was completed. Handling an event again makes
//! no second one: a task is followed once, and a slot of a series filled once.

use anyhow::Context as _;
use events::{Event, EventType, Source};
use operations::recurrence::{Scheduled, schedule_next};
use operations::{Author, Context};
use spin_kafka::{Failure, Message};

spin_kafka::each!(handle);

async fn handle(message: Message) -> Result<(), Failure> {
    let event = Event::from_value(message.value.as_deref()).map_err(Failure::reject)?;
    // The trigger's filter lets only these through; a broker that filters nothing may send others.
    let (Some(EventType::TaskCompleted), Some(task_id)) = (event.kind(), event.task_id) else {
        return Ok(());
    };
    let traceparent = message.traceparent().map(str::to_owned);
    let author = Author::system(event.user_id, Source::Recurrence, traceparent);
    let context = Context::new(store::connect().await?, author);
    let scheduled = schedule_next(&context, task_id)
        .await
        .with_context(|| format!("scheduling what follows task {task_id}"))?;
    match scheduled {
        Scheduled::Busy => Err(Failure::retry(format!("task {task_id} keeps changing"))),
        Scheduled::Next(_) | Scheduled::Ended | Scheduled::Nothing => Ok(()),
    }
}
