//! `taskwhisper lag`.

use std::collections::BTreeMap;

use serde_json::json;

use super::output::{Table, age, is_coloured, say, say_json};
use super::target::Target;

/// Where a group stands in a partition, whatever carries it.
struct Line {
    group: String,
    transport: &'static str,
    topic: String,
    partition: i32,
    records: u64,
    oldest_s: Option<f64>,
    /// Not known of Kafka's groups.
    members: Option<u64>,
}

pub async fn run(target: &Target, partitions: bool, json: bool) -> anyhow::Result<()> {
    let mut lines = Vec::new();
    if !target.settings.event_log.is_empty() {
        let log = target.log().await?;
        lines.extend(log.lag().await?.into_iter().map(|lag| Line {
            group: lag.group,
            transport: "log",
            topic: lag.partition.topic.to_string(),
            partition: lag.partition.partition,
            records: lag.records,
            oldest_s: lag.oldest_s,
            members: Some(lag.members),
        }));
    }
    // While Kafka is away it is of interest all the more what waits for it.
    let complete = in_kafka(target, &mut lines).await;
    if json {
        lines.iter().all(say_line);
        return complete;
    }
    if !partitions {
        lines = by_topic(lines);
    }
    match lines.is_empty() {
        true => _ = say("No consumer group has read anything yet."),
        false => print(&lines, partitions),
    }
    complete
}

async fn in_kafka(target: &Target, lines: &mut Vec<Line>) -> anyhow::Result<()> {
    let Some(cluster) = target.cluster()? else {
        return Ok(());
    };
    for (group, topics) in target.groups() {
        let lags = cluster.lag(group, &topics).await?;
        lines.extend(lags.into_iter().map(|lag| Line {
            group: group.to_owned(),
            transport: "kafka",
            records: u64::try_from(lag.records()).unwrap_or(0),
            topic: lag.partition.topic.to_string(),
            partition: lag.partition.partition,
            oldest_s: None,
            members: None,
        }));
    }
    Ok(())
}

fn say_line(line: &Line) -> bool {
    say_json(&json!({
        "group": line.group,
        "transport": line.transport,
        "topic": line.topic,
        "partition": line.partition,
        "lag": line.records,
        "oldest_seconds": line.oldest_s,
        "members": line.members,
    }))
}

fn by_topic(lines: Vec<Line>) -> Vec<Line> {
    let mut sums: BTreeMap<(String, &str, String), Line> = BTreeMap::new();
    for line in lines {
        let key = (line.group.clone(), line.transport, line.topic.clone());
        match sums.get_mut(&key) {
            None => {
                sums.insert(key, line);
            }
            Some(sum) => {
                sum.records += line.records;
                sum.oldest_s = match (sum.oldest_s, line.oldest_s) {
                    (Some(a), Some(b)) => Some(a.max(b)),
                    (a, b) => a.or(b),
                };
            }
        }
    }
    sums.into_values().collect()
}

fn print(lines: &[Line], partitions: bool) {
    let mut headings = vec!["GROUP", "TRANSPORT", "TOPIC"];
    if partitions {
        headings.push(">PARTITION");
    }
    headings.extend([">LAG", ">OLDEST", ">MEMBERS"]);
    let mut table = Table::new(&headings);
    for line in lines {
        let mut cells = vec![
            line.group.clone(),
            line.transport.to_owned(),
            line.topic.clone(),
        ];
        if partitions {
            cells.push(line.partition.to_string());
        }
        cells.push(line.records.to_string());
        cells.push(line.oldest_s.map_or_else(|| "-".to_owned(), age));
        let members = line.members.map(|members| members.to_string());
        cells.push(members.unwrap_or_else(|| "-".to_owned()));
        table.row(cells);
    }
    table.print();
    let orphaned: Vec<_> = lines
        .iter()
        .filter(|line| line.members == Some(0))
        .map(|line| line.group.as_str())
        .collect::<std::collections::BTreeSet<_>>()
        .into_iter()
        .collect();
    if !orphaned.is_empty() {
        let (on, off) = match is_coloured() {
            true => ("\x1b[33m", "\x1b[0m"),
            false => ("", ""),
        };
        say(&format!(
            "\n{on}Nobody is a member of {}: rows it has not read are kept. If it is gone for good: \
             taskwhisper events forget --group {}{off}",
            orphaned.join(", "),
            orphaned.first().copied().unwrap_or_default(),
        ));
    }
}
