//! The topics of dead letters: read as a whole, and records put back where they came from.
//!
//! Kafka's records cannot be changed, so that a letter was redriven is a record too: one with the
//! header `dead-letter-redriven`, in the same topic. It is written in one transaction with the
//! record that goes back, so there are both or neither.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use event_log::{DeadLetter, Record};
use rdkafka::consumer::{BaseConsumer, Consumer as _};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::producer::{BaseRecord, Producer as _, ThreadedProducer};
use rdkafka::{Offset, TopicPartitionList};

use crate::client::create;
use crate::{Cluster, Connection, Context, Copier, Error, headers, read_letter};

/// Says which letter was redriven: `partition/offset`.
const REDRIVEN: &str = "dead-letter-redriven";
/// A partition that is silent for so long is taken for unreachable.
const SILENCE: Duration = Duration::from_secs(15);
const TIMEOUT: Duration = Duration::from_secs(30);
/// Letters put back in one transaction.
const BATCH: usize = 100;

/// Where a dead letter stands in its topic.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LetterPlace {
    /// The partition.
    pub partition: i32,
    /// The offset.
    pub offset: i64,
}

/// A dead letter with what became of it.
#[derive(Debug, Clone)]
pub struct KeptLetter {
    /// Where it stands.
    pub place: LetterPlace,
    /// When it was given up, in milliseconds since the Unix epoch.
    pub timestamp_ms: i64,
    /// The record, who gave it up, and why.
    pub letter: DeadLetter,
    /// When it was redriven, in milliseconds since the Unix epoch.
    pub redriven_ms: Option<i64>,
}

/// Every letter of a topic, in the order of their places. Records that are no letters are left out.
///
/// # Errors
/// As [`Cluster::check`].
pub async fn read_letters(connection: &Connection, topic: &str) -> Result<Vec<KeptLetter>, Error> {
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

/// Letters with the marks that stand behind them.
fn settle(records: &[Record]) -> Vec<KeptLetter> {
    let mut kept = BTreeMap::new();
    for record in records {
        let place = LetterPlace {
            partition: record.partition,
            offset: record.offset,
        };
        if let Some(letter) = read_letter(record) {
            let letter = KeptLetter {
                place,
                timestamp_ms: record.timestamp_ms,
                letter,
                redriven_ms: None,
            };
            kept.insert(place, letter);
        }
    }
    for record in records {
        if let Some(letter) = marked(record).and_then(|place| kept.get_mut(&place)) {
            letter.redriven_ms.get_or_insert(record.timestamp_ms);
        }
    }
    kept.into_values().collect()
}

fn marked(record: &Record) -> Option<LetterPlace> {
    let place = std::str::from_utf8(record.header(REDRIVEN)?).ok()?;
    let (partition, offset) = place.split_once('/')?;
    Some(LetterPlace {
        partition: partition.parse().ok()?,
        offset: offset.parse().ok()?,
    })
}

/// The right to redrive the letters of one topic. Whoever takes it next ends this one: its open
/// transaction is undone, and it can write nothing more.
pub struct Redriver {
    producer: Arc<ThreadedProducer<Producing>>,
    topic: String,
}

type Producing = rdkafka::producer::DefaultProducerContext;

impl Redriver {
    /// Takes the right. Read the letters after this: then nobody else redrives them meanwhile.
    ///
    /// # Errors
    /// As [`Cluster::check`]; the broker may not allow transactions.
    pub async fn start(connection: &Connection, topic: &str) -> Result<Self, Error> {
        let mut config = connection.producer_config()?;
        config.set("transactional.id", format!("redrive-{topic}"));
        let action = "begin to redrive";
        let producer: ThreadedProducer<Producing> =
            create(&config, action, rdkafka::producer::DefaultProducerContext)?;
        let producer = Arc::new(producer);
        let own = producer.clone();
        blocking(action, move || own.init_transactions(TIMEOUT)).await?;
        Ok(Self {
            producer,
            topic: topic.to_owned(),
        })
    }

    /// Puts the records of these letters back into their topics, as they were, and marks the letters.
    ///
    /// # Errors
    /// What was not done is as it was.
    pub async fn redrive(&self, letters: Vec<KeptLetter>) -> Result<(), Error> {
        let mut letters = letters.into_iter().peekable();
        while letters.peek().is_some() {
            let batch: Vec<_> = letters.by_ref().take(BATCH).collect();
            let (producer, topic) = (self.producer.clone(), self.topic.clone());
            blocking("redrive", move || {
                producer.begin_transaction()?;
                let sent = batch
                    .iter()
                    .try_for_each(|kept| send(&producer, &topic, kept))
                    .and_then(|()| producer.commit_transaction(TIMEOUT));
                if let Err(error) = sent {
                    // The broker undoes it by itself if this fails too.
                    _ = producer.abort_transaction(TIMEOUT);
                    return Err(error);
                }
                Ok(())
            })
            .await?;
        }
        Ok(())
    }
}

fn send(
    producer: &ThreadedProducer<Producing>,
    topic: &str,
    kept: &KeptLetter,
) -> Result<(), KafkaError> {
    let record = &kept.letter.record;
    let own = record.headers.iter();
    let mut back = BaseRecord::<[u8], [u8]>::to(&record.topic)
        .headers(headers(own.map(|(name, value)| (&**name, &**value))));
    back.key = record.key.as_deref();
    back.payload = record.value.as_deref();
    producer.send(back).map_err(|(error, _)| error)?;

    let place = format!("{}/{}", kept.place.partition, kept.place.offset);
    let mut mark = BaseRecord::<[u8], [u8]>::to(topic)
        .partition(kept.place.partition)
        .headers(headers([(REDRIVEN, place.as_bytes())]));
    mark.key = record.key.as_deref();
    producer.send(mark).map_err(|(error, _)| error)
}

async fn blocking(
    action: &'static str,
    work: impl FnOnce() -> Result<(), KafkaError> + Send + 'static,
) -> Result<(), Error> {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done.map_err(|error| Error::other(action, &error)),
        Err(error) => Err(Error::Other {
            action: action.to_owned(),
            detail: error.to_string(),
        }),
    }
}
