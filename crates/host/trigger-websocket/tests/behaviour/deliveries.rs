use serde_json::json;

use crate::client::{Ask, Client};
use crate::harness::{numbered, with, with_log};

#[tokio::test]
async fn a_record_reaches_all_subscribers_of_its_key_in_order_and_nobody_else() {
    with("", async |world| {
        let mut one = Client::open(world, "ada").await;
        let mut other = Client::open(world, "ada").await;
        let mut bob = Client::open(world, "bob").await;
        let ask = Ask {
            keys: &["ada", "bob"],
            ..Ask::default()
        };
        let mut both = Client::ask(world, ask).await.expect("accepted");
        both.text().await;

        for number in 0..20 {
            world.append("news", "ada", &numbered(number)).await;
        }
        world.append("other-topic", "ada", &numbered(99)).await;
        world.append("alerts", "bob", &numbered(20)).await;
        for client in [&mut one, &mut other, &mut both] {
            for number in 0..20 {
                assert_eq!(client.number().await, number);
            }
        }
        assert_eq!(bob.number().await, 20, "the first that bob gets");
        assert_eq!(both.number().await, 20);
    })
    .await;
}

#[tokio::test]
async fn what_the_component_makes_nothing_of_is_not_sent() {
    with("", async |world| {
        let mut client = Client::open(world, "ada").await;
        world
            .append("news", "ada", &json!({ "unseen": true }))
            .await;
        world.append("news", "ada", &numbered(1)).await;
        assert_eq!(client.number().await, 1);
    })
    .await;
}

#[tokio::test]
async fn a_record_the_component_fails_on_ends_only_its_own_subscribers() {
    with("", async |world| {
        for behaviour in ["poison", "trap"] {
            let mut ada = Client::open(world, "ada").await;
            let mut bob = Client::open(world, "bob").await;
            // One statement: both are in one batch.
            let (bad, good) = (json!({ behaviour: true }), numbered(7));
            world
                .database
                .execute(
                    "INSERT INTO outbox (id, aggregatetype, aggregateid, type, payload)
                     VALUES (gen_random_uuid(), 'news', 'ada', 'x', $1),
                            (gen_random_uuid(), 'news', 'bob', 'x', $2)",
                    &[&bad, &good],
                )
                .await
                .expect("appended");
            assert_eq!(bob.number().await, 7, "{behaviour}");
            assert_eq!(ada.closed().await, 1011, "{behaviour}");
        }
    })
    .await;
}

#[tokio::test]
async fn after_records_were_passed_over_every_subscriber_is_told_to_come_again() {
    let options = event_log::Options {
        tail_buffer: 1,
        ..event_log::Options::default()
    };
    with_log("", options, async |world| {
        let mut ada = Client::open(world, "ada").await;
        let mut bob = Client::open(world, "bob").await;
        let appending = async {
            for number in 0.. {
                // While this is being delivered, more comes than the tail may be behind.
                if number % 20 == 0 {
                    world.append("news", "ada", &json!({ "slow": true })).await;
                }
                world.append("news", "ada", &numbered(number)).await;
            }
        };
        tokio::select! {
            () = appending => {}
            code = ada.closed() => assert_eq!(code, 1012),
        }
        assert_eq!(bob.closed().await, 1012);
    })
    .await;
}
