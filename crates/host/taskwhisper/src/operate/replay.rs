//! `taskwhisper events replay` and `events forget`.

use anyhow::{Context as _, bail};
use event_log::operate::From;
use kafka_client::{Cluster, Offsets};
use serde_json::json;

use super::output::{Table, say, say_json};
use super::target::Target;
use crate::cli::ReplayFrom;

/// One partition of a group that was moved.
struct Moved {
    partition: i32,
    records: u64,
}

pub async fn run(
    target: &Target,
    topic: &str,
    group: &str,
    from: ReplayFrom,
    log: bool,
    json: bool,
) -> anyhow::Result<()> {
    // The relay is a group of the log, whatever the transport.
    let moved = match target.cluster()? {
        Some(cluster) if !log && group != outbox_relay::GROUP => {
            check(target, topic, group)?;
            in_kafka(&cluster, topic, group, from).await?
        }
        _ => in_log(target, topic, group, from).await?,
    };
    let total: u64 = moved.iter().map(|moved| moved.records).sum();
    if json {
        for Moved { partition, records } in moved {
            say_json(&json!({
                "group": group, "topic": topic, "partition": partition, "records": records,
            }));
        }
        return Ok(());
    }
    let mut table = Table::new(&["TOPIC", ">PARTITION", ">TO HANDLE"]);
    for Moved { partition, records } in moved {
        table.row([topic.to_owned(), partition.to_string(), records.to_string()]);
    }
    table.print();
    say(&format!(
        "The group `{group}` will handle {total} records of `{topic}`."
    ));
    Ok(())
}

/// A group that reads nothing would be moved without effect.
fn check(target: &Target, topic: &str, group: &str) -> anyhow::Result<()> {
    let groups = target.groups();
    let Some(topics) = groups.get(group) else {
        let known: Vec<_> = groups.keys().copied().collect();
        bail!(
            "the application has no consumer group `{group}`; it has {}",
            known.join(", ")
        );
    };
    if !topics.iter().any(|read| read == topic) {
        bail!(
            "the group `{group}` does not read `{topic}`; it reads {}",
            topics.join(", ")
        );
    }
    Ok(())
}

async fn in_log(
    target: &Target,
    topic: &str,
    group: &str,
    from: ReplayFrom,
) -> anyhow::Result<Vec<Moved>> {
    let log = target.log().await?;
    let from = match from {
        ReplayFrom::Beginning => From::Beginning,
        ReplayFrom::Time(time) => From::Time(time),
        ReplayFrom::Offset(offset) => From::Offset(offset),
    };
    let moved = log.replay(group, topic, from).await?;
    if moved.is_empty() {
        let lag = log.lag().await?;
        let mut known: Vec<_> = lag
            .iter()
            .map(|lag| format!("{} on {}", lag.group, lag.partition.topic))
            .collect();
        known.dedup();
        bail!(
            "no group `{group}` has read the topic `{topic}` in the event log; there are: {}",
            known.join(", ")
        );
    }
    let moved = moved.into_iter().map(|moved| Moved {
        partition: moved.partition.partition,
        records: moved.records,
    });
    Ok(moved.collect())
}

async fn in_kafka(
    cluster: &Cluster,
    topic: &str,
    group: &str,
    from: ReplayFrom,
) -> anyhow::Result<Vec<Moved>> {
    let partitions = cluster.partitions(&[topic.to_owned()]).await?;
    let marks = cluster.watermarks(&partitions).await?;
    let offsets: Offsets = match from {
        ReplayFrom::Time(time) => {
            let time_ms = time.timestamp_millis();
            cluster.offsets_at(&partitions, time_ms).await?
        }
        ReplayFrom::Beginning => marks
            .iter()
            .map(|(partition, (low, _))| (partition.clone(), *low))
            .collect(),
        ReplayFrom::Offset(offset) => marks
            .iter()
            .map(|(partition, (low, high))| (partition.clone(), offset.clamp(*low, *high)))
            .collect(),
    };
    cluster.commit(group, &offsets).await.with_context(|| {
        format!(
            "the group `{group}` was not moved; Kafka allows that only while it has no members. \
             Stop every host that runs its handler, replay, and start them again"
        )
    })?;
    let moved = offsets.into_iter().map(|(partition, offset)| {
        let high = marks.get(&partition).map_or(offset, |(_, high)| *high);
        Moved {
            partition: partition.partition,
            records: u64::try_from(high - offset).unwrap_or(0),
        }
    });
    Ok(moved.collect())
}

pub async fn forget(target: &Target, group: &str) -> anyhow::Result<()> {
    if !target.log().await?.forget_group(group).await? {
        bail!("the event log has no group `{group}` without members (see `taskwhisper lag`)");
    }
    say(&format!("The event log has forgotten the group `{group}`."));
    Ok(())
}
