//! The dispatcher's promises, one by one, with time in hand.

use std::time::{Duration, Instant};

use records::RecordBlock;

use super::*;
use crate::handler::{Failure, Handled, Message, Outcome};
use crate::transport::{Delivery, at_offsets};

pub(super) fn config(toml: &str) -> TriggerConfig {
    toml::from_str(&format!(
        "component = 'c'\ntopics = ['t']\nretry = {{ jitter = 0.0 }}\n{toml}"
    ))
    .expect("a valid trigger")
}

pub(super) fn dispatcher(toml: &str) -> Dispatcher {
    let mut dispatcher = Dispatcher::new(config(toml), Meters::new("g", "c"));
    dispatcher.assigned(vec![partition(0)]);
    dispatcher
}

pub(super) fn partition(number: i32) -> TopicPartition {
    TopicPartition {
        topic: "t".into(),
        partition: number,
    }
}

pub(super) fn run(number: i32, deliveries: Vec<Delivery>) -> Vec<Run> {
    vec![Run {
        partition: partition(number),
        deliveries,
    }]
}

pub(super) fn delivery(number: i32, key: Option<&str>, offset: i64) -> Delivery {
    let mut block = RecordBlock::new("t".into(), number, 1, 0);
    block.push(offset, 0, key.map(str::as_bytes), None);
    block.push_header("ce_type", b"wanted");
    let delivery = at_offsets(&Arc::new(block)).next();
    delivery.expect("one")
}

fn keyed(records: &[(&str, i64)]) -> Vec<Run> {
    let deliveries = records
        .iter()
        .map(|(key, offset)| delivery(0, Some(key), *offset));
    run(0, deliveries.collect())
}

fn offsets(messages: &[Message]) -> Vec<i64> {
    messages.iter().map(|m| m.record.offset()).collect()
}

fn next(dispatcher: &mut Dispatcher, now: Instant) -> (BatchId, Vec<i64>) {
    let batch = dispatcher.next_batch(now).expect("a batch");
    (batch.id, offsets(&batch.messages))
}

fn done(count: usize) -> Result<Vec<Outcome>, Failure> {
    Ok(vec![Outcome::Done; count])
}

fn retry() -> Outcome {
    Outcome::Retry("why".to_owned())
}

fn commits(dispatcher: &mut Dispatcher) -> Vec<u64> {
    let effects = dispatcher.effects();
    let commits = effects.iter().filter_map(|effect| match effect {
        Effect::Commit(_, Position(position)) => Some(*position),
        _ => None,
    });
    commits.collect()
}

fn failed_record(dispatcher: &mut Dispatcher) -> FailedRecord {
    let failed_record = dispatcher
        .effects()
        .into_iter()
        .find_map(|effect| match effect {
            Effect::DeadLetter(failed_record) => Some(failed_record),
            _ => None,
        });
    failed_record.expect("a dead letter")
}

fn released(dispatcher: &mut Dispatcher) -> bool {
    let effects = dispatcher.effects();
    effects
        .iter()
        .any(|effect| matches!(effect, Effect::Release(_)))
}

#[test]
fn records_that_are_there_go_in_one_batch_with_those_of_a_key_together() {
    let now = Instant::now();
    let mut d = dispatcher("concurrency = 1");
    d.arrived(keyed(&[("a", 1), ("b", 2), ("a", 3)]), now);
    let (id, batch) = next(&mut d, now);
    assert_eq!(batch, [1, 3, 2]);
    d.handled(id, done(3), now);
    assert_eq!(commits(&mut d).last(), Some(&3));
}

#[test]
fn records_are_spread_over_the_calls_that_are_free() {
    let now = Instant::now();
    let mut d = dispatcher("concurrency = 2");
    d.arrived(keyed(&[("a", 1), ("b", 2), ("c", 3), ("d", 4)]), now);
    assert_eq!(next(&mut d, now).1, [1, 2]);
    assert_eq!(next(&mut d, now).1, [3, 4]);
    d.arrived(keyed(&[("e", 5)]), now);
    assert!(d.next_batch(now).is_none(), "no more calls at once");
}

#[test]
fn a_key_has_one_call_in_flight_and_other_keys_do_not_wait_for_it() {
    let now = Instant::now();
    let mut d = dispatcher("concurrency = 3");
    d.arrived(keyed(&[("a", 1)]), now);
    let (first, _) = next(&mut d, now);
    d.arrived(keyed(&[("a", 2), ("b", 3)]), now);
    let (second, batch) = next(&mut d, now);
    assert_eq!(batch, [3]);
    assert!(d.next_batch(now).is_none());
    d.handled(second, done(1), now);
    assert_eq!(commits(&mut d), [0_u64; 0], "the gap is not committed over");
    d.handled(first, done(1), now);
    assert_eq!(commits(&mut d), [1]);
    assert_eq!(next(&mut d, now).1, [2]);
}

