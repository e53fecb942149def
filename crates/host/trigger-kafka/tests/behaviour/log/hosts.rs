//! Several hosts, one group.

use std::collections::{HashMap, HashSet};

use uuid::Uuid;

use super::harness::{World, succeed, with};

async fn until_shared_by(world: &World, hosts: i64) {
    let owners = "SELECT count(DISTINCT owner) FROM log_positions WHERE owner IS NOT NULL";
    testing::eventually(&format!("{hosts} hosts share the group"), async || {
        let row = world.database.query_one(owners, &[]).await.expect("owners");
        (row.get::<_, i64>(0) == hosts).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn hosts_share_a_group_and_handle_each_record_once_in_the_order_of_its_key() {
    with(async |world| {
        let first = world.host("first", "").await;
        until_shared_by(world, 1).await;
        let mut appended: HashMap<String, Vec<Uuid>> = HashMap::new();
        let mut second = None;
        for n in 0..400 {
            let key = format!("key-{}", n % 20);
            let id = world.append(&key, succeed()).await;
            appended.entry(key).or_default().push(id);
            first.log.wake();
            if n == 100 {
                second = Some(world.host("second", "").await);
            }
            if n == 150 {
                until_shared_by(world, 2).await;
            }
        }
        world.until_committed().await;
        let first = first.stop().await;
        let second = second.expect("started").stop().await;
        assert!(
            !first.is_empty() && !second.is_empty(),
            "both had their share"
        );
        let ids: Vec<Uuid> = first
            .iter()
            .chain(&second)
            .map(|handled| handled.id)
            .collect();
        let distinct: HashSet<&Uuid> = ids.iter().collect();
        assert_eq!((ids.len(), distinct.len()), (400, 400), "each once");
        let mut by_time: Vec<_> = first.iter().chain(&second).collect();
        by_time.sort_by_key(|handled| handled.at_us);
        for (key, expected) in appended {
            let order: Vec<Uuid> = by_time
                .iter()
                .map(|handled| handled.id)
                .filter(|id| expected.contains(id))
                .collect();
            assert_eq!(order, expected, "order of {key}");
        }
    })
    .await;
}
