//! Under load, while things die: nothing is lost, and the order of each key holds.

use std::collections::{BTreeMap, HashSet};

use futures::future::join_all;
use serde_json::json;
use testing::{OwnBroker, TestCluster, eventually};

use super::counters::{count, counted};
use super::harness::{Handled, World, assert_order, start, succeed, with_real};
use super::processes::Member;

/// Ids by key, in the order they were produced.
type Produced = BTreeMap<String, Vec<String>>;

/// Produces to all keys in turn until told to stop; what a broker acknowledged counts.
async fn load(world: &World, count: usize, keys: usize) -> Produced {
    let mut produced = Produced::new();
    for n in 0..count {
        let key = format!("key-{}", n % keys);
        let id = world.append(&key, succeed()).await;
        produced.entry(key).or_default().push(id);
    }
    produced
}

fn assert_nothing_lost(handled: &[Handled], produced: &Produced) -> usize {
    let seen: HashSet<&str> = handled.iter().map(|handled| handled.id.as_str()).collect();
    let all: Vec<&String> = produced.values().flatten().collect();
    let lost: Vec<_> = all
        .iter()
        .filter(|id| !seen.contains(id.as_str()))
        .collect();
    assert!(lost.is_empty(), "{} of {} lost", lost.len(), all.len());
    handled.len() - all.len()
}

