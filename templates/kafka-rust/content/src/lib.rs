use spin_kafka::{Failure, Message};

spin_kafka::each!(handle);

/// Called for each record of the topic, in order per key, at least once.
async fn handle(message: Message) -> Result<(), Failure> {
    // `message.json()?` reads a JSON value; one that does not fit becomes a dead letter.
    println!(
        "{}/{}/{}: {:?}",
        message.topic,
        message.partition,
        message.offset,
        message.key_str()
    );
    Ok(())
}
