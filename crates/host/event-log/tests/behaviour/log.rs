//! Tails, leases, dead letters and pruning against a real Postgres.

use std::time::Duration;

use crate::harness::{
    Database, append, group, next_records, options, read, until_below_horizon, within,
};
use event_log::{Error, EventLog, Options, TailError};
use records::DeadLetter;
use serde_json::json;

#[tokio::test(flavor = "multi_thread")]
async fn a_tail_gets_what_commits_after_it_is_ready_on_every_host() {
    let Some(database) = Database::create().await else {
        return;
    };
    let client = database.client().await;
    append(&client, "news", "k", &json!("old")).await;
    until_below_horizon(&client).await;
    let (here, there) = (database.log().await, database.log().await);
    let mut tails = [
        here.tail(vec!["news".to_owned()]),
        here.tail(vec!["news".to_owned(), "other".to_owned()]),
        there.tail(vec!["news".to_owned()]),
    ];
    for tail in &mut tails {
        within(tail.ready()).await;
    }
    append(&client, "unread", "k", &json!(0)).await;
    let id = append(&client, "news", "k", &json!("new")).await;
    here.wake();
    for tail in &mut tails {
        let records = within(tail.next()).await.unwrap();
        assert_eq!(records.len(), 1);
        assert_eq!(records[0].id, id);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tail_waits_for_a_transaction_that_was_open_when_it_began() {
    let Some(database) = Database::create().await else {
        return;
    };
    let log = database.log().await;
    let mut writer = database.client().await;
    let open = writer.transaction().await.unwrap();
    open.execute(
        "INSERT INTO outbox (id, aggregatetype, aggregateid, type, payload)
         VALUES (gen_random_uuid(), 'news', 'k', 't', '1')",
        &[],
    )
    .await
    .unwrap();
    let mut tail = log.tail(vec!["news".to_owned()]);
    within(tail.ready()).await;
    let later = append(&database.client().await, "news", "k2", &json!(2)).await;
    log.wake();
    let early = tokio::time::timeout(Duration::from_millis(100), tail.next()).await;
    assert!(early.is_err(), "nothing may overtake the open transaction");
    open.commit().await.unwrap();
    let mut records = within(tail.next()).await.unwrap();
    if records.len() < 2 {
        records.extend(within(tail.next()).await.unwrap());
    }
    assert_eq!(records.len(), 2);
    assert_eq!(records[1].id, later);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tail_that_is_too_slow_is_told_and_goes_on() {
    let Some(database) = Database::create().await else {
        return;
    };
    let log = database
        .log_with(Options {
            tail_buffer: 2,
            fetch_rows: 1,
            ..options()
        })
        .await;
    let mut tail = log.tail(vec!["news".to_owned()]);
    let mut witness = log.tail(vec!["news".to_owned()]);
    within(tail.ready()).await;
    let client = database.client().await;
    let mut last = None;
    for n in 0..10 {
        last = Some(append(&client, "news", "k", &json!(n)).await);
        log.wake();
        within(witness.next()).await.unwrap();
    }
    assert_eq!(within(tail.next()).await, Err(TailError::Lagged));
    loop {
        let records = within(tail.next()).await.unwrap();
        if records.last().map(|record| record.id) == last {
            break;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn another_host_hears_of_an_append_in_milliseconds_without_polling() {
    let Some(database) = Database::create().await else {
        return;
    };
    let slow = Options {
        poll_busy: Duration::from_secs(3600),
        poll_idle: Duration::from_secs(3600),
        ..options()
    };
    let (here, there) = (
        database.log_with(slow.clone()).await,
        database.log_with(slow).await,
    );
    let mut tail = there.tail(vec!["news".to_owned()]);
    within(tail.ready()).await;
    let client = database.client().await;
    append(&client, "news", "k", &json!("first")).await;
    // Until the hosts know of each other nobody is told.
    testing::eventually("the hosts know of each other", async || {
        here.wake();
        let a_moment = Duration::from_millis(100);
        tokio::time::timeout(a_moment, tail.next()).await.ok()
    })
    .await
    .unwrap();
    for n in 0..20 {
        let id = append(&client, "news", "k", &json!(n)).await;
        here.wake();
        assert_eq!(within(tail.next()).await.unwrap()[0].id, id);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lease_has_one_holder_and_passes_on_when_it_is_given_back_or_its_holder_dies() {
    let Some(database) = Database::create().await else {
        return;
    };
    let options = Options {
        time_to_live: Duration::from_secs(600),
        ..options()
    };
    let mut logs = Vec::new();
    for _ in 0..3 {
        logs.push(database.log_with(options.clone()).await);
    }
    let first = within(logs[0].lease("nightly")).await;
    let waits = tokio::time::timeout(Duration::from_millis(600), logs[1].lease("nightly")).await;
    assert!(waits.is_err() && first.is_held());

    let epoch = first.epoch();
    let (second, ()) = tokio::join!(within(logs[1].lease("nightly")), first.release());
    assert!(second.is_held());

    // Its process ends without giving anything back.
    drop((second, logs.remove(1)));
    let third = within(logs[1].lease("nightly")).await;
    assert!(third.is_held() && third.epoch() > epoch);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lease_is_lost_with_the_connection_that_proves_its_holder_alive() {
    let Some(database) = Database::create().await else {
        return;
    };
    let log = database.log().await;
    let lease = within(log.lease("nightly")).await;
    database.cut_connections().await;
    within(lease.lost()).await;
    assert!(within(log.lease("nightly")).await.is_held());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dead_letter_is_kept_once_with_its_reason() {
    let Some(database) = Database::create().await else {
        return;
    };
    let client = database.client().await;
    let log = database.log().await;
    let mut consumer = log.consume(group("g", &["orders"])).unwrap();
    let id = append(&client, "orders", "anna", &json!({"n": 1})).await;
    let record = next_records(&mut consumer).await[0].record.clone();
    let letter = DeadLetter {
        dead_letter_topic: "orders.dead-letter".to_owned(),
        group: "g".to_owned(),
        handler: "bill".to_owned(),
        reason: "no such\0 customer".to_owned(),
        attempts: 6,
        record: record.clone(),
    };
    log.dead_letter(&letter).await.unwrap();
    log.dead_letter(&letter).await.unwrap();
    let rows = client
        .query(
            r#"SELECT reason, attempts, handler, key, value, headers->>'ce_source', record_id, "offset"
               FROM dead_letters WHERE dead_letter_topic = 'orders.dead-letter'"#,
            &[],
        )
        .await
        .unwrap();
    assert_eq!(rows.len(), 1);
    let row = &rows[0];
    assert_eq!(row.get::<_, String>(0), "no such\u{fffd} customer");
    assert_eq!(row.get::<_, i32>(1), 6);
    assert_eq!(row.get::<_, String>(2), "bill");
    assert_eq!(row.get::<_, String>(3), "anna");
    assert_eq!(row.get::<_, serde_json::Value>(4), json!({"n": 1}));
    assert_eq!(row.get::<_, String>(5), "test");
    assert_eq!(row.get::<_, uuid::Uuid>(6), id);
    assert_eq!(row.get::<_, i64>(7), record.offset);
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_are_pruned_only_when_old_and_read_by_every_group() {
    let Some(database) = Database::create().await else {
        return;
    };
    let client = database.client().await;
    let log = database.log().await;
    for n in 0..5 {
        append(&client, "orders", "k", &json!(n)).await;
        append(&client, "unread", "k", &json!(n)).await;
    }
    let mut ahead = log.consume(group("ahead", &["orders"])).unwrap();
    let mut behind = log.consume(group("behind", &["orders"])).unwrap();
    let records = read(&mut ahead, 5).await;
    ahead.commit(&records[4].partition, records[4].tag);
    let records = read(&mut behind, 5).await;
    behind.commit(&records[1].partition, records[1].tag);
    until_below_horizon(&client).await;
    within(ahead.close()).await;
    within(behind.close()).await;
    assert_eq!(log.prune().await.unwrap(), 0, "all are young");

    client
        .execute(
            "UPDATE outbox SET created_at = now() - interval '8 days'",
            &[],
        )
        .await
        .unwrap();
    pruned(&log, 2 + 5).await;
    // Others see at the next heartbeat that its member is gone.
    within(async { while !log.forget_group("behind").await.unwrap() {} }).await;
    pruned(&log, 3).await;
    assert!(!log.forget_group("behind").await.unwrap());
}

/// Rows above the horizon stay for now, and other tests have transactions open in this cluster.
async fn pruned(log: &EventLog, expected: u64) {
    within(async {
        let mut pruned = 0;
        while pruned < expected {
            pruned += log.prune().await.unwrap();
        }
        assert_eq!(pruned, expected);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_without_the_schema_is_refused_with_everything_that_is_missing() {
    let Some(database) = Database::create().await else {
        return;
    };
    let client = database.client().await;
    client
        .batch_execute("DROP TABLE dead_letters, cron_ticks")
        .await
        .unwrap();
    let Err(error) = EventLog::connect(&database.url, options()).await else {
        panic!("connected");
    };
    assert!(matches!(error, Error::Unusable(_)));
    let message = error.to_string();
    assert!(
        message.contains("`dead_letters`") && message.contains("`cron_ticks`"),
        "{message}"
    );
    assert!(message.contains("apply the migrations"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_role_without_privileges_is_refused_with_each_that_it_lacks() {
    let Some(database) = Database::create().await else {
        return;
    };
    let client = database.client().await;
    let role = format!("reader_{}", uuid::Uuid::new_v4().simple());
    client
        .batch_execute(&format!(
            "CREATE ROLE {role} LOGIN PASSWORD '{role}'; GRANT SELECT ON outbox, log_positions TO {role}"
        ))
        .await
        .unwrap();
    let mut url = url::Url::parse(&database.url).unwrap();
    url.set_username(&role).unwrap();
    url.set_password(Some(&role)).unwrap();
    let Err(error) = EventLog::connect(url.as_str(), options()).await else {
        panic!("connected");
    };
    let message = error.to_string();
    assert!(
        message.contains("no privilege to DELETE on the table `outbox`"),
        "{message}"
    );
    assert!(
        message.contains("no privilege to INSERT on the table `log_positions`"),
        "{message}"
    );
    assert!(
        !message.contains("no privilege to SELECT on the table `outbox`"),
        "{message}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restored_database_is_refused_until_it_is_rebased_and_then_misses_nothing() {
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
    consumer.commit(&records[1].partition, records[1].tag);
    until_below_horizon(&client).await;
    within(consumer.close()).await;
    drop(log);
    assert!(
        !event_log::rebase(&database.url).await.unwrap(),
        "nothing to do"
    );
    // As if this cluster had only just begun to count.
    let aged = "UPDATE outbox SET xid = (xid::text::bigint + 1000000000)::text::xid8;
                UPDATE log_positions SET xid = (xid::text::bigint + 1000000000)::text::xid8
                WHERE position > 0";
    client.batch_execute(aged).await.unwrap();
    let refused = EventLog::connect(&database.url, options()).await;
    assert!(matches!(refused, Err(Error::Restored)));

    assert!(event_log::rebase(&database.url).await.unwrap());
    let log = database.log().await;
    ids.push(append(&client, "orders", "k", &json!(4)).await);
    let mut consumer = log.consume(group("g", &["orders"])).unwrap();
    let rest = read(&mut consumer, 3).await;
    let rest: Vec<_> = rest.iter().map(|fetched| fetched.record.id).collect();
    assert_eq!(rest, ids[2..]);
}
