//! Consumer groups against a real Postgres.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use crate::harness::{
    Database, append, group, next_records, options, read, until_below_horizon, within,
};
use event_log::{Consumer, DeliveryTag, Event, EventLog, Fetched, Options, Start};
use records::TopicPartition;
use serde_json::json;
use testing::eventually;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use uuid::Uuid;

#[tokio::test(flavor = "multi_thread")]
async fn a_record_is_read_with_its_key_value_and_cloudevents_headers() {
    let Some(database) = Database::create().await else {
        return;
    };
    let log = database.log().await;
    let mut consumer = log.consume(group("g", &["orders"])).unwrap();
    let id = append(&database.client().await, "orders", "anna", &json!({"n": 1})).await;
    log.wake();
    let records = read(&mut consumer, 1).await;
    let record = &records[0].record;
    assert_eq!((&*record.topic, record.id), ("orders", id));
    assert_eq!(record.key.as_deref(), Some(&b"anna"[..]));
    assert_eq!(record.value.as_deref(), Some(&b"{\"n\": 1}"[..]));
    assert_eq!(record.header("ce_type").unwrap(), "thing.happened");
    assert_eq!(record.header("ce_source").unwrap(), "test");
    assert_eq!(record.header("ce_id").unwrap(), &id.to_string());
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_skipped_or_read_twice_while_transactions_commit_out_of_order() {
    const WRITERS: usize = 8;
    const EACH: usize = 150;
    let Some(database) = Database::create().await else {
        return;
    };
    let log = database.log().await;
    let mut consumer = log.consume(group("g", &["orders"])).unwrap();
    let mut writers = tokio::task::JoinSet::new();
    for writer in 0..WRITERS {
        let (mut client, log) = (database.client().await, log.clone());
        writers.spawn(async move {
            for n in 0..EACH {
                let key = format!("key-{}", (writer + n) % 5);
                let transaction = client.transaction().await.unwrap();
                // The lock first, the xid second, and then time in which others overtake.
                transaction
                    .execute("SELECT pg_advisory_xact_lock(hashtextextended($1, 1))", &[&key])
                    .await
                    .unwrap();
                transaction
                    .execute(
                        "INSERT INTO outbox (id, aggregatetype, aggregateid, type, payload)
                         SELECT $1, 'orders', $2, 't',
                                jsonb_build_object('n', nextval(pg_get_serial_sequence('outbox', 'position')))",
                        &[&Uuid::now_v7(), &key],
                    )
                    .await
                    .unwrap();
                if n % 7 == 0 {
                    tokio::time::sleep(Duration::from_millis((writer as u64 * 3) % 11)).await;
                }
                if n % 10 == 9 {
                    transaction.rollback().await.unwrap();
                } else {
                    transaction.commit().await.unwrap();
                }
                log.wake();
            }
        });
    }
    let expected = WRITERS * (EACH - EACH / 10);
    let mut seen = HashSet::new();
    let mut last: HashMap<TopicPartition, DeliveryTag> = HashMap::new();
    let mut last_of_key: HashMap<Vec<u8>, i64> = HashMap::new();
    while seen.len() < expected {
        for fetched in next_records(&mut consumer).await {
            assert!(seen.insert(fetched.record.id), "read twice");
            let before = last.insert(fetched.partition.clone(), fetched.tag);
            assert!(before.is_none_or(|before| before < fetched.tag));
            // Drawn under the key's lock: grows in the order of the commits.
            let value: serde_json::Value =
                serde_json::from_slice(fetched.record.value.as_deref().unwrap()).unwrap();
            let n = value["n"].as_i64().unwrap();
            let key = fetched.record.key.as_deref().unwrap().to_vec();
            let before = last_of_key.insert(key, n);
            assert!(before.is_none_or(|before| before < n), "order within a key");
        }
    }
    while let Some(done) = writers.join_next().await {
        done.unwrap();
    }
    let more = tokio::time::timeout(Duration::from_millis(200), consumer.next()).await;
    assert!(more.is_err(), "nothing more to read");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_transaction_that_stays_open_holds_back_its_own_records_only_and_they_are_never_skipped()
{
    let Some(database) = Database::create().await else {
        return;
    };
    let client = database.client().await;
    let mut writer = database.client().await;
    let open = writer.transaction().await.unwrap();
    append(&open, "orders", "one", &json!("late")).await;
    let first = append(&client, "orders", "another", &json!(1)).await;
    let log = database.log().await;
    let mut consumer = log.consume(group("g", &["orders"])).unwrap();
    let records = read(&mut consumer, 1).await;
    assert_eq!(records[0].record.id, first);
    // Of the open transaction's partition, too.
    let neighbour = "SELECT 'k' || n FROM generate_series(1, 1000) n
                     WHERE (hashtextextended('k' || n, 0) & 7) = (hashtextextended('one', 0) & 7) LIMIT 1";
    let neighbour: String = client.query_one(neighbour, &[]).await.unwrap().get(0);
    let second = append(&client, "orders", &neighbour, &json!(2)).await;
    log.wake();
    let records = read(&mut consumer, 1).await;
    assert_eq!(records[0].record.id, second);
    consumer.commit(&records[0].partition, records[0].tag);
    tokio::time::sleep(options().commit_interval * 3).await;
    let moved = "SELECT count(*) FROM log_positions WHERE position > 0";
    let moved: i64 = client.query_one(moved, &[]).await.unwrap().get(0);
    assert_eq!(moved, 0, "the record that is late stands before it");

    // As by kill -9: others begin behind what is written.
    drop((consumer, log));
    open.commit().await.unwrap();
    let log = database.log().await;
    let mut consumer = log.consume(group("g", &["orders"])).unwrap();
    let again = read(&mut consumer, 3).await;
    let late = again
        .iter()
        .position(|fetched| fetched.record.value.as_deref() == Some(br#""late""#));
    assert!(late.is_some(), "the late record was skipped");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_handled_ahead_of_an_open_transaction_is_not_given_to_the_next_owner() {
    let Some(database) = Database::create().await else {
        return;
    };
    let client = database.client().await;
    let mut writer = database.client().await;
    let open = writer.transaction().await.unwrap();
    append(&open, "unread", "another", &json!(0)).await;
    append(&client, "orders", "k", &json!(1)).await;
    let log = database.log().await;
    let mut consumer = log.consume(group("g", &["orders"])).unwrap();
    let records = read(&mut consumer, 1).await;
    consumer.commit(&records[0].partition, records[0].tag);
    let close = tokio::spawn(consumer.close());
    tokio::time::sleep(Duration::from_millis(100)).await;
    open.commit().await.unwrap();
    within(close).await.unwrap();

    let next = append(&client, "orders", "k", &json!(2)).await;
    let mut consumer = log.consume(group("g", &["orders"])).unwrap();
    let records = read(&mut consumer, 1).await;
    assert_eq!(records[0].record.id, next);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_group_goes_on_behind_what_it_committed() {
    let Some(database) = Database::create().await else {
        return;
    };
    let client = database.client().await;
    for n in 0..10 {
        append(&client, "orders", "one-key", &json!({ "n": n })).await;
    }
    let log = database.log().await;
    let mut consumer = log.consume(group("g", &["orders"])).unwrap();
    let records = read(&mut consumer, 10).await;
    consumer.commit(&records[3].partition, records[3].tag);
    until_below_horizon(&client).await;
    within(consumer.close()).await;

    let mut consumer = log.consume(group("g", &["orders"])).unwrap();
    let again = read(&mut consumer, 6).await;
    assert_eq!(again[0].record.id, records[4].record.id);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_group_that_starts_at_the_latest_sees_only_what_comes() {
    let Some(database) = Database::create().await else {
        return;
    };
    let client = database.client().await;
    append(&client, "orders", "k", &json!("before")).await;
    until_below_horizon(&client).await;
    let log = database.log().await;
    let mut options = group("g", &["orders"]);
    options.start = Start::Latest;
    let mut consumer = log.consume(options).unwrap();
    assert!(matches!(
        within(consumer.next()).await,
        Ok(Event::Assigned(_))
    ));
    let id = append(&client, "orders", "k", &json!("after")).await;
    let records = read(&mut consumer, 1).await;
    assert_eq!(records[0].record.id, id);
}

/// A member that handles everything at once and remembers what, until told to stop.
struct Member {
    stop: tokio::sync::oneshot::Sender<()>,
    job: tokio::task::JoinHandle<Consumer>,
}

type Handled = Arc<std::sync::Mutex<BTreeMap<Uuid, usize>>>;

fn member(log: &Arc<EventLog>, handled: &Handled) -> Member {
    let mut consumer = log.consume(group("g", &["orders", "bills"])).unwrap();
    let handled = handled.clone();
    let (stop, mut stopped) = tokio::sync::oneshot::channel();
    let job = tokio::spawn(async move {
        loop {
            let event = tokio::select! {
                event = consumer.next() => event.unwrap(),
                _ = &mut stopped => return consumer,
            };
            match event {
                Event::Records(records) => {
                    for Fetched {
                        partition,
                        tag,
                        record,
                    } in records
                    {
                        *handled.lock().unwrap().entry(record.id).or_default() += 1;
                        consumer.commit(&partition, tag);
                    }
                }
                Event::Revoked(partitions) => consumer.release(partitions),
                Event::Assigned(_) | Event::Lost(_) => {}
            }
        }
    });
    Member { stop, job }
}

async fn until(handled: &Handled, count: usize) {
    eventually(&format!("{count} are handled"), async || {
        (handled.lock().unwrap().len() >= count).then_some(())
    })
    .await;
}

async fn owners(database: &Database) -> Vec<i64> {
    let rows = database
        .client()
        .await
        .query(
            "SELECT count(*) FROM log_positions WHERE owner IS NOT NULL GROUP BY owner ORDER BY 1",
            &[],
        )
        .await
        .unwrap();
    rows.iter().map(|row| row.get(0)).collect()
}

async fn until_shared_by(database: &Database, shares: &[i64]) {
    eventually(&format!("shared by {shares:?}"), async || {
        (owners(database).await == shares).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn hosts_that_come_and_go_gracefully_share_a_group_and_handle_each_record_once() {
    let Some(database) = Database::create().await else {
        return;
    };
    let client = database.client().await;
    let (first_log, second_log) = (database.log().await, database.log().await);
    let handled = Handled::default();
    let first = member(&first_log, &handled);
    until_shared_by(&database, &[16]).await;

    let writer = {
        let log = first_log.clone();
        tokio::spawn(async move {
            for n in 0..600 {
                let topic = if n % 2 == 0 { "orders" } else { "bills" };
                append(
                    &client,
                    topic,
                    &format!("key-{}", n % 40),
                    &json!({ "n": n }),
                )
                .await;
                log.wake();
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
        })
    };
    until(&handled, 50).await;
    let second = member(&second_log, &handled);
    until_shared_by(&database, &[8, 8]).await;
    let before = handled.lock().unwrap().len();
    until(&handled, before + 100).await;
    second.stop.send(()).unwrap();
    within(second.job.await.unwrap().close()).await;
    until_shared_by(&database, &[16]).await;
    writer.await.unwrap();
    until(&handled, 600).await;
    first.stop.send(()).unwrap();
    first.job.await.unwrap().close().await;
    let counts = handled.lock().unwrap();
    let twice: Vec<_> = counts.iter().filter(|(_, count)| **count > 1).collect();
    assert!(twice.is_empty(), "{} of 600 twice", twice.len());
}

/// The other process of the next test: handles and commits until it is killed. Nothing when no
/// test started it.
#[test]
fn child_process() {
    let Ok(url) = std::env::var("CHILD_DATABASE_URL") else {
        return;
    };
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let log = EventLog::connect(&url, long_lived()).await.unwrap();
        let mut consumer = log.consume(group("g", &["orders", "bills"])).unwrap();
        loop {
            for fetched in next_records(&mut consumer).await {
                println!("handled {}", fetched.record.id);
                consumer.commit(&fetched.partition, fetched.tag);
            }
        }
    });
}

fn handled_id(line: &str) -> Option<Uuid> {
    line.strip_prefix("handled ")?.parse().ok()
}

/// Members that only a lost connection can tell dead.
fn long_lived() -> Options {
    Options {
        time_to_live: Duration::from_secs(600),
        ..options()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_that_is_killed_is_replaced_at_the_next_heartbeat_and_nothing_is_lost() {
    let Some(database) = Database::create().await else {
        return;
    };
    let log = database.log_with(long_lived()).await;
    let handled = Handled::default();
    let survivor = member(&log, &handled);
    let mut child = tokio::process::Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "--nocapture", "groups::child_process"])
        .env("CHILD_DATABASE_URL", &database.url)
        .stdout(std::process::Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    until_shared_by(&database, &[8, 8]).await;

    let client = database.client().await;
    let mut all = HashSet::new();
    for n in 0..200 {
        all.insert(append(&client, "orders", &format!("key-{n}"), &json!({ "n": n })).await);
        log.wake();
    }
    let mut output = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut elsewhere = HashSet::new();
    while elsewhere.is_empty() {
        let line = within(output.next_line()).await.unwrap();
        elsewhere.extend(handled_id(&line.expect("the child runs")));
    }
    for n in 200..250 {
        all.insert(append(&client, "orders", &format!("key-{n}"), &json!({ "n": n })).await);
        log.wake();
    }
    child.start_kill().unwrap();
    while let Some(line) = within(output.next_line()).await.unwrap() {
        elsewhere.extend(handled_id(&line));
    }
    // Long before its time to live is over: only its lost connection can have told.
    until_shared_by(&database, &[16]).await;
    eventually("all are handled", async || {
        let here = handled.lock().unwrap();
        let mut ids = all.iter();
        ids.all(|id| here.contains_key(id) || elsewhere.contains(id))
            .then_some(())
    })
    .await;
    survivor.stop.send(()).unwrap();
    survivor.job.await.unwrap().close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_owner_that_was_replaced_learns_it_and_its_commit_changes_nothing() {
    let Some(database) = Database::create().await else {
        return;
    };
    let client = database.client().await;
    append(&client, "orders", "k", &json!(1)).await;
    let log = database.log().await;
    let mut consumer = log.consume(group("g", &["orders"])).unwrap();
    let records = next_records(&mut consumer).await;
    client
        .execute(
            "UPDATE log_positions SET owner = gen_random_uuid(), epoch = epoch + 1",
            &[],
        )
        .await
        .unwrap();
    consumer.commit(&records[0].partition, records[0].tag);
    loop {
        if let Event::Lost(lost) = within(consumer.next()).await.unwrap() {
            assert!(lost.contains(&records[0].partition));
            break;
        }
    }
    let moved: i64 = client
        .query_one("SELECT count(*) FROM log_positions WHERE position > 0", &[])
        .await
        .unwrap()
        .get(0);
    assert_eq!(moved, 0);
    // The usurper is nobody who lives: the partitions come back, and with them the record.
    assert_eq!(
        next_records(&mut consumer).await[0].record.id,
        records[0].record.id
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_outage_of_postgres_is_waited_out() {
    let Some(database) = Database::create().await else {
        return;
    };
    let log = database.log().await;
    let handled = Handled::default();
    let member = member(&log, &handled);
    append(&database.client().await, "orders", "a", &json!(1)).await;
    until(&handled, 1).await;
    for _ in 0..3 {
        database.cut_connections().await;
        append(&database.client().await, "orders", "b", &json!(2)).await;
    }
    until(&handled, 4).await;
    member.stop.send(()).unwrap();
    member.job.await.unwrap().close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_paused_partition_is_not_fetched_until_it_is_resumed() {
    let Some(database) = Database::create().await else {
        return;
    };
    let client = database.client().await;
    let log = database.log().await;
    let mut consumer = log.consume(group("g", &["orders"])).unwrap();
    append(&client, "orders", "k", &json!(1)).await;
    let records = next_records(&mut consumer).await;
    let partition = &records[0].partition;
    consumer.pause(partition);
    let id = append(&client, "orders", "k", &json!(2)).await;
    log.wake();
    let nothing = tokio::time::timeout(Duration::from_millis(150), consumer.next()).await;
    assert!(nothing.is_err());
    consumer.resume(partition);
    assert_eq!(next_records(&mut consumer).await[0].record.id, id);
}
