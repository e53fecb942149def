//! Where a group begins, and what it reads.

use std::time::Duration;

use kafka_client::rdkafka::admin::{AdminClient, AdminOptions};
use kafka_client::rdkafka::client::DefaultClientContext;
use kafka_client::rdkafka::producer::FutureRecord;
use kafka_client::rdkafka::{Offset, TopicPartitionList};

use super::harness::{Handled, World, start, succeed, with, with_real};

async fn append_at(world: &World, timestamp_ms: i64) {
    let value = succeed().to_string();
    let record = FutureRecord::to(&world.topic).key("k").payload(&value);
    let record = record.partition(0).timestamp(timestamp_ms);
    let sent = world.producer.send(record, Duration::from_secs(30)).await;
    sent.expect("produced");
}

async fn until_its_place_is_kept(world: &World) {
    testing::eventually("its place is kept", async || world.lag().await[0].committed).await;
}

fn offsets(handled: &[Handled]) -> Vec<&str> {
    handled
        .iter()
        .filter_map(|handled| handled.place.rsplit('/').next())
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_group_begins_at_the_oldest_record() {
    with(1, async |world| {
        for n in 0..3 {
            append_at(world, 1_000_000_000_000 + n).await;
        }
        let host = world.host("host", "").await;
        world.until_committed().await;
        assert_eq!(offsets(&host.stop().await), ["0", "1", "2"]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_group_that_begins_at_a_time_passes_over_what_is_older() {
    with_real(1, async |world| {
        let day = 24 * 3_600_000;
        for n in 0..5 {
            // 2001-09-09T01:46:40Z, and one day more each.
            append_at(world, 1_000_000_000_000 + n * day).await;
        }
        let host = world.host("host", "start = '2001-09-11T00:00:00Z'").await;
        world.until_committed().await;
        assert_eq!(offsets(&host.stop().await), ["2", "3", "4"]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_group_that_begins_at_the_end_keeps_that_place_even_if_it_handles_nothing() {
    with(1, async |world| {
        append_at(world, 1_000_000_000_000).await;
        let host = world.host("host", "start = 'latest'").await;
        until_its_place_is_kept(world).await;
        assert!(host.stop().await.is_empty());
        append_at(world, 1_000_000_000_001).await;
        let host = world.host("next", "start = 'latest'").await;
        world.until_committed().await;
        assert_eq!(offsets(&host.stop().await), ["1"]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_group_whose_place_is_not_kept_any_more_goes_on_with_what_is() {
    with_real(1, async |world| {
        let host = world.host("host", "start = 'latest'").await;
        until_its_place_is_kept(world).await;
        assert!(host.stop().await.is_empty());
        for n in 0..5 {
            append_at(world, 1_000_000_000_000 + n).await;
        }
        let config = world.connection.client_config().expect("settings");
        let admin: AdminClient<DefaultClientContext> = config.create().expect("a client");
        let mut before = TopicPartitionList::new();
        let added = before.add_partition_offset(&world.topic, 0, Offset::Offset(3));
        added.expect("an offset");
        let deleted = admin.delete_records(&before, &AdminOptions::new()).await;
        deleted.expect("the oldest records go");
        let host = world.host("next", "start = 'latest'").await;
        world.until_committed().await;
        assert_eq!(offsets(&host.stop().await), ["3", "4"]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pattern_finds_topics_that_come_later_and_never_its_own_dead_letters_nor_kafkas_topics() {
    with(1, async |world| {
        let lines = format!(
            "topics = [\"^{}.*\", \"^__consumer.*\"]\ngroup = \"{}\"\n\
             retry = {{ max_attempts = 1, initial_ms = 1, max_ms = 1 }}",
            world.topic, world.group
        );
        let host = start(&world.manifest_of("host", "", &lines)).await;
        let rejected = world.append("a", serde_json::json!({"do": "reject"})).await;
        host.until_handled(&rejected).await;
        let later = format!("{}-later", world.topic);
        world.create(&later, 2).await;
        let found = world.append_to(&later, "b", &succeed().to_string()).await;
        host.until_handled(&found).await;
        world.until_committed().await;
        let handled = host.stop().await;
        assert_eq!(handled.len(), 2, "{handled:?}");
        assert_eq!(world.records(&world.dead_letter_topic()).await.len(), 1);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_topic_that_does_not_exist_yet_is_read_once_it_does() {
    with(1, async |world| {
        let missing = format!("{}-missing", world.topic);
        let lines = format!("topics = [\"{missing}\"]\ngroup = \"{}\"", world.group);
        let host = start(&world.manifest_of("host", "", &lines)).await;
        tokio::time::sleep(Duration::from_millis(500)).await;
        world.create(&missing, 1).await;
        let id = world.append_to(&missing, "a", &succeed().to_string()).await;
        host.until_handled(&id).await;
        host.stop().await;
    })
    .await;
}
