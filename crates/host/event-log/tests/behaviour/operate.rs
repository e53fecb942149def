//! What an operator's commands do, against a real Postgres.

use crate::harness::{Database, append, group, next_records, read, until_below_horizon, within};
use event_log::EventLog;
use event_log::operate::{DeadLetterFilter, From, Operator};
use records::DeadLetter;
use serde_json::json;
use std::sync::Arc;

async fn operator(database: &Database) -> Operator {
    Operator::connect(&database.url).await.expect("connect")
}

#[tokio::test(flavor = "multi_thread")]
async fn lag_counts_what_a_group_has_not_handled_and_says_whether_it_is_there() {
    let Some(database) = Database::create().await else {
        return;
    };
    let client = database.client().await;
    let log = database.log().await;
    for n in 0..3 {
        append(&client, "orders", "k", &json!(n)).await;
    }
    let mut consumer = log.consume(group("g", &["orders"])).unwrap();
    let records = read(&mut consumer, 3).await;
    let operator = operator(&database).await;
    assert_eq!(operator.topics().await.unwrap(), ["orders"]);
    let behind = async |expected: u64| {
        within(async {
            loop {
                let lags = operator.lag().await.unwrap();
                assert!(lags.iter().all(|lag| lag.group == "g" && lag.members == 1));
                if lags.iter().map(|lag| lag.records).sum::<u64>() == expected {
                    break lags;
                }
            }
        })
        .await
    };
    let lags = behind(3).await;
    assert_eq!(lags.len(), 8, "one line for each partition");
    let late = lags.iter().find(|lag| lag.records > 0).unwrap();
    assert!(late.oldest_s.is_some_and(|seconds| seconds >= 0.0));
    consumer.commit(&records[1].partition, records[1].tag);
    behind(1).await;

    assert!(
        !operator.forget_group("g").await.unwrap(),
        "it has a member"
    );
    within(consumer.close()).await;
    within(async { while !operator.forget_group("g").await.unwrap() {} }).await;
    assert!(operator.lag().await.unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_group_that_is_moved_back_handles_records_again_while_it_runs() {
    let Some(database) = Database::create().await else {
        return;
    };
    let client = database.client().await;
    let log = database.log().await;
    let mut ids = Vec::new();
    for n in 0..4 {
        ids.push(append(&client, "orders", "k", &json!(n)).await);
    }
    let mut consumer = log.consume(group("g", &["orders"])).unwrap();
    let records = read(&mut consumer, 4).await;
    let last = &records[3];
    consumer.commit(&last.partition, last.tag);
    let operator = operator(&database).await;
    until_below_horizon(&client).await;

    let seen = async |consumer: &mut event_log::Consumer, count| {
        let again = read(consumer, count).await;
        let seen: Vec<_> = again.iter().map(|fetched| fetched.record.id).collect();
        let last = &again[count - 1];
        consumer.commit(&last.partition, last.tag);
        seen
    };
    let moved = operator
        .replay("g", "orders", From::Beginning)
        .await
        .unwrap();
    assert_eq!(moved.len(), 8);
    assert_eq!(moved.iter().map(|moved| moved.records).sum::<u64>(), 4);
    assert_eq!(seen(&mut consumer, 4).await, ids);

    let from = From::Offset(records[2].record.offset);
    operator.replay("g", "orders", from).await.unwrap();
    assert_eq!(seen(&mut consumer, 2).await, ids[2..]);

    let time: chrono::DateTime<chrono::Utc> = client
        .query_one("SELECT created_at FROM outbox WHERE id = $1", &[&ids[1]])
        .await
        .unwrap()
        .get(0);
    operator
        .replay("g", "orders", From::Time(time))
        .await
        .unwrap();
    assert_eq!(seen(&mut consumer, 3).await, ids[1..]);

    let moved = operator
        .replay("g", "unread", From::Beginning)
        .await
        .unwrap();
    assert!(moved.is_empty());
}

async fn dead_lettered(log: &Arc<EventLog>, consumer: &mut event_log::Consumer) -> DeadLetter {
    let fetched = next_records(consumer).await.remove(0);
    let letter = DeadLetter {
        dead_letter_topic: "orders.dead-letter".to_owned(),
        group: "g".to_owned(),
        handler: "h".to_owned(),
        reason: "because".to_owned(),
        attempts: 3,
        record: fetched.record.clone(),
    };
    log.dead_letter(&letter).await.unwrap();
    consumer.commit(&fetched.partition, fetched.tag);
    letter
}

#[tokio::test(flavor = "multi_thread")]
async fn a_letter_is_redriven_once_as_the_same_event() {
    let Some(database) = Database::create().await else {
        return;
    };
    let client = database.client().await;
    let log = database.log().await;
    append(&client, "orders", "k", &json!({"n": 1})).await;
    let mut consumer = log.consume(group("g", &["orders"])).unwrap();
    let letter = dead_lettered(&log, &mut consumer).await;

    let operator = operator(&database).await;
    let all = DeadLetterFilter {
        redriven: true,
        limit: 10,
        ..DeadLetterFilter::default()
    };
    let letters = operator.dead_letters(&all).await.unwrap();
    assert_eq!(letters.len(), 1);
    assert_eq!(letters[0].reason, "because");
    assert_eq!(letters[0].key.as_deref(), Some("k"));
    assert!(letters[0].redriven_at.is_none());

    // Many at once: one of them does it.
    let id = letters[0].id;
    let attempts = (0..8).map(|_| async { operator.redrive(id).await.unwrap() });
    let done = futures::future::join_all(attempts).await;
    assert_eq!(done.iter().filter(|done| **done).count(), 1);
    assert!(!operator.redrive(id + 1).await.unwrap(), "no such letter");

    let again = next_records(&mut consumer).await;
    assert_eq!(again.len(), 1);
    let (record, first) = (&again[0].record, &letter.record);
    assert_ne!(record.offset, first.offset);
    assert_eq!(record.value, first.value);
    assert_eq!((&record.key, &record.topic), (&first.key, &first.topic));
    let sorted = |record: &records::Record| {
        let mut headers = record.headers.clone();
        headers.sort();
        headers
    };
    assert_eq!(sorted(record), sorted(first), "its id and time among them");

    let letters = operator.dead_letters(&all).await.unwrap();
    assert!(letters[0].redriven_at.is_some());
    let pending = DeadLetterFilter {
        limit: 10,
        ..DeadLetterFilter::default()
    };
    assert!(operator.dead_letters(&pending).await.unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_group_is_superseded_only_without_members_and_where_the_other_reads() {
    let Some(database) = Database::create().await else {
        return;
    };
    let client = database.client().await;
    let log = database.log().await;
    for topic in ["orders", "news"] {
        append(&client, topic, "k", &json!(0)).await;
    }
    let mut old = log.consume(group("old", &["orders", "news"])).unwrap();
    read(&mut old, 2).await;
    let mut new = log.consume(group("new", &["orders"])).unwrap();
    read(&mut new, 1).await;
    assert!(!log.supersede_group("old", "new").await.unwrap());
    within(old.close()).await;
    within(async { while !log.supersede_group("old", "new").await.unwrap() {} }).await;
    let lags = operator(&database).await.lag().await.unwrap();
    let left = lags.iter().filter(|lag| lag.group == "old");
    assert!(left.clone().all(|lag| &*lag.partition.topic == "news"));
    assert_eq!(left.count(), 8);
}
