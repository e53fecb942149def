//! Topics, offsets and groups.

use kafka_client::rdkafka::producer::{FutureProducer, FutureRecord};
use kafka_client::{Cluster, Context, Created, TopicSpec};
use kafka_testing::TestCluster;
use std::time::Duration;

fn name(what: &str) -> String {
    format!("{what}-{}", uuid::Uuid::new_v4().simple())
}

async fn produce(producer: &FutureProducer<Context>, topic: &str, key: &str, timestamp_ms: i64) {
    let record = FutureRecord::to(topic)
        .key(key)
        .payload("x")
        .partition(0)
        .timestamp(timestamp_ms);
    let sent = producer.send(record, Duration::from_secs(10)).await;
    sent.expect("produced");
}

#[tokio::test]
async fn topics_are_made_once_with_their_settings() {
    let brokers = match TestCluster::real() {
        Ok(brokers) => brokers,
        Err(missing) => return println!("skipped: {missing}"),
    };
    let cluster = Cluster::new(&brokers.connection()).expect("a client");
    let topic = name("made");
    let spec = TopicSpec {
        name: topic.clone(),
        partitions: 3,
        replication: -1,
        config: vec![("retention.ms".to_owned(), "123456".to_owned())],
    };
    let specs = [spec];
    assert_eq!(
        cluster.create_topics(&specs).await.expect("made"),
        [Created::New]
    );
    assert_eq!(
        cluster.create_topics(&specs).await.expect("there"),
        [Created::Existed]
    );
    let described = cluster.describe(&topic).await.expect("described");
    assert_eq!(described.partitions, 3);
    assert_eq!(described.config["retention.ms"], "123456");
    cluster.delete_topics(&[&topic]).await.expect("deleted");
}

#[tokio::test]
async fn a_group_stands_where_it_was_put() {
    let brokers = match TestCluster::real() {
        Ok(brokers) => brokers,
        Err(missing) => return println!("skipped: {missing}"),
    };
    let cluster = Cluster::new(&brokers.connection()).expect("a client");
    let (topic, group) = (name("offsets"), name("group"));
    brokers.create_topic(&topic, 2).await.expect("a topic");
    let producer = brokers.connection().producer().expect("a producer");
    for n in 0..5 {
        produce(&producer, &topic, "k", 1_000_000 + n * 1000).await;
    }
    let topics = [topic.clone()];
    let partitions = cluster.partitions(&topics).await.expect("partitions");
    assert_eq!(partitions.len(), 2);
    let found = cluster
        .offsets_at(&partitions, 1_002_500)
        .await
        .expect("offsets");
    assert_eq!((found[&partitions[0]], found[&partitions[1]]), (3, 0));

    let lag = cluster.lag(&group, &topics).await.expect("lag");
    assert_eq!((lag[0].committed, lag[0].records()), (None, 5));
    cluster.commit(&group, &found).await.expect("committed");
    let lag = cluster.lag(&group, &topics).await.expect("lag");
    assert_eq!((lag[0].committed, lag[0].records()), (Some(3), 2));
    assert_eq!((lag[1].committed, lag[1].records()), (Some(0), 0));
}
