//! Reading a partition in bulk, on librdkafka's broker in this process, which fails when asked to.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use kafka_client::rdkafka::bindings::rd_kafka_resp_err_t as Code;
use kafka_client::rdkafka::consumer::{BaseConsumer, Consumer as _, ConsumerContext};
use kafka_client::rdkafka::error::{KafkaError, RDKafkaErrorCode};
use kafka_client::rdkafka::mocking::MockCluster;
use kafka_client::rdkafka::producer::FutureRecord;
use kafka_client::rdkafka::types::RDKafkaApiKey;
use kafka_client::rdkafka::{ClientContext, Offset, TopicPartitionList};
use kafka_client::{Connection, PartitionReader};
use records::{RecordRef, TopicPartition};

/// What the context was told.
#[derive(Clone, Default)]
struct Told(Arc<Mutex<Vec<KafkaError>>>);

impl ClientContext for Told {
    fn error(&self, error: KafkaError, _reason: &str) {
        self.0.lock().unwrap().push(error);
    }
}

impl ConsumerContext for Told {}

struct Reading {
    consumer: Arc<BaseConsumer<Told>>,
    reader: PartitionReader<Told>,
    partition: TopicPartition,
}

impl Reading {
    fn begin(connection: &Connection, topic: &str, told: &Told) -> Self {
        let config = connection.consumer_config("reader").expect("valid");
        let consumer = config.create_with_context(told.clone());
        let consumer: Arc<BaseConsumer<Told>> = Arc::new(consumer.expect("a consumer"));
        let partition = TopicPartition {
            topic: topic.into(),
            partition: 0,
        };
        let reader = PartitionReader::new(&consumer, &partition, || {}).expect("a partition");
        consumer
            .assign(&list(topic, Offset::Beginning))
            .expect("assigned");
        Self {
            consumer,
            reader,
            partition,
        }
    }

    /// Until there is something.
    fn read(&mut self, most: usize) -> (Vec<RecordRef>, Vec<KafkaError>) {
        let started = Instant::now();
        loop {
            assert!(started.elapsed() < Duration::from_secs(30), "nothing came");
            let polled = self.consumer.poll(Duration::from_millis(5));
            assert!(polled.is_none_or(|polled| polled.is_err()));
            let (blocks, errors) = self.reader.read(most);
            if !blocks.is_empty() || !errors.is_empty() {
                let blocks: Vec<_> = blocks.into_iter().map(Arc::new).collect();
                let records = blocks.iter().flat_map(|block| block.records());
                return (records.collect(), errors);
            }
        }
    }

    fn read_records(&mut self, most: usize) -> Vec<i64> {
        loop {
            let (records, _) = self.read(most);
            if !records.is_empty() {
                return records.iter().map(|record| record.offset()).collect();
            }
        }
    }
}

fn list(topic: &str, offset: Offset) -> TopicPartitionList {
    let mut list = TopicPartitionList::new();
    list.add_partition_offset(topic, 0, offset).expect("valid");
    list
}

async fn produce(connection: &Connection, topic: &str, count: usize) {
    let producer = connection.producer().expect("a producer");
    for _ in 0..count {
        let record = FutureRecord::to(topic).key("k").payload("v");
        producer
            .send(record, Duration::from_secs(10))
            .await
            .expect("sent");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_more_is_read_than_was_asked_for_and_the_rest_comes_in_order() {
    let mock = MockCluster::new(1).expect("a broker in this process");
    mock.create_topic("orders", 1, 1).expect("a topic");
    let connection = Connection::plain(mock.bootstrap_servers());
    produce(&connection, "orders", 25).await;
    let mut reading = Reading::begin(&connection, "orders", &Told::default());
    let mut offsets = Vec::new();
    while offsets.len() < 25 {
        let read = reading.read_records(4);
        assert!(read.len() <= 4, "{read:?}");
        offsets.extend(read);
    }
    assert_eq!(offsets, (0..25).collect::<Vec<i64>>());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_error_is_told_and_moves_no_place() {
    let mock = MockCluster::new(1).expect("a broker in this process");
    mock.create_topic("orders", 1, 1).expect("a topic");
    let connection = Connection::plain(mock.bootstrap_servers());
    produce(&connection, "orders", 1).await;
    let told = Told::default();
    let mut reading = Reading::begin(&connection, "orders", &told);
    assert_eq!(reading.read_records(100), [0]);

    // At the end of the partition fetching fails for a while.
    let refused = Code::RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED;
    mock.request_errors(RDKafkaApiKey::Fetch, &[refused; 3]);
    let (records, errors) = reading.read(100);
    assert!(records.is_empty());
    let code = errors[0].rdkafka_error_code();
    assert_eq!(code, Some(RDKafkaErrorCode::TopicAuthorizationFailed));
    let codes = |error: &KafkaError| error.rdkafka_error_code();
    let told: Vec<_> = told.0.lock().unwrap().iter().map(codes).collect();
    assert!(told.contains(&Some(RDKafkaErrorCode::TopicAuthorizationFailed)));

    // What each rebalance does to partitions that stay: they go on at the place that was read.
    let same = list(&reading.partition.topic, Offset::Invalid);
    reading.consumer.pause(&same).expect("paused");
    produce(&connection, "orders", 1).await;
    reading.consumer.resume(&same).expect("resumed");
    assert_eq!(reading.read_records(100), [1]);
}
