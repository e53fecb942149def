//! Records that Kafka does not take.

use serde_json::json;

use crate::harness::{World, read, read_all};

#[tokio::test(flavor = "multi_thread")]
async fn a_record_that_is_too_large_becomes_a_dead_letter_and_its_neighbours_arrive_in_order() {
    let Some(world) = World::create().await else {
        return;
    };
    // Less than the producer puts into a batch, so the broker refuses whole batches.
    let (orders, mut follower) = world
        .topic("orders", &[("max.message.bytes", "5000")])
        .await;
    let mut ids = Vec::new();
    let mut large = Vec::new();
    for n in 0..60 {
        if n % 25 == 10 {
            let text = "x".repeat(20_000);
            large.push(world.append(&orders, "k", &json!(text)).await);
        } else {
            ids.push(world.append(&orders, "k", &json!(n)).await);
        }
    }
    let relay = world.relay().await;
    let came = read_all(&mut follower, &ids).await;
    assert_eq!(came["k"], ids, "nothing overtakes");
    world.until_nothing_is_left().await;
    let letters = world.dead_letters().await;
    let dead_lettered: Vec<_> = letters
        .iter()
        .map(|letter| letter.record_id.clone())
        .collect();
    let expected: Vec<_> = large.iter().map(ToString::to_string).collect();
    assert_eq!(dead_lettered, expected);
    assert_eq!(letters[0].group, "relay");
    assert!(
        letters[0].reason.contains("too large"),
        "{}",
        letters[0].reason
    );
    relay.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_of_a_topic_that_can_never_be_becomes_a_dead_letter() {
    let Some(world) = World::create().await else {
        return;
    };
    let (orders, mut follower) = world.topic("orders", &[]).await;
    let bad = world.append("no topic", "k", &json!(1)).await;
    let good = world.append(&orders, "k", &json!(2)).await;
    let relay = world.relay().await;
    assert_eq!(read(&mut follower, 1).await[0].id, good);
    world.until_nothing_is_left().await;
    let letters = world.dead_letters().await;
    assert_eq!(letters.len(), 1);
    assert_eq!(letters[0].record_id, bad.to_string());
    relay.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn records_of_a_missing_topic_wait_for_it_and_hold_back_nobody_else() {
    let Some(world) = World::create().await else {
        return;
    };
    let (orders, mut follower) = world.topic("orders", &[]).await;
    let late = world.name("late");
    let mut waiting = Vec::new();
    for n in 0..20 {
        waiting.push(world.append(&late, "k", &json!(n)).await);
    }
    let relay = world.relay().await;
    let id = world.append(&orders, "k", &json!(1)).await;
    assert_eq!(read(&mut follower, 1).await[0].id, id);
    let operator = world.operator().await;
    testing::eventually("twenty wait", async || {
        let lags = operator.lag().await.unwrap();
        let of_late = lags.iter().filter(|lag| *lag.partition.topic == *late);
        (of_late.map(|lag| lag.records).sum::<u64>() == 20).then_some(())
    })
    .await;
    world.create_topic(&late, &[]).await;
    world.until_nothing_is_left().await;
    let mut follower = kafka_client::Follower::from_beginning(&world.connection, &[late])
        .await
        .unwrap();
    assert_eq!(read_all(&mut follower, &waiting).await["k"], waiting);
    assert!(world.dead_letters().await.is_empty());
    relay.stop().await;
}
