//! Topics, offsets and groups.

use kafka_client::rdkafka::mocking::MockCluster;
use kafka_client::rdkafka::producer::{FutureProducer, FutureRecord};
use kafka_client::{Cluster, Connection, Context, Created, TopicSpec};
use std::time::Duration;
use testing::TestCluster;

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

#[tokio::test]
async fn only_kafkas_own_topics_are_left_out_of_lists_and_none_where_it_is_named() {
    let brokers = match TestCluster::real() {
        Ok(brokers) => brokers,
        Err(missing) => return println!("skipped: {missing}"),
    };
    let cluster = Cluster::new(&brokers.connection()).expect("a client");
    let topic = name("__heartbeat");
    brokers.create_topic(&topic, 2).await.expect("a topic");
    let named = [topic.clone()];
    let partitions = cluster.partitions(&named).await.expect("partitions");
    assert_eq!(partitions.len(), 2);
    // With the first group Kafka makes the topic of its offsets.
    let committed = cluster.committed(&name("group"), &partitions).await;
    committed.expect("offsets");
    let own = "__consumer_offsets".to_owned();
    let there = cluster.check(std::slice::from_ref(&own)).await;
    there.expect("it is there");

    let listed = cluster.topics().await.expect("topics");
    let is_listed = |name: &str| listed.iter().any(|topic| topic.name == name);
    assert!(is_listed(&topic) && !is_listed(&own), "{listed:?}");
    cluster.delete_topics(&[&topic]).await.expect("deleted");
}

#[tokio::test]
async fn a_broker_that_is_slow_to_answer_is_waited_for() {
    let broker = MockCluster::new(1).expect("a broker in this process");
    broker.create_topic("orders", 1, 1).expect("a topic");
    // Of every answer: until there is a list of topics, several follow one another.
    let late = Duration::from_millis(700);
    broker.broker_round_trip_time(1, late).expect("slow");
    let connection = Connection::plain(broker.bootstrap_servers());
    let cluster = Cluster::new(&connection).expect("a client");
    let topics = cluster.topics().await.expect("topics");
    assert_eq!(topics[0].name, "orders");
}

#[test]
fn a_question_that_nobody_waits_for_does_not_hold_up_the_end() {
    // Accepts connections, and never says anything.
    let silent = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = silent.local_addr().expect("its address");
    let cluster = Cluster::new(&Connection::plain(address.to_string())).expect("a client");
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let question =
        async { tokio::time::timeout(Duration::from_millis(100), cluster.check(&[])).await };
    runtime.block_on(question).expect_err("no answer");
    // Dropping a runtime waits for what blocks its threads. In one of its own, so that this can fail.
    let (ended, has_ended) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        drop(runtime);
        ended.send(())
    });
    // Less than the question's own patience, 10 s.
    has_ended
        .recv_timeout(Duration::from_secs(8))
        .expect("nothing waits for the answer");
}
