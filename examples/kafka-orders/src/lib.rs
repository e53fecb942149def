//! Prints orders as they come; refuses those that make no sense.

use serde::Deserialize;
use spin_kafka::{Failure, Message};

spin_kafka::each!(handle);

#[derive(Deserialize)]
struct Order {
    id: String,
    cents: i64,
}

async fn handle(message: Message) -> Result<(), Failure> {
    // A value of another shape becomes a dead letter at once.
    let order: Order = message.json()?;
    if order.cents < 0 {
        return Err(Failure::reject("an order cannot cost less than nothing"));
    }
    println!("order {} of {} cents", order.id, order.cents);
    Ok(())
}
