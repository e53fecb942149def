//! What arrives in Kafka, and who brings it.

use std::time::Duration;

use serde_json::json;

use crate::harness::{World, read, read_all, within};

#[tokio::test(flavor = "multi_thread")]
async fn records_arrive_as_cloudevents_and_in_order_per_key() {
    let Some(world) = World::create().await else {
        return;
    };
    let (orders, mut follower) = world.topic("orders", &[]).await;
    let relay = world.relay().await;
    let mut ids = Vec::new();
    for n in 0..300 {
        let key = format!("k{}", n % 7);
        ids.push(world.append(&orders, &key, &json!({"n": n})).await);
        relay.wake();
    }
    let records = read(&mut follower, 300).await;
    let first = records.iter().find(|record| record.id == ids[0]).unwrap();
    assert_eq!(first.key.as_deref(), Some(&b"k0"[..]));
    assert_eq!(first.value.as_deref(), Some(&br#"{"n": 0}"#[..]));
    let header = |name| {
        first
            .header(name)
            .map(|value| String::from_utf8_lossy(value))
    };
    assert_eq!(header("ce_specversion").as_deref(), Some("1.0"));
    assert_eq!(header("ce_id"), Some(ids[0].to_string().into()));
    assert_eq!(header("ce_type").as_deref(), Some("thing.happened"));
    assert_eq!(header("ce_source").as_deref(), Some("test"));
    assert_eq!(header("content-type").as_deref(), Some("application/json"));
    assert_eq!(header("traceparent").as_deref(), Some("00-1-2-01"));
    assert!(header("ce_time").is_some());
    for k in 0..7 {
        let key = format!("k{k}");
        let of_key = records
            .iter()
            .filter(|record| record.key.as_deref() == Some(key.as_bytes()));
        let came: Vec<_> = of_key.map(|record| record.id).collect();
        let sent: Vec<_> = ids.iter().skip(k).step_by(7).copied().collect();
        assert_eq!(came, sent, "{key}: each once, in order");
    }
    world.until_nothing_is_left().await;
    relay.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_several_relays_one_works_and_another_takes_over_where_it_was() {
    let Some(world) = World::create().await else {
        return;
    };
    let (orders, mut follower) = world.topic("orders", &[]).await;
    let first = world.relay().await;
    let before = world.append(&orders, "k", &json!("before")).await;
    assert_eq!(read(&mut follower, 1).await[0].id, before);
    world.until_nothing_is_left().await;
    let second = world.relay().await;
    let lags = world.operator().await.lag().await.unwrap();
    assert!(
        lags.iter().all(|lag| lag.members == 1),
        "the other stands by"
    );

    // A stop in order: nothing comes twice.
    first.stop().await;
    let after = world.append(&orders, "k", &json!("after")).await;
    assert_eq!(read(&mut follower, 1).await[0].id, after);
    world.until_nothing_is_left().await;

    // An end without one.
    let third = world.relay().await;
    second.kill();
    let last = world.append(&orders, "k", &json!("last")).await;
    let came = read_all(&mut follower, &[last]).await;
    assert_eq!(came["k"], [last]);
    third.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn topics_that_nobody_named_are_found() {
    let Some(world) = World::create().await else {
        return;
    };
    let (orders, mut of_orders) = world.topic("orders", &[]).await;
    let relay = world.relay().await;
    world.append(&orders, "k", &json!(1)).await;
    read(&mut of_orders, 1).await;
    let (news, mut of_news) = world.topic("news", &[]).await;
    let id = world.append(&news, "k", &json!(2)).await;
    assert_eq!(read(&mut of_news, 1).await[0].id, id);
    within(relay.stop()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_that_is_empty_at_first_is_waited_for() {
    let Some(world) = World::create().await else {
        return;
    };
    let (orders, mut follower) = world.topic("orders", &[]).await;
    let relay = world.relay().await;
    let leases = "SELECT FROM log_leases WHERE name = 'event-log/relay'";
    testing::eventually("it has the lease", async || {
        let rows = world.client.query(leases, &[]).await.unwrap();
        (!rows.is_empty()).then_some(())
    })
    .await;
    // It has looked by then, and found no topic.
    tokio::time::sleep(Duration::from_millis(300)).await;
    let id = world.append(&orders, "k", &json!(1)).await;
    assert_eq!(read(&mut follower, 1).await[0].id, id);
    within(relay.stop()).await;
}