#[test]
fn a_batch_waits_to_fill_but_not_longer_than_told() {
    let now = Instant::now();
    let mut d = dispatcher("batch = { max_records = 3, max_wait_ms = 50 }\nconcurrency = 1");
    d.arrived(keyed(&[("a", 1), ("b", 2)]), now);
    assert!(d.next_batch(now).is_none());
    let due = now + Duration::from_millis(50);
    assert_eq!(d.next_timer(), Some(due));
    assert_eq!(next(&mut d, due).1, [1, 2]);

    let mut d = dispatcher("batch = { max_records = 3, max_wait_ms = 50 }\nconcurrency = 1");
    d.arrived(keyed(&[("a", 1), ("b", 2), ("c", 3)]), now);
    assert_eq!(next(&mut d, now).1, [1, 2, 3]);
}

#[test]
fn who_waits_for_batches_to_fill_gets_them_whole_and_no_record_waits_longer_than_told() {
    let now = Instant::now();
    let mut d = dispatcher("batch = { max_records = 4, max_wait_ms = 50 }\nconcurrency = 3");
    let records = |first: i64, count: i64| {
        let keys: Vec<_> = (first..first + count).map(|n| n.to_string()).collect();
        let records: Vec<_> = keys.iter().map(String::as_str).zip(first..).collect();
        keyed(&records)
    };
    d.arrived(records(1, 6), now);
    assert_eq!(next(&mut d, now).1, [1, 2, 3, 4]);
    assert!(d.next_batch(now).is_none(), "the others wait to be four");
    let later = now + Duration::from_millis(30);
    d.arrived(records(7, 1), later);
    assert!(d.next_batch(later).is_none());
    let due = now + Duration::from_millis(50);
    assert_eq!(d.next_timer(), Some(due));
    assert_eq!(next(&mut d, due).1, [5, 6, 7]);
}

#[test]
fn a_retried_record_holds_back_its_key_only_and_waits_longer_each_time() {
    let now = Instant::now();
    let mut d = dispatcher("concurrency = 1");
    d.arrived(keyed(&[("a", 1), ("a", 2), ("b", 3)]), now);
    let (id, batch) = next(&mut d, now);
    assert_eq!(batch, [1, 2, 3]);
    // The second record of the key says done, but stands behind the first.
    d.handled(id, Ok(vec![retry(), Outcome::Done, Outcome::Done]), now);
    assert!(d.next_batch(now).is_none());
    let mut at = now;
    for wait_ms in [200, 400, 800] {
        at += Duration::from_millis(wait_ms);
        assert_eq!(d.next_timer(), Some(at));
        d.tick(at);
        let batch = d.next_batch(at).expect("a batch");
        assert_eq!(offsets(&batch.messages), [1, 2]);
        let attempts: Vec<_> = batch.messages.iter().map(|m| m.attempt).collect();
        assert_eq!(attempts[1], 1, "who is held back is not charged");
        d.handled(batch.id, Ok(vec![retry(), retry()]), at);
    }
    assert_eq!(commits(&mut d), [0_u64; 0]);
}

#[test]
fn after_the_last_attempt_a_record_is_dead_lettered_and_the_key_goes_on() {
    let now = Instant::now();
    let mut d = dispatcher("");
    d.config.retry.max_attempts = 2;
    d.arrived(keyed(&[("a", 1), ("a", 2)]), now);
    let (id, _) = next(&mut d, now);
    d.handled(id, Ok(vec![retry(), Outcome::Done]), now);
    let at = now + Duration::from_secs(1);
    d.tick(at);
    let (id, _) = next(&mut d, at);
    d.handled(id, Ok(vec![retry(), Outcome::Done]), at);
    let failed_record = failed_record(&mut d);
    assert_eq!(
        (failed_record.record.offset(), failed_record.attempts),
        (1, 2)
    );
    assert_eq!(failed_record.reason, "why");
    assert!(d.next_batch(at).is_none(), "not before it is kept");
    assert_eq!(commits(&mut d), [0_u64; 0]);
    d.dead_lettered(failed_record.lane, Ok(()), at);
    assert_eq!(commits(&mut d), [1]);
    assert_eq!(next(&mut d, at).1, [2]);
}

