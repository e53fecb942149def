//! What becomes of records that fail, and of those behind them.

use serde_json::json;

use super::harness::{succeed, with};

const QUICK: &str = "retry = { max_attempts = 4, initial_ms = 20, max_ms = 40 }\ndeadline_ms = 500";

#[tokio::test(flavor = "multi_thread")]
async fn a_handler_that_fails_three_times_and_then_works_loses_nothing() {
    with(async |world| {
        let host = world.host("host", QUICK).await;
        let failing = world
            .append("a", json!({"do": "fail-until", "attempt": 4}))
            .await;
        let behind = world.append("a", succeed()).await;
        host.log.wake();
        world.until_committed().await;
        assert_eq!(host.attempts(failing), [1, 2, 3, 4]);
        let handled = host.stop().await;
        assert_eq!(handled.last().map(|last| last.id), Some(behind));
        assert!(world.dead_letters().await.is_empty());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_that_always_fails_becomes_a_dead_letter_and_its_key_goes_on() {
    with(async |world| {
        let host = world.host("host", QUICK).await;
        let failing = world
            .append("a", json!({"do": "fail-until", "attempt": 99}))
            .await;
        let behind = world.append("a", succeed()).await;
        let beside = world.append("b", succeed()).await;
        host.log.wake();
        host.until_handled(beside).await;
        assert!(host.attempts(failing).len() < 4, "other keys do not wait");
        world.until_committed().await;
        assert_eq!(host.attempts(failing), [1, 2, 3, 4]);
        assert_eq!(host.attempts(behind).len(), 1);
        let reason = "told to fail until attempt 99".to_owned();
        assert_eq!(world.dead_letters().await, [(failing, 4, reason)]);
        host.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rejected_record_and_one_that_cannot_be_read_become_dead_letters_at_once() {
    with(async |world| {
        let host = world.host("host", QUICK).await;
        let rejected = world.append("a", json!({"do": "reject"})).await;
        let unreadable = world.append("a", json!({"do": "juggle"})).await;
        let behind = world.append("a", succeed()).await;
        host.log.wake();
        world.until_committed().await;
        let letters = world.dead_letters().await;
        assert_eq!(letters.len(), 2);
        assert_eq!(letters[0], (rejected, 1, "told to reject".to_owned()));
        assert_eq!((letters[1].0, letters[1].1), (unreadable, 1));
        assert!(
            letters[1].2.contains("unknown variant `juggle`"),
            "{}",
            letters[1].2
        );
        assert_eq!(host.attempts(behind), [1]);
        host.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_that_traps_or_hangs_takes_nobody_with_it() {
    with(async |world| {
        // Everything is there before the host starts: one batch holds them all.
        let mut good = Vec::new();
        for n in 0..10 {
            good.push(world.append(&format!("key-{n}"), succeed()).await);
        }
        let trapping = world.append("a", json!({"do": "trap"})).await;
        let hanging = world.append("b", json!({"do": "spin"})).await;
        good.push(world.append("a", succeed()).await);
        good.push(world.append("b", succeed()).await);
        let lines = "concurrency = 1\ndeadline_ms = 300\n\
                     retry = { max_attempts = 2, initial_ms = 20, max_ms = 40 }";
        let host = world.host("host", lines).await;
        world.until_committed().await;
        let mut letters = world.dead_letters().await;
        letters.sort();
        assert_eq!(letters.len(), 2, "{letters:?}");
        assert_eq!((letters[0].0, letters[0].1), (trapping, 2));
        assert!(
            letters[0].2.contains("the guest failed"),
            "{}",
            letters[0].2
        );
        assert_eq!((letters[1].0, letters[1].1), (hanging, 2));
        assert!(
            letters[1].2.contains("did not answer within"),
            "{}",
            letters[1].2
        );
        for id in good {
            let attempts = host.attempts(id);
            assert!(
                attempts.iter().all(|attempt| *attempt == 1),
                "charged: {attempts:?}"
            );
            assert!(!attempts.is_empty());
        }
        host.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn records_the_filter_refuses_are_passed_over_without_a_call() {
    with(async |world| {
        let host = world
            .host("host", "filter = { type = ['something.else'] }")
            .await;
        world.append("a", json!({"do": "trap"})).await;
        host.log.wake();
        world.until_committed().await;
        assert!(host.stop().await.is_empty());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_ends_what_is_in_flight_and_leaves_the_rest_to_the_next_start() {
    with(async |world| {
        let host = world
            .host("host", "concurrency = 1\nbatch = { max_records = 1 }")
            .await;
        let begun = world.append("a", json!({"do": "sleep", "ms": 400})).await;
        let waiting = world.append("a", succeed()).await;
        host.log.wake();
        host.until_handled(begun).await;
        let handled = host.stop().await;
        assert_eq!(handled.len(), 1, "nothing new is begun");
        let host = world.host("next", "").await;
        world.until_committed().await;
        let handled: Vec<_> = host.stop().await.iter().map(|handled| handled.id).collect();
        assert_eq!(
            handled,
            [waiting],
            "what was in flight is not handled again"
        );
    })
    .await;
}
