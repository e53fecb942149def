//! While a handler's database is away, no record is to blame.

use serde_json::json;
use testing::Proxy;

use crate::harness::{succeed, with, within};

/// Two attempts, after which a record would be given up long before the end of the outage.
const QUICK: &str = "retry = { max_attempts = 2, initial_ms = 20, max_ms = 40, max_age_ms = 1 }\n\
                     batch = { max_records = 4 }";

#[tokio::test(flavor = "multi_thread")]
async fn an_outage_longer_than_all_attempts_loses_no_record_and_keeps_their_order() {
    with(async |world| {
        let create = "CREATE TABLE effects (id text PRIMARY KEY, place serial)";
        world.database.batch_execute(create).await.expect("a table");
        let mut proxy = Proxy::to(&world.url).await;
        let insert = json!({"do": "insert", "url": proxy.url(&world.url)});
        let host = world.host("host", QUICK).await;
        let mut ids = vec![world.append("a", insert.clone()).await];
        host.log.wake();
        world.until_committed().await;

        proxy.cut().await;
        for _ in 0..3 {
            ids.push(world.append("a", insert.clone()).await);
        }
        let beside = world.append("b", succeed()).await;
        host.log.wake();
        within(async {
            while host.attempts(ids[1]).len() < 10 && world.dead_letters().await.is_empty() {
                tokio::time::sleep(std::time::Duration::from_millis(10)).await;
            }
        })
        .await;
        host.until_handled(beside).await;
        proxy.mend().await;
        world.until_committed().await;

        assert_eq!(world.dead_letters().await, []);
        assert!(host.attempts(ids[1]).iter().all(|attempt| *attempt == 1));
        let effects = "SELECT id FROM effects ORDER BY place";
        let effects = world.database.query(effects, &[]).await.expect("effects");
        let effects: Vec<String> = effects.iter().map(|row| row.get(0)).collect();
        let ids: Vec<String> = ids.iter().map(ToString::to_string).collect();
        assert_eq!(effects, ids);
        host.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_statement_that_fails_by_itself_is_charged_to_its_record() {
    with(async |world| {
        // There is no table.
        let host = world.host("host", QUICK).await;
        let failing = world
            .append("a", json!({"do": "insert", "url": world.url}))
            .await;
        host.log.wake();
        world.until_committed().await;
        let letters = world.dead_letters().await;
        assert_eq!(letters.len(), 1, "{letters:?}");
        assert_eq!((letters[0].0, letters[0].1), (failing, 1));
        host.stop().await;
    })
    .await;
}
