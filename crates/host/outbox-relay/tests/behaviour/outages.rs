//! Kafka goes away and comes back.

use kafka_client::{Connection, Follower};
use serde_json::json;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use testing::{OwnBroker, eventually};

use crate::harness::{World, append, read_all, within};

#[tokio::test(flavor = "multi_thread")]
async fn a_broker_that_is_killed_and_started_again_gets_everything_in_order() {
    let Some(mut broker) = OwnBroker::start().await else {
        return;
    };
    let connection = Connection::plain(broker.brokers());
    let Some(world) = World::with(connection.clone()).await else {
        return;
    };
    let (orders, _) = world.topic("orders", &[]).await;
    let relay = world.relay().await;

    let stop = Arc::new(AtomicBool::new(false));
    let writing = {
        let (stop, orders, url) = (stop.clone(), orders.clone(), world.url.clone());
        tokio::spawn(async move {
            let client = testing::connect(&url).await;
            let mut ids = Vec::new();
            while !stop.load(Ordering::Relaxed) {
                let key = format!("k{}", ids.len() % 5);
                ids.push(append(&client, &orders, &key, &json!(ids.len())).await);
                tokio::time::sleep(std::time::Duration::from_millis(1)).await;
            }
            ids
        })
    };
    let operator = world.operator().await;
    let behind = async || {
        let lags = operator.lag().await.unwrap();
        lags.iter().map(|lag| lag.records).sum::<u64>()
    };
    let mut follower = Follower::from_beginning(&connection, std::slice::from_ref(&orders))
        .await
        .unwrap();
    within(follower.next()).await.unwrap();
    broker.kill();
    // Writing goes on, and what is not brought over adds up.
    eventually("much is left", async || {
        (behind().await >= 300).then_some(())
    })
    .await;
    broker.start_again().await;
    eventually("little is left", async || {
        (behind().await <= 100).then_some(())
    })
    .await;
    stop.store(true, Ordering::Relaxed);
    let ids = writing.await.unwrap();
    world.until_nothing_is_left().await;
    println!("{} records", ids.len());

    let mut follower = Follower::from_beginning(&connection, &[orders])
        .await
        .unwrap();
    let came = read_all(&mut follower, &ids).await;
    for (k, came) in came.values().enumerate() {
        let sent: Vec<_> = ids.iter().skip(k).step_by(5).copied().collect();
        assert_eq!(*came, sent, "k{k}");
    }
    relay.stop().await;
    assert!(world.dead_letters().await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_broker_a_relay_waits_and_stops_when_asked() {
    let Some(world) = World::with(Connection::plain("127.0.0.1:9")).await else {
        return;
    };
    world.append("orders", "k", &json!(1)).await;
    let relay = world.relay().await;
    let operator = world.operator().await;
    eventually("the relay is there", async || {
        (!operator.lag().await.unwrap().is_empty()).then_some(())
    })
    .await;
    relay.stop().await;
    let lags = operator.lag().await.unwrap();
    assert_eq!(lags.iter().map(|lag| lag.records).sum::<u64>(), 1);
}
