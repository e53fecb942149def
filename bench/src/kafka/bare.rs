//! A loop around the same client that does nothing with what it reads: the limit.

use std::time::{Duration, Instant};

use anyhow::Context as _;
use kafka_client::rdkafka::consumer::{BaseConsumer, Consumer as _};
use kafka_client::rdkafka::{Message as _, Offset, TopicPartitionList};

use super::records::{Topic, WARM, now_ms};

const PATIENCE: Duration = Duration::from_secs(30);

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

/// Records per second, from the first to the last.
pub async fn drain(topic: &Topic, count: u64) -> anyhow::Result<f64> {
    let consumer = consumer(topic)?;
    let seconds = tokio::task::spawn_blocking(move || {
        let mut started = None;
        let mut bytes = 0;
        for _ in 0..count {
            let message = consumer.poll(PATIENCE).context("no record in time")??;
            started.get_or_insert_with(Instant::now);
            bytes += message.payload().map_or(0, <[u8]>::len);
        }
        anyhow::ensure!(bytes > 0, "records without values");
        let started = started.context("no records")?;
        anyhow::Ok(started.elapsed().as_secs_f64())
    });
    Ok(count as f64 / seconds.await??)
}

/// Milliseconds from each record's creation to the loop, at a steady rate.
pub async fn follow(topic: &Topic, rate: u64, duration: Duration) -> anyhow::Result<Vec<f64>> {
    let consumer = consumer(topic)?;
    let count = rate * duration.as_secs();
    let reading = tokio::task::spawn_blocking(move || {
        let mut lags = Vec::new();
        for n in 0..count + WARM {
            let message = consumer.poll(PATIENCE).context("no record in time")??;
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
