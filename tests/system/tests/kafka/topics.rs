//! `taskwhisper topics create`.

use kafka_client::{Cluster, Connection, TopicSpec};
use serde_json::{Value, json};
use system_tests::eventually;

const DAY_MS: i64 = 24 * 3600 * 1000;
const LETTERS: &str = "task-events.dead-letter";

fn of<'l>(lines: &'l [Value], topic: &str) -> &'l Value {
    let line = lines.iter().find(|line| line["topic"] == topic);
    line.expect("a line for the topic")
}

#[tokio::test(flavor = "multi_thread")]
async fn topics_that_are_missing_are_made_and_the_others_are_shown_as_they_are() {
    let Some(system) = crate::system().await else {
        return;
    };
    let connection = Connection::plain(system.brokers());
    let cluster = Cluster::new(&connection).expect("a client");
    // The host makes them, too.
    eventually("the topics", async || {
        let topics = cluster.topics().await.expect("the broker answers");
        topics
            .iter()
            .any(|topic| topic.name == LETTERS)
            .then_some(())
    })
    .await;
    cluster.delete_topics(&[LETTERS]).await.expect("it goes");

    let made = system.run(&["topics", "create"]);
    let expected =
        json!({"topic": LETTERS, "partitions": 1, "retention_ms": 30 * DAY_MS, "created": true});
    assert_eq!(of(&made, LETTERS), &expected);
    assert_eq!(of(&made, "task-events")["created"], false);
    assert_eq!(of(&made, "task-events")["retention_ms"], 7 * DAY_MS);

    // As the trigger makes it where nobody did before.
    cluster.delete_topics(&[LETTERS]).await.expect("it goes");
    let spec = TopicSpec {
        name: LETTERS.to_owned(),
        partitions: 2,
        replication: 1,
        config: vec![("retention.ms".to_owned(), "-1".to_owned())],
    };
    cluster.create_topics(&[spec]).await.expect("it is made");
    let seen = system.run(&["topics", "create"]);
    let expected = json!({"topic": LETTERS, "partitions": 2, "retention_ms": -1, "created": false});
    assert_eq!(of(&seen, LETTERS), &expected);
    let table = system.try_run(&["topics", "create"]).expect("a table");
    let line = table.lines().find(|line| line.starts_with(LETTERS));
    let line = line.expect("a line for the topic");
    assert!(
        line.contains("for ever") && line.contains("1 partitions were wanted"),
        "{line}"
    );
}
