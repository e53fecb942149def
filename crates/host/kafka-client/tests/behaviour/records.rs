//! Records, there and back.

use std::sync::Arc;
use std::time::Duration;

use kafka_client::rdkafka::consumer::{BaseConsumer, Consumer as _};
use kafka_client::rdkafka::message::ToBytes;
use kafka_client::rdkafka::producer::FutureRecord;
use kafka_client::rdkafka::{Offset, TopicPartitionList};
use kafka_client::{Copier, dead_letter_headers, headers, read_dead_letter};
use records::{DeadLetter, Record};
use testing::TestCluster;
use uuid::Uuid;

struct Raw(&'static [u8]);

impl ToBytes for Raw {
    fn to_bytes(&self) -> &[u8] {
        self.0
    }
}

fn read(brokers: &TestCluster, topic: &str, count: usize) -> Vec<Record> {
    let config = brokers
        .connection()
        .consumer_config("reader")
        .expect("valid");
    let consumer: BaseConsumer = config.create().expect("a consumer");
    let mut assignment = TopicPartitionList::new();
    let assigned = assignment.add_partition_offset(topic, 0, Offset::Beginning);
    assigned.expect("assigned");
    consumer.assign(&assignment).expect("assigned");
    let mut copier = Copier::default();
    let mut records = Vec::new();
    while records.len() < count {
        let message = consumer
            .poll(Duration::from_secs(20))
            .expect("a record in time");
        records.push(copier.copy(&message.expect("no error")));
    }
    records
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_values_and_headers_arrive_as_they_were_written() {
    let brokers = TestCluster::any();
    let topic = format!("records-{}", Uuid::new_v4().simple());
    brokers.create_topic(&topic, 1).await.expect("a topic");
    let producer = brokers.connection().producer().expect("a producer");
    let id = Uuid::now_v7();
    let text = id.to_string();
    let sent = headers([
        ("ce_id", text.as_bytes()),
        ("twice", b"1".as_slice()),
        ("twice", b"\xff\x00"),
        ("empty", b""),
    ]);
    let full = FutureRecord::to(&topic)
        .key("k")
        .payload(&Raw(b"\x00v\xff"))
        .headers(sent);
    let full = full.timestamp(1_700_000_000_123);
    producer
        .send(full, Duration::from_secs(20))
        .await
        .expect("sent");
    let tombstone = FutureRecord::<str, [u8]>::to(&topic).key("k");
    producer
        .send(tombstone, Duration::from_secs(20))
        .await
        .expect("sent");
    let bare = FutureRecord::<[u8], str>::to(&topic).payload("");
    producer
        .send(bare, Duration::from_secs(20))
        .await
        .expect("sent");

    let records = tokio::task::block_in_place(|| read(&brokers, &topic, 3));
    let [full, tombstone, bare] = records.as_slice() else {
        panic!("three records");
    };
    assert_eq!(
        (full.id, full.offset, full.timestamp_ms),
        (id, 0, 1_700_000_000_123)
    );
    assert_eq!(full.key.as_deref(), Some(b"k".as_slice()));
    assert_eq!(full.value.as_deref(), Some(b"\x00v\xff".as_slice()));
    let found: Vec<_> = full.headers.iter().map(|(n, v)| (&**n, &**v)).collect();
    assert_eq!(
        found[1..],
        [
            ("twice", b"1".as_slice()),
            ("twice", b"\xff\x00"),
            ("empty", b"")
        ]
    );
    assert_eq!(
        (tombstone.value.as_deref(), tombstone.id),
        (None, Uuid::nil())
    );
    assert_eq!(bare.key, None);
    assert_eq!(bare.value.as_deref(), Some(b"".as_slice()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dead_letter_can_be_read_back_as_the_record_it_was() {
    let brokers = TestCluster::any();
    let topic = format!("dead-{}", Uuid::new_v4().simple());
    brokers.create_topic(&topic, 1).await.expect("a topic");
    let producer = brokers.connection().producer().expect("a producer");
    let record = Record {
        topic: "orders".into(),
        partition: 7,
        offset: 42,
        id: Uuid::nil(),
        timestamp_ms: 1_700_000_000_000,
        key: Some("k".into()),
        value: None,
        headers: vec![
            ("own".into(), "1".into()),
            ("dead-letter-reason".into(), "old".into()),
        ],
    };
    let letter = DeadLetter {
        dead_letter_topic: topic.clone(),
        group: "g".to_owned(),
        handler: "h".to_owned(),
        reason: "it burned".to_owned(),
        attempts: 3,
        record: Arc::new(record),
    };
    let produced = FutureRecord::<str, [u8]>::to(&topic).key("k");
    let produced = produced.headers(dead_letter_headers(&letter));
    producer
        .send(produced, Duration::from_secs(20))
        .await
        .expect("sent");
    let records = tokio::task::block_in_place(|| read(&brokers, &topic, 1));
    let back = read_dead_letter(&records[0]).expect("a dead letter");
    assert_eq!((back.reason.as_str(), back.attempts), ("it burned", 3));
    assert_eq!((back.group.as_str(), back.handler.as_str()), ("g", "h"));
    let expected = Record {
        headers: vec![("own".into(), "1".into())],
        ..(*letter.record).clone()
    };
    assert_eq!(*back.record, expected);
    assert!(
        read_dead_letter(&back.record).is_none(),
        "no dead letter itself"
    );
}
