//! Dead letters as records of a topic, written before the offset of the original record is
//! committed.

use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use kafka_client::rdkafka::error::RDKafkaErrorCode;
use kafka_client::rdkafka::message::{Header, OwnedHeaders};
use kafka_client::rdkafka::producer::{FutureProducer, FutureRecord};
use kafka_client::{Cluster, Connection, Context, TopicSpec, VALUE_OMITTED, dead_letter_headers};

use crate::transport::{DeadLetter, DeadLetters};

/// Characters of a reason that is shortened to make room.
const SHORT_REASON: usize = 200;
/// How long a producer waits for room in its queue.
const QUEUE_TIMEOUT: Duration = Duration::from_secs(30);

/// Produces dead letters.
pub(super) struct Topics {
    producer: FutureProducer<Context>,
    cluster: Cluster,
    /// Topics that are there.
    known: Mutex<HashSet<String>>,
}

impl Topics {
    pub fn new(connection: &Connection) -> Result<Self, kafka_client::Error> {
        Ok(Self {
            producer: connection.producer()?,
            cluster: Cluster::new(connection)?,
            known: Mutex::default(),
        })
    }

    async fn produce(&self, dead_letter: &DeadLetter, whole: bool) -> Result<(), RDKafkaErrorCode> {
        let record = &dead_letter.record;
        let mut headers = dead_letter_headers(dead_letter);
        let mut value = record.value.as_deref();
        if !whole {
            headers = omitted(headers, value.map_or(0, <[u8]>::len));
            value = None;
        }
        let mut produced =
            FutureRecord::<[u8], [u8]>::to(&dead_letter.dead_letter_topic).headers(headers);
        produced.key = record.key.as_deref();
        produced.payload = value;
        match self.producer.send(produced, QUEUE_TIMEOUT).await {
            Ok(_) => Ok(()),
            Err((error, _)) => Err(error.rdkafka_error_code().unwrap_or(RDKafkaErrorCode::Fail)),
        }
    }

    /// Checked before the first dead letter, because a producer waits long for a topic to appear.
    async fn prepare(&self, topic: &str) -> Result<(), kafka_client::Error> {
        let known = || self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known().contains(topic) {
            return Ok(());
        }
        match self.cluster.check(&[topic.to_owned()]).await {
            Err(kafka_client::Error::UnknownTopic { .. }) => self.create(topic).await?,
            checked => checked?,
        }
        known().insert(topic.to_owned());
        Ok(())
    }

    async fn create(&self, topic: &str) -> Result<(), kafka_client::Error> {
        let spec = TopicSpec {
            name: topic.to_owned(),
            partitions: 1,
            replication: -1,
            // Kept until somebody has read them.
            config: vec![("retention.ms".to_owned(), "-1".to_owned())],
        };
        self.cluster.create_topics(&[spec]).await?;
        tracing::info!(topic, "created the topic for dead letters");
        Ok(())
    }
}

#[async_trait]
impl DeadLetters for Topics {
    async fn keep(&self, dead_letter: DeadLetter) -> anyhow::Result<()> {
        use RDKafkaErrorCode as Code;
        let topic = dead_letter.dead_letter_topic.clone();
        self.prepare(&topic).await?;
        let mut kept = self.produce(&dead_letter, true).await;
        if let Err(Code::MessageSizeTooLarge) = kept {
            // The record had the maximal size, and the headers make it larger.
            let reason = dead_letter.reason.chars().take(SHORT_REASON).collect();
            let short = DeadLetter {
                reason,
                ..dead_letter
            };
            kept = self.produce(&short, true).await;
            if let Err(Code::MessageSizeTooLarge) = kept {
                let record = &short.record;
                tracing::warn!(
                    topic = %record.topic,
                    partition = record.partition,
                    offset = record.offset,
                    "a dead letter is kept without its value, which the topic `{topic}` has no \
                     room for; raise its max.message.bytes above that of `{}`",
                    record.topic
                );
                kept = self.produce(&short, false).await;
            }
        }
        if kept.is_err() {
            // Somebody may have deleted it.
            let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
            known.remove(&topic);
        }
        kept.map_err(|code| anyhow::anyhow!("cannot produce to `{topic}`: {code}"))
    }
}

fn omitted(headers: OwnedHeaders, bytes: usize) -> OwnedHeaders {
    headers.insert(Header {
        key: VALUE_OMITTED,
        value: Some(&bytes.to_string()),
    })
}
