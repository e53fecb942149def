use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::Value;
use uuid::Uuid;

use crate::client::{Ask, Client};
use crate::harness::{self, numbered, with};

#[tokio::test]
async fn live_records_wait_until_what_was_missed_is_sent() {
    with("", async |world| {
        let cursor = world.append("news", "ada", &numbered(0)).await;
        world.append("news", "ada", &numbered(1)).await;
        let query = format!("?since={cursor}&pause_ms=300");
        let ask = Ask {
            keys: &["ada"],
            query: &query,
            ..Ask::default()
        };
        let mut client = Client::ask(world, ask).await.expect("accepted");
        // The component has read what was missed, or is about to, and pauses.
        world.append("news", "ada", &numbered(2)).await;
        assert!(client.text().await.starts_with("ready"));
        assert_eq!(client.number().await, 1);
        assert_eq!(client.number().await, 2);
    })
    .await;
}

#[tokio::test]
async fn who_comes_when_nobody_was_there_misses_nothing() {
    with("limits = { linger_ms = 1 }", async |world| {
        let cursor = world.append("news", "ada", &numbered(0)).await;
        drop(Client::open(world, "ada").await);
        world.until_nothing_is_followed().await;
        world.append("news", "ada", &numbered(1)).await;
        let query = format!("?since={cursor}");
        let ask = Ask {
            keys: &["ada"],
            query: &query,
            ..Ask::default()
        };
        let mut client = Client::ask(world, ask).await.expect("accepted");
        assert!(client.text().await.starts_with("ready"));
        assert_eq!(client.number().await, 1);
        world.append("news", "ada", &numbered(2)).await;
        assert_eq!(client.number().await, 2);
    })
    .await;
}

/// Appends numbered records for one key, each in a transaction that stays open for a moment, from
/// several connections; the order of the numbers is the order of commits.
async fn write(url: String, writer: usize, count: usize) {
    let mut database = harness::connect(&url).await;
    for _ in 0..count {
        let transaction = database.transaction().await.expect("begun");
        transaction
            .batch_execute("SELECT pg_advisory_xact_lock(hashtextextended('ada', 1))")
            .await
            .expect("locked");
        transaction
            .execute(
                "INSERT INTO outbox (id, aggregatetype, aggregateid, type, payload)
                 SELECT $1::text::uuid, $2, 'ada', 'x',
                        jsonb_build_object('number', count(*), 'id', $1::text)
                 FROM outbox WHERE aggregateid = 'ada'",
                &[&Uuid::now_v7().to_string(), &["news", "alerts"][writer % 2]],
            )
            .await
            .expect("appended");
        transaction.commit().await.expect("committed");
    }
}

/// Keeps the log's horizon back: what others commit meanwhile can be read by `resume` before the
/// tail may pass it, and so comes twice.
async fn hold_the_horizon(url: String, stop: Arc<AtomicBool>) {
    let mut database = harness::connect(&url).await;
    while !stop.load(Ordering::Relaxed) {
        let transaction = database.transaction().await.expect("begun");
        transaction
            .batch_execute("SELECT pg_current_xact_id(); SELECT pg_sleep(0.03)")
            .await
            .expect("held");
        transaction.commit().await.expect("committed");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_comes_again_and_again_gets_every_record_once_and_in_order() {
    const WRITERS: usize = 4;
    const EACH: usize = 150;
    with("limits = { queue_frames = 2000 }", async |world| {
        let stop = Arc::new(AtomicBool::new(false));
        let holder = tokio::spawn(hold_the_horizon(world.database_url.clone(), stop.clone()));
        let mut client = Client::open(world, "ada").await;
        let mut cursor = world.append("news", "ada", &numbered(0)).await.to_string();
        assert_eq!(client.number().await, 0);
        let writers: Vec<_> = (0..WRITERS)
            .map(|writer| tokio::spawn(write(world.database_url.clone(), writer, EACH)))
            .collect();
        let mut connections = 1;
        for expected in 1..=(WRITERS * EACH) as u64 {
            if expected % 17 == 0 {
                drop(client);
                client = Client::resume(world, "ada", &cursor).await;
                connections += 1;
            }
            let value: Value = serde_json::from_str(&client.text().await).expect("JSON");
            assert_eq!(value["number"], expected, "on connection {connections}");
            cursor = value["id"].as_str().expect("an id").to_owned();
        }
        stop.store(true, Ordering::Relaxed);
        holder.await.expect("no panic");
        for writer in writers {
            writer.await.expect("no panic");
        }
        world.append("news", "ada", &numbered(9999)).await;
        assert_eq!(client.number().await, 9999, "nothing came twice at the end");
        assert!(connections > 30);
    })
    .await;
}
