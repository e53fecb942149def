//! `taskwhisper dead-letters`.

use std::collections::BTreeMap;

use anyhow::{Context as _, bail};
use event_log::operate::DeadLetterFilter;
use kafka_client::{StoredDeadLetter, read_dead_letters};
use serde_json::json;

use super::dead_letter::{DeadLetter, Id, text};
use super::output::{Table, cut, say, say_json};
use super::target::Target;
use crate::cli::Which;

/// Rows of the table that are looked at.
const MOST_ROWS: i64 = 100_000;
const REASON_CHARS: usize = 80;

pub async fn list(
    target: &Target,
    which: &Which,
    all: bool,
    limit: usize,
    json: bool,
) -> anyhow::Result<()> {
    let mut dead_letters = find(target, which).await?;
    dead_letters.retain(|dead_letter| all || dead_letter.redriven_at.is_none());
    let more = dead_letters.len().saturating_sub(limit);
    dead_letters.truncate(limit);
    if json {
        dead_letters
            .iter()
            .all(|dead_letter| say_json(&dead_letter.to_json()));
        return Ok(());
    }
    let mut headings = vec!["ID", "GIVEN UP", "GROUP", "TOPIC", ">ATTEMPTS", "REASON"];
    if all {
        headings.insert(2, "REDRIVEN");
    }
    let mut table = Table::new(&headings);
    for dead_letter in &dead_letters {
        let mut cells = vec![dead_letter.id.to_string(), text(dead_letter.given_up_at)];
        if all {
            cells.push(dead_letter.redriven_at.map_or_else(|| "-".to_owned(), text));
        }
        cells.push(dead_letter.group.clone());
        cells.push(dead_letter.topic.clone());
        cells.push(dead_letter.attempts.to_string());
        cells.push(cut(&dead_letter.reason, REASON_CHARS));
        table.row(cells);
    }
    if table.is_empty() {
        say("There are no dead letters.");
        return Ok(());
    }
    table.print();
    if more > 0 {
        say(&format!("… and {more} more (--limit shows them)"));
    }
    Ok(())
}

pub async fn show(target: &Target, id: &str, json: bool) -> anyhow::Result<()> {
    let id: Id = id.parse().map_err(anyhow::Error::msg)?;
    let dead_letters = find(target, &Which::default()).await?;
    let dead_letter = dead_letters
        .into_iter()
        .find(|dead_letter| dead_letter.id == id);
    let dead_letter = dead_letter.with_context(|| format!("there is no dead letter {id}"))?;
    if json {
        say_json(&dead_letter.to_json());
        return Ok(());
    }
    let redriven = dead_letter
        .redriven_at
        .map_or_else(|| "no".to_owned(), text);
    for (name, value) in [
        ("id", dead_letter.id.to_string()),
        ("given up", text(dead_letter.given_up_at)),
        ("redriven", redriven),
        ("group", dead_letter.group.clone()),
        ("handler", dead_letter.handler.clone()),
        ("attempts", dead_letter.attempts.to_string()),
        ("reason", dead_letter.reason.clone()),
    ] {
        say(&format!("{name:<10}{value}"));
    }
    say(&format!("record\n{:#}", dead_letter.record));
    Ok(())
}

pub async fn redrive(
    target: &Target,
    ids: &[String],
    which: &Which,
    json: bool,
) -> anyhow::Result<()> {
    let ids: Vec<Id> = ids
        .iter()
        .map(|id| id.parse())
        .collect::<Result<_, String>>()
        .map_err(anyhow::Error::msg)?;
    let dead_letters = find(target, which).await?;
    if let Some(missing) = ids.iter().find(|id| {
        dead_letters
            .iter()
            .all(|dead_letter| dead_letter.id != **id)
    }) {
        bail!("there is no dead letter {missing}");
    }
    let chosen = dead_letters
        .into_iter()
        .filter(|dead_letter| ids.is_empty() || ids.contains(&dead_letter.id));
    let (mut rows, mut topics) = (Vec::new(), BTreeMap::<String, Vec<StoredDeadLetter>>::new());
    for dead_letter in chosen {
        match dead_letter.id {
            Id::Row(row) => rows.push(row),
            Id::Record(topic, _) => topics.entry(topic).or_default().extend(dead_letter.kept),
        }
    }
    let cut: Vec<_> = topics
        .values_mut()
        .flat_map(|kept| kept.extract_if(.., |kept| kept.is_cut && kept.redriven_ms.is_none()))
        .map(|kept| Id::Record(kept.dead_letter.dead_letter_topic.clone(), kept.id).to_string())
        .collect();
    let (mut done, mut before) = (0, 0);
    if !rows.is_empty() {
        let log = target.log().await?;
        for row in rows {
            match log.redrive(row).await? {
                true => done += 1,
                false => before += 1,
            }
        }
    }
    for (topic, kept) in topics {
        let (new, old) = redrive_topic(target, &topic, &kept).await?;
        done += new;
        before += old;
    }
    if json {
        say_json(&json!({"redriven": done, "redriven_before": before}));
    } else {
        let old = match before {
            0 => String::new(),
            before => format!("; {before} had been redriven before"),
        };
        say(&format!("Redrove {done} dead letters{old}."));
    }
    if !cut.is_empty() {
        bail!(
            "their values were too large for the topic of dead letters and are not kept, so they cannot \
             be put back: {}",
            cut.join(", ")
        );
    }
    Ok(())
}

/// How many dead letters were redriven now, and how many before.
async fn redrive_topic(
    target: &Target,
    topic: &str,
    chosen: &[StoredDeadLetter],
) -> anyhow::Result<(usize, usize)> {
    let connection = target.connection().context("no Kafka is configured")?;
    let mut dead_letters = chosen.to_vec();
    dead_letters.retain(|dead_letter| dead_letter.redriven_ms.is_none());
    kafka_client::redrive(connection, topic, &dead_letters).await?;
    Ok((dead_letters.len(), chosen.len() - dead_letters.len()))
}

/// Dead letters of both kinds, the oldest first. The relay's are in the table, whatever the transport.
async fn find(target: &Target, which: &Which) -> anyhow::Result<Vec<DeadLetter>> {
    let mut dead_letters = Vec::new();
    if !target.settings.event_log.is_empty() {
        let filter = DeadLetterFilter {
            id: None,
            group: which.group.clone(),
            topic: which.topic.clone(),
            redriven: true,
            limit: MOST_ROWS,
        };
        let rows = target.log().await?.dead_letters(&filter).await?;
        dead_letters.extend(rows.into_iter().map(DeadLetter::of_table));
    }
    if let (Some(connection), Some(cluster)) = (target.connection(), target.cluster()?) {
        let there = cluster.topics().await?;
        for topic in target.dead_letter_topics() {
            // Nobody has given up anything as long as there is none.
            if !there.iter().any(|there| there.name == topic) {
                continue;
            }
            let kept = read_dead_letters(connection, &topic).await?;
            dead_letters.extend(
                kept.into_iter()
                    .map(|kept| DeadLetter::of_topic(&topic, kept)),
            );
        }
        dead_letters.retain(|dead_letter| {
            which
                .group
                .as_ref()
                .is_none_or(|group| *group == dead_letter.group)
                && which
                    .topic
                    .as_ref()
                    .is_none_or(|topic| *topic == dead_letter.topic)
        });
    }
    dead_letters.sort_by(|a, b| (a.given_up_at, &a.id).cmp(&(b.given_up_at, &b.id)));
    Ok(dead_letters)
}
