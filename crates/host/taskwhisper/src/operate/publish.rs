//! `taskwhisper events publish`.

use std::time::Duration;

use anyhow::{Context as _, bail};
use chrono::{SecondsFormat, Utc};
use event_log::operate::{NewRecord, Published};
use kafka_client::Connection;
use kafka_client::rdkafka::producer::FutureRecord;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::input;
use super::output::{say, say_json};
use super::target::Target;
use crate::cli::{Header, PublishArgs};

/// How long Kafka may take to acknowledge.
const TIMEOUT: Duration = Duration::from_secs(30);
/// Of whom an event is that a person publishes.
const SOURCE: &str = "cli";
/// Headers that other options say.
const TAKEN: [(&str, &str); 1] = [("ce_type", "--type")];

pub async fn run(target: &Target, args: &PublishArgs, json: bool) -> anyhow::Result<()> {
    let data = args.data.as_deref();
    let value = data
        .map_or(Ok(Value::Null), input::json)
        .context("--data")?;
    let own = headers(&args.headers)?;
    let topics = target.topics();
    if !topics.contains(&args.topic) {
        let named: Vec<_> = topics.into_iter().collect();
        let named = match named.as_slice() {
            [] => "none".to_owned(),
            named => named.join(", "),
        };
        let topic = &args.topic;
        eprintln!(
            "note: no kafka trigger of the application names the topic `{topic}`; they name {named}"
        );
    }
    let id = Uuid::now_v7();
    let event_id = own
        .get("ce_id")
        .cloned()
        .unwrap_or_else(|| id.to_string().into());
    let published = match target.connection() {
        Some(connection) if !args.log => {
            in_kafka(connection, args, &value, &with_attributes(own, args, id)).await?
        }
        _ => in_log(target, args, value, own, id).await?,
    };
    let Published { partition, offset } = published;
    let topic = &args.topic;
    if json {
        say_json(&json!({
            "topic": topic, "partition": partition, "offset": offset, "id": event_id,
        }));
    } else {
        let id = event_id.as_str().unwrap_or_default();
        say(&format!("{topic}/{partition}@{offset}  id {id}"));
    }
    Ok(())
}

fn headers(given: &[Header]) -> anyhow::Result<Map<String, Value>> {
    let mut headers = Map::from_iter([("ce_source".to_owned(), SOURCE.into())]);
    let mut names = Vec::new();
    for Header { name, value } in given {
        if let Some((_, option)) = TAKEN.iter().find(|(taken, _)| taken == name) {
            bail!("--header {name}: say it with {option}");
        }
        if names.contains(&name) {
            bail!("--header {name} is given twice");
        }
        names.push(name);
        headers.insert(name.clone(), value.clone().into());
    }
    Ok(headers)
}

async fn in_log(
    target: &Target,
    args: &PublishArgs,
    value: Value,
    headers: Map<String, Value>,
    id: Uuid,
) -> anyhow::Result<Published> {
    let record = NewRecord {
        id,
        topic: args.topic.clone(),
        key: args.key.clone(),
        kind: args.kind.clone(),
        value,
        headers: headers.into(),
    };
    let log = target.log().await?;
    log.publish(&record)
        .await
        .context("cannot append the event")
}

/// As the event log makes them from its columns.
fn with_attributes(
    mut own: Map<String, Value>,
    args: &PublishArgs,
    id: Uuid,
) -> Map<String, Value> {
    let now = Utc::now().to_rfc3339_opts(SecondsFormat::Micros, true);
    for (name, value) in [
        ("ce_specversion", "1.0"),
        ("ce_id", &id.to_string()),
        ("ce_type", &args.kind),
        ("ce_time", &now),
        ("content-type", "application/json"),
    ] {
        own.entry(name).or_insert_with(|| value.into());
    }
    own
}

async fn in_kafka(
    connection: &Connection,
    args: &PublishArgs,
    value: &Value,
    headers: &Map<String, Value>,
) -> anyhow::Result<Published> {
    let topic = &args.topic;
    let cluster = kafka_client::Cluster::new(connection)?;
    let checked = cluster.check(std::slice::from_ref(topic)).await;
    checked.context(
        "cannot publish the event (`taskwhisper topics create` makes the topics that spin.toml names)",
    )?;
    let value = value.to_string();
    let text = |value: &'_ Value| value.as_str().unwrap_or_default().as_bytes().to_vec();
    let headers: Vec<_> = headers
        .iter()
        .map(|(name, value)| (name, text(value)))
        .collect();
    let headers = headers
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_slice()));
    let record = FutureRecord::to(topic)
        .key(&args.key)
        .payload(&value)
        .headers(kafka_client::headers(headers));
    let producer = connection.producer()?;
    let sent = producer.send(record, TIMEOUT).await;
    let delivery = sent
        .map_err(|(error, _)| error)
        .context("Kafka did not take the event")?;
    Ok(Published {
        partition: delivery.partition,
        offset: delivery.offset,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn given(lines: &[&str]) -> Vec<Header> {
        let headers = lines.iter().map(|line| line.parse());
        headers.collect::<Result<_, _>>().expect("headers")
    }

    #[test]
    fn own_headers_stand_before_those_that_every_event_has() {
        let own = headers(&given(&["ce_id=7", "ce_source=test", "tenant=x"])).expect("valid");
        let args = PublishArgs {
            topic: "orders".into(),
            key: "ada".into(),
            kind: "order.placed".into(),
            data: None,
            headers: Vec::new(),
            log: false,
        };
        let all = with_attributes(own, &args, Uuid::nil());
        for (name, value) in [
            ("ce_id", "7"),
            ("ce_source", "test"),
            ("ce_type", "order.placed"),
            ("ce_specversion", "1.0"),
            ("content-type", "application/json"),
            ("tenant", "x"),
        ] {
            assert_eq!(all[name], value, "{name}");
        }
    }

    #[test]
    fn headers_that_contradict_are_refused() {
        assert!(headers(&given(&["a=1", "a=2"])).is_err());
        let error = headers(&given(&["ce_type=x"])).expect_err("there is an option");
        assert!(error.to_string().contains("--type"), "{error}");
    }
}