#[test]
fn a_rejected_record_is_dead_lettered_at_once_and_tried_again_if_it_cannot_be_kept() {
    let now = Instant::now();
    let mut d = dispatcher("");
    d.arrived(keyed(&[("a", 1)]), now);
    let (id, _) = next(&mut d, now);
    d.handled(id, Ok(vec![Outcome::Reject("bad".to_owned())]), now);
    let failed_record = failed_record(&mut d);
    assert_eq!(
        (failed_record.attempts, failed_record.reason.as_str()),
        (1, "bad")
    );
    d.dead_lettered(failed_record.lane, Err(anyhow::anyhow!("away")), now);
    assert_eq!(commits(&mut d), [0_u64; 0]);
    let later = now + Duration::from_secs(60);
    d.tick(later);
    let (id, batch) = next(&mut d, later);
    assert_eq!(batch, [1]);
    d.handled(id, done(1), later);
    assert_eq!(commits(&mut d), [1]);
}

#[test]
fn only_the_failing_record_of_a_batch_is_charged() {
    let now = Instant::now();
    let mut d = dispatcher("concurrency = 1");
    d.config.retry.max_attempts = 1;
    d.arrived(keyed(&[("a", 1), ("a", 2), ("b", 3), ("c", 4)]), now);
    let (id, batch) = next(&mut d, now);
    assert_eq!(batch.len(), 4);
    d.handled(id, Err(Failure::Handler("trap".to_owned())), now);
    let mut alone = Vec::new();
    while let Some(batch) = d.next_batch(now) {
        assert_eq!(batch.messages.len(), 1, "one by one");
        let message = &batch.messages[0];
        assert_eq!(message.attempt, 1);
        alone.push(message.record.offset());
        let result = match message.record.offset() {
            3 => Err(Failure::Handler("trap".to_owned())),
            _ => done(1),
        };
        d.handled(batch.id, result, now);
    }
    alone.sort_unstable();
    assert_eq!(alone, [1, 2, 3, 4]);
    assert_eq!(failed_record(&mut d).record.offset(), 3);
}

#[test]
fn a_call_the_host_could_not_make_charges_nobody() {
    let now = Instant::now();
    let mut d = dispatcher("");
    d.config.retry.max_attempts = 1;
    d.arrived(keyed(&[("a", 1)]), now);
    let mut at = now;
    for _ in 0..5 {
        d.tick(at);
        let batch = d.next_batch(at).expect("a batch");
        assert_eq!(batch.messages[0].attempt, 1);
        d.handled(batch.id, Err(Failure::Host("full".to_owned())), at);
        at += Duration::from_secs(30);
    }
    assert!(d.effects().is_empty());
}

#[test]
fn what_fails_while_the_handler_has_no_database_is_charged_to_nobody_and_keeps_its_order() {
    let away = |result| Handled {
        result,
        outage: Some("away".to_owned()),
    };
    let now = Instant::now();
    let mut d = dispatcher("concurrency = 1");
    d.config.retry.max_attempts = 1;
    d.config.retry.max_age_ms = 1;
    d.arrived(keyed(&[("a", 1), ("a", 2), ("b", 3)]), now);
    let mut at = now;
    let failures = [
        Ok(vec![Outcome::Done, retry(), retry()]),
        Ok(vec![retry(), Outcome::Done]),
        Err(Failure::Handler("trap".to_owned())),
        Err(Failure::Handler("too late".to_owned())),
    ];
    for (failure, expected) in failures
        .into_iter()
        .zip([&[1, 2, 3][..], &[2, 3], &[2], &[2]])
    {
        d.tick(at);
        let batch = d.next_batch(at).expect("a batch");
        assert_eq!(offsets(&batch.messages), expected);
        assert!(batch.messages.iter().all(|message| message.attempt == 1));
        d.handled(batch.id, away(failure), at);
        assert!(d.next_batch(at).is_none(), "it waits");
        at += Duration::from_secs(30);
    }
    assert_eq!(commits(&mut d), [1]);
    d.tick(at);
    let (id, batch) = next(&mut d, at);
    assert_eq!(batch, [2]);
    d.handled(id, away(done(1).clone()), at);
    assert_eq!(commits(&mut d), [3]);
}

#[test]
fn a_missing_outcome_is_a_retry_and_one_too_many_is_ignored() {
    let now = Instant::now();
    let mut d = dispatcher("concurrency = 1");
    d.arrived(keyed(&[("a", 1), ("b", 2)]), now);
    let (id, _) = next(&mut d, now);
    d.handled(id, done(1), now);
    assert_eq!(commits(&mut d), [1]);
    let later = now + Duration::from_secs(1);
    d.tick(later);
    let (id, batch) = next(&mut d, later);
    assert_eq!(batch, [2]);
    d.handled(id, done(5), later);
    assert_eq!(commits(&mut d), [2]);
}