async fn until(what: &str, mut condition: impl AsyncFnMut() -> bool) {
    eventually(what, async || condition().await.then_some(())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_group_that_grows_to_three_and_shrinks_to_one_loses_nothing_though_one_is_killed() {
    with_real(6, async |world| {
        let lines = "batch = { max_records = 20 }";
        let first = Member::start(world, "first", lines);
        until("the first works", async || {
            load(world, 1, 1).await;
            !world.handled_by("first").is_empty()
        })
        .await;
        let has = async |name: &str, more_than: usize| {
            load(world, 30, 30).await;
            world.handled_by(name).len() > more_than
        };
        let mut produced = load(world, 600, 30).await;
        let second = Member::start(world, "second", lines);
        let mut third = Member::start(world, "third", lines);
        until("the second has a share", async || has("second", 0).await).await;
        until("the third has a share", async || has("third", 0).await).await;
        let more = load(world, 600, 30).await;
        third.kill();
        let during = load(world, 600, 30).await;
        second.stop();
        let last = load(world, 600, 30).await;
        for part in [more, during, last] {
            for (key, ids) in part {
                produced.entry(key).or_default().extend(ids);
            }
        }
        world.until_committed().await;
        first.stop();
        let names = ["first", "second", "third"];
        let handled: Vec<Handled> = names
            .iter()
            .flat_map(|name| world.handled_by(name))
            .collect();
        let ids: HashSet<&String> = produced.values().flatten().collect();
        let own: Vec<Handled> = handled
            .iter()
            .filter(|h| ids.contains(&h.id))
            .cloned()
            .collect();
        let again = assert_nothing_lost(&own, &produced);
        assert_order(&own, &produced);
        println!("{} produced, {again} handled again", ids.len());
        assert!(again < 600, "only what was in flight comes again: {again}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broker_that_is_killed_and_comes_back_under_load_loses_nothing() {
    let Some(mut broker) = OwnBroker::start().await else {
        return;
    };
    let world = World::new(TestCluster::at(broker.brokers())).await;
    world.create(&world.topic, 4).await;
    let host = world.host("host", "batch = { max_records = 20 }").await;
    let mut produced = Produced::new();
    for round in 0..2 {
        let (part, ()) = tokio::join!(load(&world, 500, 20), async {
            // Somewhere in it.
            let before = host.handled().len();
            until("it is under way", async || host.handled().len() > before).await;
            broker.kill();
            broker.start_again().await;
        });
        for (key, ids) in part {
            produced.entry(key).or_default().extend(ids);
        }
        println!(
            "round {round}: {} produced",
            produced.values().map(Vec::len).sum::<usize>()
        );
    }
    world.until_committed().await;
    let handled = host.stop().await;
    let again = assert_nothing_lost(&handled, &produced);
    assert_order(&handled, &produced);
    println!("{again} handled again");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_handler_pauses_its_partitions_and_stays_in_the_group() {
    /// Far more than a member holds.
    const RECORDS: usize = 8000;
    /// What a member holds of small records, and what was on its way when it paused.
    const MOST_AHEAD: u64 = 6000;
    with_real(2, async |world| {
        let order = json!({"do": "sleep", "ms": 2}).to_string();
        let keys: Vec<_> = (0..40).map(|n| format!("key-{n}")).collect();
        let keys: Vec<&String> = keys.iter().cycle().take(RECORDS).collect();
        let appending = keys
            .iter()
            .map(|key| world.append_to(&world.topic, key, &order));
        let mut produced = Produced::new();
        for (key, id) in keys.iter().zip(join_all(appending).await) {
            produced.entry((*key).clone()).or_default().push(id);
        }
        count();
        let received = || counted("kafka_trigger_records_total", &world.group);
        // All of it takes longer than the group waits for a silent member.
        let settings = "session_timeout_ms = 6000";
        let lines = format!(
            "topics = ['{}']\ngroup = '{}'\nbatch = {{ max_records = 5 }}\nconcurrency = 2",
            world.topic, world.group
        );
        let host = start(&world.manifest_of("host", settings, &lines)).await;
        until("some are handled", async || host.handled().len() > 500).await;
        let handled = host.handled().len() as u64;
        let ahead = received().saturating_sub(handled);
        println!("{ahead} records taken ahead");
        assert!(ahead <= MOST_AHEAD, "it does not pause");
        world.until_committed().await;
        assert_eq!(received(), RECORDS as u64);
        let rebalances = counted("kafka_trigger_rebalances_total", &world.group);
        assert_eq!(rebalances, 1, "partitions came once and never went");
        let handled = host.stop().await;
        assert_eq!(
            assert_nothing_lost(&handled, &produced),
            0,
            "each exactly once"
        );
        assert_order(&handled, &produced);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_member_that_is_told_to_end_drains_first_and_the_next_goes_on_behind_it() {
    with_real(3, async |world| {
        let lines = "batch = { max_records = 10 }";
        let first = Member::start(world, "first", lines);
        let mut produced = load(world, 300, 10).await;
        until("it works", async || !world.handled_by("first").is_empty()).await;
        let second = Member::start(world, "second", lines);
        for (key, ids) in load(world, 300, 10).await {
            produced.entry(key).or_default().extend(ids);
        }
        first.stop();
        for (key, ids) in load(world, 300, 10).await {
            produced.entry(key).or_default().extend(ids);
        }
        world.until_committed().await;
        second.stop();
        let handled = [world.handled_by("first"), world.handled_by("second")].concat();
        assert_eq!(assert_nothing_lost(&handled, &produced), 0, "nothing twice");
        assert_order(&handled, &produced);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_static_member_that_comes_back_in_time_keeps_its_partitions_and_no_other_notices() {
    with_real(2, async |world| {
        count();
        let rebalances = || counted("kafka_trigger_rebalances_total", &world.group);
        let lines = format!("topics = ['{}']\ngroup = '{}'", world.topic, world.group);
        let manifest = |name: &str, id: &str| {
            // Members hear of a rebalance at their heartbeat: a quarter of this.
            let settings = format!("instance_id = '{id}'\nsession_timeout_ms = 20000");
            world.manifest_of(name, &settings, &lines)
        };
        let one = manifest("host", "one");
        let host = start(&one).await;
        let id = world.append("a", succeed()).await;
        host.until_handled(&id).await;
        let other = start(&manifest("other", "two")).await;
        until("the other has a share", async || {
            load(world, 10, 10).await;
            !other.handled().is_empty()
        })
        .await;
        world.until_committed().await;
        let of_other = other.handled().remove(0).key;
        load(world, 10, 10).await;
        world.until_committed().await;
        let own = host.stop().await.pop().expect("it kept a share").key;

        let before = rebalances();
        let (waits, goes_on) = (
            world.append(&own, succeed()).await,
            world.append(&of_other, succeed()).await,
        );
        other.until_handled(&goes_on).await;
        let back = start(&one).await;
        back.until_handled(&waits).await;
        let goes_on = world.append(&of_other, succeed()).await;
        other.until_handled(&goes_on).await;
        assert_eq!(rebalances(), before + 1, "only its own return");
        other.stop().await;

        // The same id a second time: the older of the two is told so and ends.
        let twin = start(&manifest("twin", "one")).await;
        let text = back.failure().await;
        assert!(text.contains("same `instance_id`"), "{text}");
        twin.stop().await;
    })
    .await;
}
