//! The topics of dead letters: reads them whole, and redrives records into the topics they came from.
//!
//! Kafka's records cannot be changed. So a record with the header `dead-letter-redriven`, in the same
//! topic, marks a dead letter as redriven. It is written after the original record is back. After a crash
//! in between, the record comes back twice, as the same event. A transaction would avoid that. But it
//! leaves a marker that no consumer can commit, and every group of the topic would seem to lag.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use rdkafka::consumer::{BaseConsumer, Consumer as _};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::producer::FutureRecord;
use rdkafka::producer::future_producer::OwnedDeliveryResult;
use rdkafka::{Offset, TopicPartitionList};
use records::{DeadLetter, Record};

use crate::client::create;
use crate::dead_letter::VALUE_OMITTED;
use crate::{Cluster, Connection, Context, Copier, Error, headers, read_dead_letter};

/// Says which dead letter was redriven: `partition/offset`.
const REDRIVEN: &str = "dead-letter-redriven";
/// A partition that is silent for so long is taken for unreachable.
const SILENCE: Duration = Duration::from_secs(15);
const TIMEOUT: Duration = Duration::from_secs(30);
/// Dead letters put back at once.
const BATCH: usize = 100;

/// Where a dead letter stands in its topic.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DeadLetterId {
    /// The partition.
    pub partition: i32,
    /// The offset.
    pub offset: i64,
}

/// A dead letter with what became of it.
#[derive(Debug, Clone)]
pub struct StoredDeadLetter {
    /// Where it stands.
    pub id: DeadLetterId,
    /// When it was given up, in milliseconds since the Unix epoch.
    pub timestamp_ms: i64,
    /// The record, who gave it up, and why.
    pub dead_letter: DeadLetter,
    /// When it was redriven, in milliseconds since the Unix epoch.
    pub redriven_ms: Option<i64>,
    /// The value was too large for the topic of dead letters, and is not in the record.
    pub is_cut: bool,
}

/// Every dead letter of a topic, in the order of their ids. Records that are no dead letters are left out.
///
/// # Errors
/// As [`Cluster::check`].
pub async fn read_dead_letters(
    connection: &Connection,
    topic: &str,
) -> Result<Vec<StoredDeadLetter>, Error> {
    let (connection, topic) = (connection.clone(), topic.to_owned());
    let partitions = Cluster::new(&connection)?.partitions(&[topic]).await?;
    let action = "read dead letters";
    let read = tokio::task::spawn_blocking(move || {
        let mut config = connection.consumer_config("dead-letters")?;
        config.set("enable.partition.eof", "true");
        let consumer: BaseConsumer<Context> = create(&config, action, Context::default())?;
        let mut list = TopicPartitionList::new();
        for partition in &partitions {
            let beginning = Offset::Beginning;
            list.add_partition_offset(&partition.topic, partition.partition, beginning)
                .map_err(|error| Error::other(action, &error))?;
        }
        consumer
            .assign(&list)
            .map_err(|error| Error::other(action, &error))?;
        read_to_end(&consumer, partitions.len())
    });
    let records = match read.await {
        Ok(records) => records?,
        Err(error) => {
            return Err(Error::Other {
                action: action.to_owned(),
                detail: error.to_string(),
            });
        }
    };
    Ok(settle(&records))
}

fn read_to_end(consumer: &BaseConsumer<Context>, partitions: usize) -> Result<Vec<Record>, Error> {
    let action = "read dead letters";
    let mut copier = Copier::default();
    let mut records = Vec::new();
    let mut ended = BTreeSet::new();
    let mut heard = Instant::now();
    while ended.len() < partitions {
        match consumer.poll(Duration::from_millis(200)) {
            None if heard.elapsed() > SILENCE => {
                let timed_out = KafkaError::MessageConsumption(RDKafkaErrorCode::OperationTimedOut);
                return Err(Error::other(action, &timed_out));
            }
            None => continue,
            Some(Ok(message)) => records.push(copier.copy(&message)),
            Some(Err(KafkaError::PartitionEOF(partition))) => {
                ended.insert(partition);
            }
            Some(Err(error)) => {
                let code = error.rdkafka_error_code();
                let waits = matches!(
                    code,
                    Some(
                        RDKafkaErrorCode::AllBrokersDown | RDKafkaErrorCode::BrokerTransportFailure
                    )
                );
                if !waits || heard.elapsed() > SILENCE {
                    return Err(Error::other(action, &error));
                }
                continue;
            }
        }
        heard = Instant::now();
    }
    Ok(records)
}

/// Dead letters with the marks that stand behind them.
fn settle(records: &[Record]) -> Vec<StoredDeadLetter> {
    let mut kept = BTreeMap::new();
    for record in records {
        let id = DeadLetterId {
            partition: record.partition,
            offset: record.offset,
        };
        if let Some(dead_letter) = read_dead_letter(record) {
            let dead_letter = StoredDeadLetter {
                id,
                timestamp_ms: record.timestamp_ms,
                dead_letter,
                redriven_ms: None,
                is_cut: record.header(VALUE_OMITTED).is_some(),
            };
            kept.insert(id, dead_letter);
        }
    }
    for record in records {
        if let Some(dead_letter) = marked(record).and_then(|id| kept.get_mut(&id)) {
            dead_letter.redriven_ms.get_or_insert(record.timestamp_ms);
        }
    }
    kept.into_values().collect()
}

fn marked(record: &Record) -> Option<DeadLetterId> {
    let id = std::str::from_utf8(record.header(REDRIVEN)?).ok()?;
    let (partition, offset) = id.split_once('/')?;
    Some(DeadLetterId {
        partition: partition.parse().ok()?,
        offset: offset.parse().ok()?,
    })
}

/// Puts the records of these dead letters back into their topics, as they were, then marks the dead letters.
///
/// # Errors
/// As [`Cluster::check`]. What was not marked is redriven again the next time.
pub async fn redrive(
    connection: &Connection,
    topic: &str,
    dead_letters: &[StoredDeadLetter],
) -> Result<(), Error> {
    let producer = connection.producer()?;
    for batch in dead_letters.chunks(BATCH) {
        // Handed over one after the other, so that dead letters of one key stay in order.
        let back = batch.iter().map(|kept| {
            let record = &kept.dead_letter.record;
            let own = record.headers.iter();
            let own = own.map(|(name, value)| (&**name, &**value));
            let mut back = FutureRecord::<[u8], [u8]>::to(&record.topic).headers(headers(own));
            back.key = record.key.as_deref();
            back.payload = record.value.as_deref();
            producer.send(back, TIMEOUT)
        });
        acknowledged(back).await?;
        let marks = batch.iter().map(|kept| {
            let id = format!("{}/{}", kept.id.partition, kept.id.offset);
            let mut mark = FutureRecord::<[u8], [u8]>::to(topic)
                .partition(kept.id.partition)
                .headers(headers([(REDRIVEN, id.as_bytes())]));
            mark.key = kept.dead_letter.record.key.as_deref();
            producer.send(mark, TIMEOUT)
        });
        acknowledged(marks).await?;
    }
    Ok(())
}

async fn acknowledged(
    sends: impl Iterator<Item = impl Future<Output = OwnedDeliveryResult>>,
) -> Result<(), Error> {
    for sent in futures::future::join_all(sends).await {
        sent.map_err(|(error, _)| Error::other("redrive", &error))?;
    }
    Ok(())
}
