//! While a handler's database is away, Kafka goes on, and no record is to blame.

use serde_json::json;
use testing::Proxy;
use tokio_postgres::{Client, NoTls};
use uuid::Uuid;

use crate::harness::{with, within};

async fn connect(url: &str) -> Client {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await.expect("a server");
    tokio::spawn(connection);
    client
}

#[tokio::test(flavor = "multi_thread")]
async fn an_outage_of_postgres_longer_than_all_attempts_loses_no_record() {
    let Ok(server) = std::env::var("TEST_DATABASE_URL") else {
        return println!("skipped: set TEST_DATABASE_URL (cargo xtask test does)");
    };
    let admin = connect(&server).await;
    let name = format!("kafka_{}", Uuid::new_v4().simple());
    let create = format!("CREATE DATABASE {name}");
    admin.batch_execute(&create).await.expect("a database");
    let slash = server.rfind('/').expect("a URL with a database");
    let url = format!("{}/{name}", &server[..slash]);
    let database = connect(&url).await;
    let create = "CREATE TABLE effects (id text PRIMARY KEY, place serial)";
    database.batch_execute(create).await.expect("a table");

    with(1, async |world| {
        let mut proxy = Proxy::to(&url).await;
        let insert = json!({"do": "insert", "url": proxy.url(&url)});
        let quick = "retry = { max_attempts = 2, initial_ms = 20, max_ms = 40 }";
        let host = world.host("host", quick).await;
        let mut ids = vec![world.append("a", insert.clone()).await];
        world.until_committed().await;
        proxy.cut().await;
        for _ in 0..3 {
            ids.push(world.append("a", insert.clone()).await);
        }
        // Ten times what would make a dead letter of it.
        within(async {
            while host.attempts(&ids[1]).len() < 20 {
                tokio::time::sleep(std::time::Duration::from_millis(10)).await;
            }
        })
        .await;
        proxy.mend().await;
        world.until_committed().await;
        assert!(world.records(&world.dead_letter_topic()).await.is_empty());
        assert!(host.attempts(&ids[1]).iter().all(|attempt| *attempt == 1));
        let effects = "SELECT id FROM effects ORDER BY place";
        let effects = database.query(effects, &[]).await.expect("effects");
        let effects: Vec<String> = effects.iter().map(|row| row.get(0)).collect();
        assert_eq!(effects, ids);
        host.stop().await;
    })
    .await;
    drop(database);
    let drop = format!("DROP DATABASE {name} WITH (FORCE)");
    admin.batch_execute(&drop).await.expect("dropped");
}
