//! `taskwhisper dead-letters`.

use std::collections::BTreeMap;

use anyhow::{Context as _, bail};
use event_log::operate::LetterFilter;
use kafka_client::{KeptLetter, read_letters};
use serde_json::json;

use super::letter::{Id, Letter, text};
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
    let mut letters = find(target, which).await?;
    letters.retain(|letter| all || letter.redriven_at.is_none());
    let more = letters.len().saturating_sub(limit);
    letters.truncate(limit);
    if json {
        letters.iter().all(|letter| say_json(&letter.to_json()));
        return Ok(());
    }
    let mut headings = vec!["ID", "GIVEN UP", "GROUP", "TOPIC", ">ATTEMPTS", "REASON"];
    if all {
        headings.insert(2, "REDRIVEN");
    }
    let mut table = Table::new(&headings);
    for letter in &letters {
        let mut cells = vec![letter.id.to_string(), text(letter.given_up_at)];
        if all {
            cells.push(letter.redriven_at.map_or_else(|| "-".to_owned(), text));
        }
        cells.push(letter.group.clone());
        cells.push(letter.topic.clone());
        cells.push(letter.attempts.to_string());
        cells.push(cut(&letter.reason, REASON_CHARS));
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
    let letters = find(target, &Which::default()).await?;
    let letter = letters.into_iter().find(|letter| letter.id == id);
    let letter = letter.with_context(|| format!("there is no dead letter {id}"))?;
    if json {
        say_json(&letter.to_json());
        return Ok(());
    }
    let redriven = letter.redriven_at.map_or_else(|| "no".to_owned(), text);
    for (name, value) in [
        ("id", letter.id.to_string()),
        ("given up", text(letter.given_up_at)),
        ("redriven", redriven),
        ("group", letter.group.clone()),
        ("handler", letter.handler.clone()),
        ("attempts", letter.attempts.to_string()),
        ("reason", letter.reason.clone()),
    ] {
        say(&format!("{name:<10}{value}"));
    }
    say(&format!("record\n{:#}", letter.record));
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
    let letters = find(target, which).await?;
    if let Some(missing) = ids
        .iter()
        .find(|id| letters.iter().all(|letter| letter.id != **id))
    {
        bail!("there is no dead letter {missing}");
    }
    let chosen = letters
        .into_iter()
        .filter(|letter| ids.is_empty() || ids.contains(&letter.id));
    let (mut rows, mut topics) = (Vec::new(), BTreeMap::<String, Vec<KeptLetter>>::new());
    for letter in chosen {
        match letter.id {
            Id::Row(row) => rows.push(row),
            Id::Place(topic, _) => topics.entry(topic).or_default().extend(letter.kept),
        }
    }
    let cut: Vec<_> = topics
        .values_mut()
        .flat_map(|kept| kept.extract_if(.., |kept| kept.is_cut && kept.redriven_ms.is_none()))
        .map(|kept| Id::Place(kept.letter.dead_letter_topic.clone(), kept.place).to_string())
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

/// How many letters were redriven now, and how many before.
async fn redrive_topic(
    target: &Target,
    topic: &str,
    chosen: &[KeptLetter],
) -> anyhow::Result<(usize, usize)> {
    let connection = target.connection().context("no Kafka is configured")?;
    let mut letters = chosen.to_vec();
    letters.retain(|letter| letter.redriven_ms.is_none());
    kafka_client::redrive(connection, topic, &letters).await?;
    Ok((letters.len(), chosen.len() - letters.len()))
}

/// Letters of both kinds, the oldest first. The relay's are in the table, whatever the carrier.
async fn find(target: &Target, which: &Which) -> anyhow::Result<Vec<Letter>> {
    let mut letters = Vec::new();
    if !target.settings.event_log.is_empty() {
        let filter = LetterFilter {
            id: None,
            group: which.group.clone(),
            topic: which.topic.clone(),
            redriven: true,
            limit: MOST_ROWS,
        };
        let rows = target.log().await?.letters(&filter).await?;
        letters.extend(rows.into_iter().map(Letter::of_table));
    }
    if let (Some(connection), Some(cluster)) = (target.connection(), target.cluster()?) {
        let there = cluster.topics().await?;
        for topic in target.dead_letter_topics() {
            // Nobody has given up anything as long as there is none.
            if !there.iter().any(|there| there.name == topic) {
                continue;
            }
            let kept = read_letters(connection, &topic).await?;
            letters.extend(kept.into_iter().map(|kept| Letter::of_topic(&topic, kept)));
        }
        letters.retain(|letter| {
            which
                .group
                .as_ref()
                .is_none_or(|group| *group == letter.group)
                && which
                    .topic
                    .as_ref()
                    .is_none_or(|topic| *topic == letter.topic)
        });
    }
    letters.sort_by(|a, b| (a.given_up_at, &a.id).cmp(&(b.given_up_at, &b.id)));
    Ok(letters)
}