#[test]
fn records_without_a_key_do_not_wait_for_each_other() {
    let now = Instant::now();
    let mut d = dispatcher("concurrency = 1\nbatch = { max_records = 1 }");
    d.arrived(
        run(0, vec![delivery(0, None, 1), delivery(0, None, 2)]),
        now,
    );
    let (id, _) = next(&mut d, now);
    d.handled(id, Ok(vec![retry()]), now);
    assert_eq!(next(&mut d, now).1, [2]);
}

#[test]
fn records_that_the_filter_refuses_are_committed_without_a_call() {
    let now = Instant::now();
    let mut d = dispatcher("filter = { type = ['other'] }");
    d.arrived(keyed(&[("a", 1), ("b", 2)]), now);
    assert!(d.next_batch(now).is_none());
    assert_eq!(commits(&mut d), [2]);
}

#[test]
fn a_partition_with_too_much_in_flight_is_paused_and_resumed() {
    let now = Instant::now();
    let mut d = dispatcher("concurrency = 1");
    let many: Vec<_> = (1..=MIN_HELD as i64)
        .map(|n| delivery(0, Some(&n.to_string()), n))
        .collect();
    d.arrived(run(0, many), now);
    assert!(matches!(d.effects().as_slice(), [Effect::Pause(_)]));
    let mut resumed = false;
    while let Some(batch) = d.next_batch(now) {
        d.handled(batch.id, done(batch.messages.len()), now);
        resumed |= d.effects().iter().any(|e| matches!(e, Effect::Resume(_)));
    }
    assert!(resumed);
}

#[test]
fn of_several_partitions_only_those_with_too_much_are_paused() {
    let now = Instant::now();
    let mut d = dispatcher("concurrency = 1");
    d.assigned(vec![partition(1)]);
    let records = |number: i32, count: usize| {
        let deliveries = (1..=count as i64).map(|n| delivery(number, Some(&n.to_string()), n));
        run(number, deliveries.collect())
    };
    let paused = |d: &mut Dispatcher| -> Vec<i32> {
        let effects = d.effects().into_iter();
        let paused = effects.filter_map(|effect| match effect {
            Effect::Pause(partition) => Some(partition.partition),
            _ => None,
        });
        paused.collect()
    };
    d.arrived(records(0, MIN_HELD - 10), now);
    assert!(paused(&mut d).is_empty(), "one may use what others leave");
    d.arrived(records(1, 10), now);
    assert_eq!(paused(&mut d), [0]);
    let more = (11..=MIN_HELD as i64 / 2).map(|n| delivery(1, Some(&n.to_string()), n));
    d.arrived(run(1, more.collect()), now);
    assert_eq!(paused(&mut d), [1], "it has had its part");
}

#[test]
fn a_revoked_partition_ends_its_calls_commits_and_is_released() {
    let now = Instant::now();
    let mut d = dispatcher("concurrency = 1\nbatch = { max_records = 1 }");
    d.arrived(keyed(&[("a", 1), ("b", 2)]), now);
    let (id, _) = next(&mut d, now);
    d.revoked(&[partition(0)], now + Duration::from_secs(10));
    assert!(!released(&mut d));
    assert!(d.next_batch(now).is_none(), "nothing new is begun");
    d.handled(id, done(1), now);
    let effects = d.effects();
    assert!(
        matches!(effects.as_slice(), [Effect::Commit(..), Effect::Release(_)]),
        "{effects:?}"
    );
    assert!(d.is_empty() && d.next_timer().is_none());
}

#[test]
fn a_drain_that_takes_too_long_ends_and_the_late_call_changes_nothing() {
    let now = Instant::now();
    let mut d = dispatcher("");
    d.arrived(keyed(&[("a", 1)]), now);
    let (id, _) = next(&mut d, now);
    let until = now + Duration::from_secs(10);
    d.stop(until);
    assert_eq!(d.next_timer(), Some(until));
    d.tick(until);
    assert!(released(&mut d) && d.is_empty());
    d.handled(id, done(1), until);
    assert!(d.effects().is_empty());
}

#[test]
fn a_call_from_before_a_partition_was_lost_does_not_count_for_the_next_ownership() {
    let now = Instant::now();
    let mut d = dispatcher("concurrency = 2");
    d.arrived(keyed(&[("a", 1)]), now);
    let (old, _) = next(&mut d, now);
    d.lost(&[partition(0)]);
    d.assigned(vec![partition(0)]);
    d.arrived(keyed(&[("a", 1)]), now);
    let (new, batch) = next(&mut d, now);
    assert_eq!(batch, [1]);
    d.handled(old, done(1), now);
    assert!(d.effects().is_empty());
    d.handled(new, done(1), now);
    assert_eq!(commits(&mut d), [1]);
}
