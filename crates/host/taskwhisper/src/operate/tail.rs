//! `taskwhisper events tail`.

use std::sync::Arc;

use chrono::{DateTime, SecondsFormat};
use event_log::{EventLog, TailError};
use kafka_client::{Connection, Follower};
use records::Record;
use serde_json::{Map, Value, json};

use super::output::{cut, is_coloured, say, say_json};
use super::target::Target;
use crate::shutdown;

/// Characters of a value that a line shows.
const VALUE_CHARS: usize = 100;

pub async fn run(
    target: &Target,
    mut topics: Vec<String>,
    key: Option<String>,
    log: bool,
    json: bool,
) -> anyhow::Result<()> {
    let stop = shutdown::on_signal()?;
    if topics.is_empty() {
        topics = target.topics().into_iter().collect();
    }
    let show = |records: &[Arc<Record>]| {
        let wanted = |record: &&Arc<Record>| match &key {
            Some(key) => record.key.as_deref() == Some(key.as_bytes()),
            None => true,
        };
        records.iter().filter(wanted).all(|record| match json {
            true => say_json(&as_json(record)),
            false => say(&as_line(record)),
        })
    };
    let following = async {
        match target.connection() {
            Some(connection) if !log => follow_kafka(connection, &topics, show).await,
            _ => follow_log(&target.settings.event_log, topics.clone(), show).await,
        }
    };
    stop.run_until_cancelled(following).await.unwrap_or(Ok(()))
}

async fn follow_log(
    url: &str,
    topics: Vec<String>,
    show: impl Fn(&[Arc<Record>]) -> bool,
) -> anyhow::Result<()> {
    let log = EventLog::connect(url, event_log::Options::default()).await?;
    let mut tail = log.tail(topics);
    tail.ready().await;
    loop {
        match tail.next().await {
            Ok(records) => {
                if !show(&records) {
                    return Ok(());
                }
            }
            Err(TailError::Lagged) => eprintln!("… too many at once: some are missing here"),
            Err(error @ TailError::Closed) => return Err(error.into()),
        }
    }
}

async fn follow_kafka(
    connection: &Connection,
    topics: &[String],
    show: impl Fn(&[Arc<Record>]) -> bool,
) -> anyhow::Result<()> {
    let mut follower = Follower::start(connection, topics).await?;
    loop {
        if !show(&follower.next().await?) {
            return Ok(());
        }
    }
}

fn as_line(record: &Record) -> String {
    let text = |bytes: Option<&[u8]>| bytes.map(|b| String::from_utf8_lossy(b).into_owned());
    let header = |name| text(record.header(name).map(|value| &**value));
    let time = DateTime::from_timestamp_millis(record.timestamp_ms).unwrap_or_default();
    let time = time.format("%H:%M:%S%.3f");
    let place = format!("{}/{}@{}", record.topic, record.partition, record.offset);
    let kind = header("ce_type").unwrap_or_else(|| "-".to_owned());
    let key = text(record.key.as_deref()).unwrap_or_else(|| "-".to_owned());
    let value = text(record.value.as_deref()).unwrap_or_else(|| "(no value)".to_owned());
    let value = cut(&value, VALUE_CHARS);
    match is_coloured() {
        true => {
            format!("\x1b[2m{time} {place}\x1b[0m \x1b[1m{kind}\x1b[0m {key} \x1b[2m{value}\x1b[0m")
        }
        false => format!("{time} {place} {kind} {key} {value}"),
    }
}

/// A record as JSON; a value that is no JSON is a string.
pub fn as_json(record: &Record) -> Value {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let headers: Map<String, Value> = record
        .headers
        .iter()
        .map(|(name, value)| (name.to_string(), text(value).into()))
        .collect();
    let value = record
        .value
        .as_deref()
        .map(|value| serde_json::from_slice(value).unwrap_or_else(|_| Value::String(text(value))));
    let time = DateTime::from_timestamp_millis(record.timestamp_ms).unwrap_or_default();
    json!({
        "topic": &*record.topic,
        "partition": record.partition,
        "offset": record.offset,
        "timestamp": time.to_rfc3339_opts(SecondsFormat::Millis, true),
        "key": record.key.as_deref().map(text),
        "headers": headers,
        "value": value,
    })
}
