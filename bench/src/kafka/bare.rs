//! A loop around the same client that does nothing with what it reads: the limit.

use std::time::Duration;

use anyhow::Context as _;
use kafka_client::rdkafka::consumer::{BaseConsumer, Consumer as _};
use kafka_client::rdkafka::{Message as _, Offset, TopicPartitionList};

use super::records::{Topic, WARM, now_ms};
use super::throughput::{Throughput, Watch};

const TIMEOUT: Duration = Duration::from_secs(30);

/// A consumer of all partitions, from the start.
pub fn consumer(topic: &Topic) -> anyhow::Result<BaseConsumer> {
    let group = format!("bench-{}", uuid::Uuid::new_v4().simple());
    let consumer: BaseConsumer = topic.connection.consumer_config(&group)?.create()?;
    let mut all = TopicPartitionList::new();
    for partition in 0..topic.partitions {
        all.add_partition_offset(&topic.name, partition, Offset::Beginning)?;
    }
    consumer.assign(&all)?;
    Ok(consumer)
}

/// From the first record to the last.
pub async fn drain(topic: &Topic, count: u64) -> anyhow::Result<Throughput> {
    let consumer = consumer(topic)?;
    let drained = tokio::task::spawn_blocking(move || {
        consumer.poll(TIMEOUT).context("no record in time")??;
        let watch = Watch::start()?;
        let mut bytes = 0;
        for _ in 1..count {
            let message = consumer.poll(TIMEOUT).context("no record in time")??;
            bytes += message.payload().map_or(0, <[u8]>::len);
        }
        anyhow::ensure!(bytes > 0, "records without values");
        watch.stop(count - 1)
    });
    drained.await?
}

/// Milliseconds from each record's creation to the loop, at a steady rate.
pub async fn follow(topic: &Topic, rate: u64, duration: Duration) -> anyhow::Result<Vec<f64>> {
    let consumer = consumer(topic)?;
    let count = rate * duration.as_secs();
    let reading = tokio::task::spawn_blocking(move || {
        let mut lags = Vec::new();
        for n in 0..count + WARM {
            let message = consumer.poll(TIMEOUT).context("no record in time")??;
            if n < WARM {
                continue;
            }
            let created = message.timestamp().to_millis().unwrap_or_default();
            lags.push((now_ms() - created) as f64);
        }
        anyhow::Ok(lags)
    });
    topic.pacer().await?.run(rate, duration).await?;
    reading.await?
}
