//! `taskwhisper topics create`, and what `up` does of it.

use anyhow::bail;
use kafka_client::{Cluster, Created, TopicSpec};
use serde_json::json;
use trigger_kafka::TopicConfig;

use super::output::{Table, say_json};
use super::target::Target;

const DAY_MS: i64 = 24 * 3600 * 1000;
const RETENTION: &str = "retention.ms";
/// Long enough for somebody to come back from a holiday.
const DEAD_LETTER_DAYS: u32 = 30;

struct Line {
    spec: TopicSpec,
    created: Created,
    /// As it is now.
    partitions: i32,
    /// As it was wanted, in milliseconds.
    retention_ms: i64,
}

/// Makes the topics that are missing and prints all.
pub async fn create(target: &Target, replication: i32, json: bool) -> anyhow::Result<()> {
    let Some(cluster) = target.cluster()? else {
        bail!(
            "no Kafka is configured: `brokers` of [application.trigger.kafka] is empty (for \
             TaskWhisper, set SPIN_VARIABLE_KAFKA_BROKERS); the event log in Postgres needs no topics"
        );
    };
    let lines = make(target, &cluster, replication).await?;
    let mut table = Table::new(&["TOPIC", ">PARTITIONS", ">RETENTION", "RESULT"]);
    for line in lines {
        let differs = line.partitions != line.spec.partitions;
        let result = match line.created {
            Created::New => "created".to_owned(),
            Created::Existed if differs => format!(
                "exists; {} partitions were wanted (left alone: more would move keys)",
                line.spec.partitions
            ),
            Created::Existed => "exists".to_owned(),
        };
        let retention_ms = match line.created {
            Created::New => Some(line.retention_ms),
            Created::Existed => retention_ms(&cluster, &line.spec.name).await,
        };
        if json {
            say_json(&json!({
                "topic": line.spec.name,
                "partitions": line.partitions,
                "retention_ms": retention_ms,
                "created": line.created == Created::New,
            }));
        } else {
            let partitions = line.partitions.to_string();
            let retention = show_retention(retention_ms);
            table.row([line.spec.name, partitions, retention, result]);
        }
    }
    if !json {
        table.print();
    }
    Ok(())
}

/// Of a topic that was there; -1 is for ever. `None`: the brokers do not say.
async fn retention_ms(cluster: &Cluster, topic: &str) -> Option<i64> {
    match cluster.describe(topic).await {
        Ok(described) => described.config.get(RETENTION)?.parse().ok(),
        Err(error) => {
            tracing::warn!("cannot see how long `{topic}` keeps its records: {error}");
            None
        }
    }
}

fn show_retention(ms: Option<i64>) -> String {
    match ms {
        None => "?".to_owned(),
        Some(..0) => "for ever".to_owned(),
        Some(ms) if ms % DAY_MS == 0 => format!("{} days", ms / DAY_MS),
        Some(ms) => format!("{ms} ms"),
    }
}

/// Makes the topics that are missing; returns the names of those that are new.
pub async fn ensure(target: &Target, cluster: &Cluster) -> anyhow::Result<Vec<String>> {
    let lines = make(target, cluster, -1).await?;
    let new = lines
        .into_iter()
        .filter(|line| line.created == Created::New);
    Ok(new.map(|line| line.spec.name).collect())
}

async fn make(target: &Target, cluster: &Cluster, replication: i32) -> anyhow::Result<Vec<Line>> {
    let wanted: Vec<_> = wanted(target)
        .into_iter()
        .map(|(name, topic)| {
            let retention_ms = i64::from(topic.retention_days) * DAY_MS;
            let spec = TopicSpec {
                name,
                partitions: topic.partitions,
                replication,
                config: vec![(RETENTION.to_owned(), retention_ms.to_string())],
            };
            (spec, retention_ms)
        })
        .collect();
    let specs: Vec<_> = wanted.iter().map(|(spec, _)| spec.clone()).collect();
    let there = cluster.topics().await?;
    let found = |name: &str| there.iter().find(|topic| topic.name == name);
    let missing: Vec<_> = specs
        .iter()
        .filter(|spec| found(&spec.name).is_none())
        .cloned()
        .collect();
    let created = match missing.is_empty() {
        true => Vec::new(),
        false => cluster.create_topics(&missing).await?,
    };
    let created: Vec<_> = missing
        .iter()
        .map(|spec| spec.name.clone())
        .zip(created)
        .collect();
    let lines = wanted.into_iter().map(|(spec, retention_ms)| {
        let outcome = created.iter().find(|(name, _)| *name == spec.name);
        let partitions = found(&spec.name).map_or(spec.partitions, |topic| topic.partitions);
        Line {
            created: outcome.map_or(Created::Existed, |(_, created)| *created),
            spec,
            partitions,
            retention_ms,
        }
    });
    Ok(lines.collect())
}

/// The application's topics, then those of its dead letters.
fn wanted(target: &Target) -> Vec<(String, TopicConfig)> {
    let declared = &target.settings.topics;
    let of_app = target.topics().into_iter().map(|name| {
        let topic = declared.get(&name).copied().unwrap_or_default();
        (name, topic)
    });
    let mut wanted: Vec<_> = of_app.collect();
    for name in target.dead_letter_topics() {
        let topic = TopicConfig {
            partitions: 1,
            retention_days: DEAD_LETTER_DAYS,
        };
        if !declared.contains_key(&name) {
            wanted.push((name, topic));
        }
    }
    wanted
}
