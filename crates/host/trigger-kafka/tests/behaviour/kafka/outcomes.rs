//! What becomes of records that fail, and of those behind them.

use std::time::Duration;

use kafka_client::rdkafka::producer::FutureRecord;
use kafka_client::read_dead_letter;
use serde_json::json;
use testing::eventually;

use super::counters::{count, counted, gauge, outcomes};
use super::harness::{succeed, with};

const QUICK: &str = "retry = { max_attempts = 4, initial_ms = 20, max_ms = 40 }\ndeadline_ms = 500";

#[tokio::test(flavor = "multi_thread")]
async fn a_handler_that_fails_three_times_and_then_works_loses_nothing() {
    with(2, async |world| {
        let host = world.host("host", QUICK).await;
        let failing = json!({"do": "fail-until", "attempt": 4});
        let failing = world.append("a", failing).await;
        let behind = world.append("a", succeed()).await;
        world.until_committed().await;
        assert_eq!(host.attempts(&failing), [1, 2, 3, 4]);
        let handled = host.stop().await;
        assert_eq!(handled.last().map(|last| &last.id), Some(&behind));
        assert!(world.records(&world.dead_letter_topic()).await.is_empty());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_that_always_fails_becomes_a_dead_letter_and_its_key_goes_on() {
    with(1, async |world| {
        let host = world.host("host", QUICK).await;
        let failing = json!({"do": "fail-until", "attempt": 99});
        let failing = world.append("a", failing).await;
        let behind = world.append("a", succeed()).await;
        let beside = world.append("b", succeed()).await;
        host.until_handled(&beside).await;
        world.until_committed().await;
        assert_eq!(host.attempts(&failing), [1, 2, 3, 4]);
        assert_eq!(host.attempts(&behind).len(), 1);

        let letters = world.records(&world.dead_letter_topic()).await;
        assert_eq!(letters.len(), 1);
        let letter = read_dead_letter(&letters[0]).expect("a dead letter");
        assert_eq!(letter.reason, "told to fail until attempt 99");
        assert_eq!((letter.attempts, letter.handler.as_str()), (4, "probe"));
        assert_eq!(letter.group, world.group);
        let original = &letter.record;
        assert_eq!(
            (&*original.topic, original.offset),
            (world.topic.as_str(), 0)
        );
        assert_eq!(original.id.to_string(), failing);
        assert_eq!(original.key.as_deref(), Some(b"a".as_slice()));
        host.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_poison_record_never_stops_its_partition() {
    with(1, async |world| {
        let mut good = Vec::new();
        for n in 0..10 {
            good.push(world.append(&format!("key-{n}"), succeed()).await);
        }
        let rejected = world.append("a", json!({"do": "reject"})).await;
        let unreadable = world.append_to(&world.topic, "a", "no json").await;
        let trapping = world.append("b", json!({"do": "trap"})).await;
        let hanging = world.append("c", json!({"do": "spin"})).await;
        for key in ["a", "b", "c"] {
            good.push(world.append(key, succeed()).await);
        }
        let lines = "concurrency = 1\ndeadline_ms = 300\n\
                     retry = { max_attempts = 2, initial_ms = 20, max_ms = 40 }";
        let host = world.host("host", lines).await;
        world.until_committed().await;
        let letters = world.records(&world.dead_letter_topic()).await;
        let letters: Vec<_> = letters.iter().filter_map(read_dead_letter).collect();
        let of = |id: &str| {
            let found = letters.iter().find(|l| l.record.id.to_string() == id);
            let letter = found.expect("a dead letter");
            (letter.attempts, letter.reason.clone())
        };
        assert_eq!(letters.len(), 4, "{letters:?}");
        assert_eq!(of(&rejected), (1, "told to reject".to_owned()));
        assert_eq!(of(&unreadable).0, 1);
        assert!(of(&trapping).1.contains("the guest failed"));
        assert!(of(&hanging).1.contains("did not answer within"));
        for id in good {
            assert!(host.attempts(&id).iter().all(|attempt| *attempt == 1));
            assert!(!host.attempts(&id).is_empty());
        }
        host.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_that_fails_and_is_too_old_is_not_tried_again() {
    with(1, async |world| {
        let failing = json!({"do": "fail-until", "attempt": 99});
        let failing = world.append("a", failing).await;
        let lines = "retry = { max_attempts = 50, initial_ms = 50, max_ms = 50, max_age_ms = 1 }";
        let host = world.host("host", lines).await;
        world.until_committed().await;
        assert_eq!(host.attempts(&failing), [1]);
        let letters = world.records(&world.dead_letter_topic()).await;
        let letter = read_dead_letter(&letters[0]).expect("a dead letter");
        assert!(
            letter.reason.contains("older than 1 ms"),
            "{}",
            letter.reason
        );
        host.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn records_the_filter_refuses_are_committed_without_a_call() {
    with(3, async |world| {
        let lines = "filter = { type = ['something.else'] }";
        let host = world.host("host", lines).await;
        for n in 0..20 {
            world
                .append(&format!("key-{n}"), json!({"do": "trap"}))
                .await;
        }
        world.until_committed().await;
        assert!(host.stop().await.is_empty());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_ends_what_is_in_flight_and_leaves_the_rest_to_the_next_start() {
    with(1, async |world| {
        let lines = "concurrency = 1\nbatch = { max_records = 1 }";
        let host = world.host("host", lines).await;
        let begun = world.append("a", json!({"do": "sleep", "ms": 600})).await;
        let waiting = world.append("a", succeed()).await;
        host.until_handled(&begun).await;
        let handled = host.stop().await;
        assert_eq!(handled.len(), 1, "nothing new is begun");
        let committed = world.lag().await[0].committed;
        assert_eq!(committed, Some(1), "what ended is committed before leaving");
        let host = world.host("next", "").await;
        world.until_committed().await;
        let handled: Vec<_> = host.stop().await.into_iter().map(|h| h.id).collect();
        assert_eq!(
            handled,
            [waiting],
            "what was in flight is not handled again"
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn records_that_come_one_by_one_are_handled_together_by_a_group_that_waits() {
    with(2, async |world| {
        count();
        let lines = "batch = { max_records = 100, max_wait_ms = 3000 }";
        let host = world.host("host", lines).await;
        let mut last = String::new();
        for n in 0..40 {
            last = world.append(&format!("key-{n}"), succeed()).await;
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        host.until_handled(&last).await;
        world.until_committed().await;
        assert_eq!(host.stop().await.len(), 40);
        let calls = counted("kafka_trigger_batches_total", &world.group);
        assert!(calls <= 4, "{calls} calls");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_fails_does_not_hold_back_the_others_of_a_full_partition() {
    with(1, async |world| {
        let lines = "batch = { max_records = 5 }\nconcurrency = 2\n\
                     retry = { max_attempts = 6, initial_ms = 300, max_ms = 600, jitter = 0.0 }";
        let failing = json!({"do": "fail-until", "attempt": 4});
        let failing = world.append("a", failing).await;
        let mut last = String::new();
        for n in 0..2000 {
            last = world.append(&format!("key-{}", n % 50), succeed()).await;
        }
        let host = world.host("host", lines).await;
        host.until_handled(&last).await;
        assert!(host.attempts(&failing).len() < 4, "the others did not wait");
        world.until_committed().await;
        assert_eq!(host.attempts(&failing), [1, 2, 3, 4]);
        assert_eq!(
            host.stop().await.len(),
            2004,
            "each once, and three retries"
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_group_counts_what_becomes_of_its_records() {
    with(1, async |world| {
        count();
        let orders = [
            json!({"do": "succeed"}),
            json!({"do": "succeed"}),
            json!({"do": "sleep", "ms": 1}),
            json!({"do": "fail-until", "attempt": 2}),
            json!({"do": "fail-until", "attempt": 99}),
            json!({"do": "reject"}),
            json!({"do": "trap"}),
        ];
        for (key, order) in orders.into_iter().enumerate() {
            world.append(&key.to_string(), order).await;
        }
        let untyped = FutureRecord::to(&world.topic).key("untyped").payload("");
        let sent = world.producer.send(untyped, Duration::from_secs(30)).await;
        sent.expect("produced");

        // All seven are one batch, which the trap fails; then each goes alone.
        let lines = "concurrency = 1\nbatch = { max_records = 7, max_wait_ms = 4000 }\n\
                     retry = { max_attempts = 2, initial_ms = 20, max_ms = 40 }\n\
                     filter = { type = ['thing.happened'] }";
        let host = world.host("host", lines).await;
        world.until_committed().await;
        let group = world.group.as_str();
        let total = |name: &str| counted(&format!("kafka_trigger_{name}"), group);
        assert_eq!((total("records_total"), total("filtered_total")), (8, 1));
        assert_eq!(total("failed_batches_total"), 1);
        let retries = outcomes("retry", group);
        assert_eq!(retries, 3, "a record's last attempt is no retry");
        assert_eq!(total("batches_total"), 1 + 7 + retries);
        assert_eq!(total("handler_seconds"), total("batches_total"));
        assert_eq!(total("delay_seconds"), 7, "the first call of each record");
        assert_eq!(outcomes("done", group), 4);
        assert_eq!(outcomes("reject", group), 1);
        assert_eq!(total("dead_letters_total"), 3);
        assert_eq!(total("rebalances_total"), 1, "the partition came");

        // The lag, while a call lasts longer than it takes to be asked for, and when nothing is left.
        let slow = json!({"do": "sleep", "ms": 13_000});
        world.append("a", slow).await;
        for _ in 0..4 {
            world.append("a", succeed()).await;
        }
        for records in [5.0, 0.0] {
            eventually(&format!("a lag of {records}"), async || {
                (gauge("kafka_trigger_lag_records", group) == Some(records)).then_some(())
            })
            .await;
        }
        host.stop().await;
    })
    .await;
}
