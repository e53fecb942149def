//! The cron trigger with real guests; leases and last ticks in a real Postgres.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod harness;

use testing::Database;

use crate::harness::{event_log, prepare, start};

#[tokio::test(flavor = "multi_thread")]
async fn a_job_fires_on_each_tick_whether_its_export_is_async_or_not() {
    for guest in ["cron-probe", "cron-sync"] {
        let host = start(guest, "", None).await;
        host.until_ticks(3).await;
        let ticks = host.stop().await;
        // A busy machine may leave one out.
        assert!(ticks.is_sorted_by(|a, b| a < b), "{guest}: {ticks:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_fails_traps_or_hangs_does_not_stop_the_next() {
    for what in ["fail", "trap", "spin"] {
        let lines = format!("environment = {{ CRON_PROBE = \"{what}\" }}");
        let host = start("cron-probe", &lines, None).await;
        host.until_ticks(2).await;
        let ticks = host.stop().await;
        // A run that hangs takes its whole deadline; ticks meanwhile are skipped, not queued.
        let least = if what == "spin" { 2 } else { 1 };
        assert!(ticks[1] - ticks[0] >= least, "{what}: {ticks:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_hosts_one_fires_and_the_other_takes_over() {
    let Some(database) = Database::migrated().await else {
        return;
    };
    let (first_log, second_log) = (event_log(&database).await, event_log(&database).await);
    let first = start("cron-probe", "", Some(&first_log)).await;
    first.until_ticks(1).await;
    let second = start("cron-probe", "", Some(&second_log)).await;
    first.until_ticks(4).await;
    assert!(second.ticks().is_empty());
    let mut ticks = first.stop().await;
    second.until_ticks(2).await;
    ticks.extend(second.stop().await);
    assert!(ticks.is_sorted_by(|a, b| a < b), "none twice: {ticks:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn ticks_that_were_missed_are_made_up_for_by_one_run() {
    let Some(database) = Database::migrated().await else {
        return;
    };
    let (client, log) = (database.client().await, event_log(&database).await);
    let host = start("cron-probe", "", Some(&log)).await;
    host.until_ticks(1).await;
    let before = host.stop().await;
    client
        .execute(
            "UPDATE cron_ticks SET last_tick = last_tick - interval '1 hour'",
            &[],
        )
        .await
        .expect("a long night");
    let host = start("cron-probe", "", Some(&log)).await;
    host.until_ticks(2).await;
    let after = host.stop().await;
    assert!(
        after[0] >= before[0],
        "for the latest tick: {before:?} {after:?}"
    );
    assert!(after[1] > after[0], "once: {after:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_mistake_is_listed_with_its_trigger() {
    let lines = "[[trigger.cron]]\ncomponent = \"probe\"\ncron_expression = \"often\"\n\
                 [[trigger.cron]]\ncomponent = \"probe\"\ncron_expression = \"* * * * *\"\n\
                 time_zone = \"Mars\"";
    let (_folder, service) = prepare("kafka-probe", lines, None).await;
    let Err(error) = service else {
        panic!("accepted");
    };
    let message = format!("{error:#}");
    for part in ["`often`", "`Mars`", "handle-cron-event"] {
        assert!(message.contains(part), "{part} in {message}");
    }
}
