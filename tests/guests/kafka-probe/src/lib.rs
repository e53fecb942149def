//! Does what the value of each record says, so that one guest serves every test of the trigger.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::Deserialize;
use spin_kafka::{Failure, Message};

spin_kafka::each!(handle);

/// `{"do": "fail-until", "attempt": 4}` and so on.
#[derive(Deserialize)]
#[serde(tag = "do", rename_all = "kebab-case")]
enum Order {
    Succeed,
    /// Fails at every attempt before this one.
    FailUntil {
        attempt: u32,
    },
    Reject,
    /// Takes a while.
    Sleep {
        ms: u64,
    },
    Trap,
    Spin,
    /// Notes the record in the table `effects` of a database.
    Insert {
        url: String,
    },
}

async fn handle(message: Message) -> Result<(), Failure> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH)?;
    println!(
        "handling {} attempt {} at {} of {}/{}/{} key {}",
        message.event_id().unwrap_or("?"),
        message.attempt,
        now.as_micros(),
        message.topic,
        message.partition,
        message.offset,
        message.key_str().unwrap_or("-"),
    );
    if message.value.is_none() {
        return Ok(());
    }
    match message.json()? {
        Order::Succeed => Ok(()),
        Order::FailUntil { attempt } if message.attempt < attempt => Err(Failure::retry(format!(
            "told to fail until attempt {attempt}"
        ))),
        Order::FailUntil { .. } => Ok(()),
        Order::Reject => Err(Failure::reject("told to reject")),
        Order::Sleep { ms } => {
            std::thread::sleep(Duration::from_millis(ms));
            Ok(())
        }
        Order::Insert { url } => {
            let database = spin_sdk::pg::Connection::open(url).await?;
            let id = message.event_id().unwrap_or_default().to_owned();
            let insert = "INSERT INTO effects VALUES ($1) ON CONFLICT DO NOTHING";
            database.execute(insert, vec![id.into()]).await?;
            Ok(())
        }
        Order::Trap => panic!("told to trap"),
        #[expect(clippy::empty_loop, reason = "the host must end it")]
        Order::Spin => loop {},
    }
}
