//! One producer. It produces records in the order in which it receives them, however long that takes, or
//! fails as a whole: if it cannot produce a record, it produces none behind it.

use kafka_client::rdkafka::ClientContext;
use kafka_client::rdkafka::config::{FromClientConfigAndContext as _, RDKafkaLogLevel};
use kafka_client::rdkafka::error::{KafkaError, RDKafkaErrorCode};
use kafka_client::rdkafka::message::DeliveryResult;
use kafka_client::rdkafka::producer::{BaseRecord, ProducerContext, ThreadedProducer};
use kafka_client::{Connection, Context, Error, headers};
use records::Record;
use tokio::sync::mpsc;

/// The relay offers no larger record: brokers close the connection on requests above 100 MiB.
const MAX_RECORD_BYTES: usize = 32 << 20;

/// What became of the record with this number.
#[derive(Debug)]
pub(crate) struct Delivery {
    pub number: usize,
    pub result: Result<(), RDKafkaErrorCode>,
}

/// A producer and its delivery reports.
pub(crate) struct Producer {
    inner: ThreadedProducer<Reports>,
    pub deliveries: mpsc::UnboundedReceiver<Delivery>,
}

impl Producer {
    pub fn new(connection: &Connection) -> Result<Self, Error> {
        let mut config = connection.producer_config()?;
        config
            .set("client.id", "event-log-relay")
            // The producer waits for the end of an outage: dropping a record would let others overtake
            // it.
            .set("delivery.timeout.ms", "0")
            .set("enable.gapless.guarantee", "true")
            .set("message.max.bytes", MAX_RECORD_BYTES.to_string())
            // Kafka's default limit of a batch. A larger record is sent alone.
            .set("batch.size", "1000000")
            // Records that were read together are already together, so lingering gains nothing.
            .set("linger.ms", "0");
        let (told, deliveries) = mpsc::unbounded_channel();
        let context = Reports {
            told,
            connection: Context::default(),
        };
        let inner =
            ThreadedProducer::from_config_and_context(&config, context).map_err(|error| {
                Error::Other {
                    action: "create a producer".to_owned(),
                    detail: error.to_string(),
                }
            })?;
        Ok(Self { inner, deliveries })
    }

    /// Queues a record. `Err`: Kafka would refuse it, or the queue is full.
    pub fn send(&self, number: usize, record: &Record) -> Result<(), RDKafkaErrorCode> {
        let own = record.headers.iter();
        let mut message = BaseRecord::<[u8], [u8], usize>::with_opaque_to(&record.topic, number)
            .timestamp(record.timestamp_ms)
            .headers(headers(own.map(|(name, value)| (&**name, &**value))));
        message.key = record.key.as_deref();
        message.payload = record.value.as_deref();
        self.inner.send(message).map_err(|(error, _)| {
            error
                .rdkafka_error_code()
                .unwrap_or(RDKafkaErrorCode::InvalidMessage)
        })
    }

    /// Drops what it has not produced. Returns the reports that nobody has read yet.
    pub async fn close(self) -> Vec<Delivery> {
        let Self {
            inner,
            mut deliveries,
        } = self;
        // Waits for its threads.
        let dropped = tokio::task::spawn_blocking(move || drop(inner)).await;
        if let Err(error) = dropped {
            tracing::error!(%error, "closing a Kafka producer failed");
        }
        let mut reported = Vec::new();
        while let Ok(delivery) = deliveries.try_recv() {
            reported.push(delivery);
        }
        reported
    }
}

struct Reports {
    told: mpsc::UnboundedSender<Delivery>,
    connection: Context,
}

impl ClientContext for Reports {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, line: &str) {
        self.connection.note_line(level, facility, line);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        self.connection.note(&error, reason);
    }
}

impl ProducerContext for Reports {
    type DeliveryOpaque = usize;

    fn delivery(&self, result: &DeliveryResult<'_>, number: usize) {
        let result = match result {
            Ok(_) => Ok(()),
            Err((error, _)) => Err(error
                .rdkafka_error_code()
                .unwrap_or(RDKafkaErrorCode::Unknown)),
        };
        // Nobody listens any more: the next round reads the records again.
        _ = self.told.send(Delivery { number, result });
    }
}
