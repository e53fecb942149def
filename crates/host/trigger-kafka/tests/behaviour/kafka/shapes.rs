//! Records of unusual shape.

use std::time::Duration;

use kafka_client::rdkafka::producer::{FutureProducer, FutureRecord, Producer as _};
use kafka_client::{TopicSpec, read_dead_letter};
use serde_json::json;

use super::harness::{start, succeed, with, with_real};

#[tokio::test(flavor = "multi_thread")]
async fn tombstones_and_records_without_a_key_are_handled_as_they_are() {
    with(1, async |world| {
        let tombstone = FutureRecord::<str, str>::to(&world.topic).key("a");
        let send = async |record: FutureRecord<'_, str, str>| {
            let sent = world.producer.send(record, Duration::from_secs(30)).await;
            sent.expect("produced");
        };
        send(tombstone).await;
        let value = succeed().to_string();
        for _ in 0..3 {
            send(FutureRecord::<str, str>::to(&world.topic).payload(&value)).await;
        }
        let host = world.host("host", "").await;
        world.until_committed().await;
        let handled = host.stop().await;
        let mut keys: Vec<_> = handled.iter().map(|handled| handled.key.as_str()).collect();
        keys.sort_unstable();
        assert_eq!(keys, ["-", "-", "-", "a"]);
        assert!(world.records(&world.dead_letter_topic()).await.is_empty());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_of_the_largest_size_a_topic_allows_is_handled_and_can_be_a_dead_letter() {
    with_real(1, async |world| {
        const LIMIT: usize = 8 << 20;
        let big = format!("{}-big", world.topic);
        let spec = TopicSpec {
            name: big.clone(),
            partitions: 1,
            replication: 1,
            config: vec![("max.message.bytes".to_owned(), LIMIT.to_string())],
        };
        let created = world.cluster.create_topics(&[spec]).await;
        created.expect("a topic");
        // The batch's and the record's own fields take a little of it.
        let fill = |order: &str| {
            let order = format!("{{\"do\":\"{order}\",\"fill\":\"");
            let rest = LIMIT - 300 - order.len();
            format!("{order}{}\"}}", "x".repeat(rest))
        };
        let handled = world.append_to(&big, "a", &fill("succeed")).await;
        let rejected = world.append_to(&big, "a", &fill("reject")).await;
        let lines = format!("topics = [\"{big}\"]\ngroup = \"{}\"", world.group);
        let host = start(&world.manifest_of("host", "", &lines)).await;
        host.until_handled(&handled).await;
        host.until_handled(&rejected).await;
        let behind = world
            .append_to(&big, "a", &json!({"do": "succeed"}).to_string())
            .await;
        host.until_handled(&behind).await;
        host.stop().await;
        // The topic of dead letters has the cluster's own limit, which is smaller.
        let letters = world.records(&format!("{big}.dead-letter")).await;
        let letter = read_dead_letter(&letters[0]).expect("a dead letter");
        assert_eq!(letter.record.id.to_string(), rejected);
        assert_eq!(letter.record.value, None, "it has no room for the value");
        let omitted = letters[0].header("dead-letter-value-omitted-bytes");
        assert!(omitted.is_some());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn records_of_a_transaction_are_handled_once_it_is_committed_and_never_if_it_is_aborted() {
    with_real(1, async |world| {
        const LIMIT: Duration = Duration::from_secs(30);
        let mut config = world.connection.producer_config().expect("valid");
        config.set("transactional.id", &world.group);
        let producer: FutureProducer = config.create().expect("a producer");
        producer.init_transactions(LIMIT).expect("a new one");
        let write = async |key: &str| {
            let order = succeed().to_string();
            let record = FutureRecord::to(&world.topic).key(key).payload(&order);
            let sent = producer.send(record, LIMIT).await;
            sent.map_err(|(error, _)| error).expect("produced");
        };
        let host = world.host("host", "").await;
        producer.begin_transaction().expect("begun");
        write("aborted").await;
        write("aborted").await;
        producer.abort_transaction(LIMIT).expect("aborted");

        producer.begin_transaction().expect("begun");
        write("committed").await;
        let behind = world.append("behind", succeed()).await;
        tokio::time::sleep(Duration::from_secs(1)).await;
        assert_eq!(host.handled(), [], "the transaction is open");
        producer.commit_transaction(LIMIT).expect("committed");
        host.until_handled(&behind).await;
        world.append("last", succeed()).await;
        world.until_committed().await;
        let handled = host.stop().await;
        let mut keys: Vec<_> = handled.iter().map(|handled| handled.key.as_str()).collect();
        keys.sort_unstable();
        assert_eq!(keys, ["behind", "committed", "last"]);
    })
    .await;
}
