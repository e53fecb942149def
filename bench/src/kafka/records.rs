//! The records that are handled.

use std::time::Duration;

use kafka_client::Connection;
use kafka_client::rdkafka::error::{KafkaError, RDKafkaErrorCode};
use kafka_client::rdkafka::producer::{FutureProducer, FutureRecord, Producer as _};

/// A topic of records that are alike.
pub struct Topic {
    pub name: String,
    pub connection: Connection,
    pub partitions: i32,
    pub bytes: usize,
    pub keys: u64,
    pub headers: usize,
}

/// Records in front of those whose lag counts.
pub const WARM: u64 = 20;
const FLUSH: Duration = Duration::from_secs(60);

impl Topic {
    /// Produces so many records as fast as the broker takes them.
    pub async fn fill(&self, count: u64) -> anyhow::Result<()> {
        let mut config = self.connection.producer_config()?;
        config.set("linger.ms", "20");
        let producer: FutureProducer = config.create()?;
        for n in 0..count {
            self.send(&producer, n).await?;
        }
        Ok(tokio::task::spawn_blocking(move || producer.flush(FLUSH)).await??)
    }

    /// A producer that has produced [`WARM`] records already, so that its connecting does not
    /// count as lag.
    pub async fn pacer(&self) -> anyhow::Result<Pacer<'_>> {
        let mut config = self.connection.producer_config()?;
        config.set("linger.ms", "0");
        let producer: FutureProducer = config.create()?;
        for n in 0..WARM {
            self.send(&producer, n).await?;
        }
        let flushed = producer.clone();
        tokio::task::spawn_blocking(move || flushed.flush(FLUSH)).await??;
        Ok(Pacer {
            topic: self,
            producer,
        })
    }

    async fn send(&self, producer: &FutureProducer, n: u64) -> anyhow::Result<()> {
        let key = format!("key-{}", n % self.keys);
        let value = vec![b'x'; self.bytes];
        let names: Vec<_> = (0..self.headers).map(|n| format!("ce_header{n}")).collect();
        let own = names
            .iter()
            .map(|name| (name.as_str(), b"a value of a header".as_slice()));
        let mut record = FutureRecord::to(&self.name).key(&key).payload(&value);
        if self.headers > 0 {
            record = record.headers(kafka_client::headers(own));
        }
        loop {
            match producer.send_result(record) {
                Ok(_delivery) => return Ok(()),
                Err((KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull), back)) => {
                    record = back;
                    tokio::time::sleep(Duration::from_millis(1)).await;
                }
                Err((error, _)) => return Err(error.into()),
            }
        }
    }
}

/// Produces at a steady rate.
pub struct Pacer<'t> {
    topic: &'t Topic,
    producer: FutureProducer,
}

impl Pacer<'_> {
    /// Without waiting for acknowledgements. How many it were.
    pub async fn run(self, rate: u64, duration: Duration) -> anyhow::Result<u64> {
        // Until whoever reads has connected, too.
        tokio::time::sleep(Duration::from_secs(1)).await;
        let mut ticks = tokio::time::interval(Duration::from_secs(1) / rate as u32);
        let count = rate * duration.as_secs();
        for n in 0..count {
            ticks.tick().await;
            self.topic.send(&self.producer, n).await?;
        }
        let producer = self.producer;
        tokio::task::spawn_blocking(move || producer.flush(FLUSH)).await??;
        Ok(count)
    }
}

/// Milliseconds since the Unix epoch.
pub fn now_ms() -> i64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    since.map_or(0, |since| since.as_millis() as i64)
}
