//! `taskwhisper invoke`.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context as _, bail};
use bytes::Bytes;
use chrono::Utc;
use host_postgres::Postgres;
use host_runtime::{Follow, Runtime};
use manifest::{App, Selection, Variables};
use records::Record;
use serde_json::{Value, json};
use trigger_kafka::{KIND, Outcome, TriggerConfig};
use uuid::Uuid;

use super::input::{self, GivenRecord};
use super::output::{Table, cut, say_json};
use super::target::{self, Loaded};
use crate::cli::InvokeArgs;

const REASON_CHARS: usize = 200;

pub async fn run(args: InvokeArgs) -> anyhow::Result<()> {
    let from = args.record.display();
    let text = input::text(&args.record)?;
    let given = input::records(&text).with_context(|| format!("the records of {from}"))?;
    if given.is_empty() {
        bail!("there is no record in {from}");
    }
    let selection = Selection {
        kinds: Some(vec![KIND.to_owned()]),
        components: Some(vec![args.component.clone()]),
    };
    let Loaded {
        mut app,
        variables,
        state_dir,
    } = target::load(&args.app, &selection)?;
    if app.components.is_empty() {
        bail!("{}", no_handler(&args)?);
    }
    // Of the event log and Kafka this needs nothing.
    app.trigger_settings.clear();
    check(&app, &variables).await?;
    let triggers = manifest::trigger_configs::<TriggerConfig>(&app, &variables, KIND).await?;
    let Some((_, config)) = triggers.into_iter().next() else {
        bail!("{}", no_handler(&args)?);
    };
    let records: Vec<_> = given
        .into_iter()
        .map(|given| record(given, &config))
        .collect::<anyhow::Result<_>>()?;
    for record in &records {
        if !trigger_kafka::is_wanted(&config, record) {
            let place = place(record);
            eprintln!("note: the trigger's filter would pass over {place}; it is handed over here");
        }
    }
    let outcomes = call(app, variables, &state_dir, &config, &records).await?;
    print(&records, &outcomes, args.app.json);
    let undone = outcomes.iter().filter(|outcome| **outcome != Outcome::Done);
    match undone.count() {
        0 => Ok(()),
        undone => bail!("{undone} of {} records were not done", records.len()),
    }
}

/// Values that the component needs and nobody gives.
async fn check(app: &App, variables: &Variables) -> anyhow::Result<()> {
    let problems = variables.problems(app).await;
    match problems.is_empty() {
        true => Ok(()),
        false => bail!("{}", problems.join("\n")),
    }
}

/// Why this component cannot be called, and which can.
fn no_handler(args: &InvokeArgs) -> anyhow::Result<String> {
    let all = App::load(&args.app.application)?;
    let handlers: Vec<_> = all
        .triggers_of(KIND)
        .map(|trigger| &*trigger.component)
        .collect();
    let others = match handlers.as_slice() {
        [] => "none has".to_owned(),
        handlers => format!("these have: {}", handlers.join(", ")),
    };
    let component = &args.component;
    Ok(format!(
        "the component `{component}` has no [[trigger.kafka]] in the application; {others}"
    ))
}

fn record(given: GivenRecord, config: &TriggerConfig) -> anyhow::Result<Record> {
    let named = config.topics.iter().find(|topic| !topic.starts_with('^'));
    let topic = given.topic.as_ref().or(named);
    let topic =
        topic.context("the trigger names its topics by patterns: give each record its topic")?;
    let time = given.timestamp.unwrap_or_else(Utc::now);
    let own = |text: String| Bytes::from(text);
    let headers = given.headers.into_iter().map(|(name, value)| match value {
        Value::String(text) => (name.into(), own(text)),
        other => (name.into(), own(other.to_string())),
    });
    Ok(Record {
        topic: topic.as_str().into(),
        partition: given.partition,
        offset: given.offset,
        id: Uuid::nil(),
        timestamp_ms: time.timestamp_millis(),
        key: given.key.map(own),
        value: given.value.map(|value| own(value.to_string())),
        headers: headers.collect(),
    })
}

/// Calls the component, and shows what it printed.
async fn call(
    mut app: App,
    variables: Variables,
    state_dir: &Path,
    config: &TriggerConfig,
    records: &[Record],
) -> anyhow::Result<Vec<Outcome>> {
    // Copies of files that the component may read; they live as long as this.
    let _files = app.stage_files()?;
    let output =
        tempfile::tempdir().context("cannot make a folder for what the component prints")?;
    let postgres = Postgres::new(host_postgres::Options::default());
    let mut options = host_runtime::Options::new(state_dir, postgres);
    options.follow = Follow::Nobody;
    options.log_dir = Some(output.path().to_owned());
    let runtime = Runtime::load(Arc::new(app), Arc::new(variables), options).await?;
    let called = trigger_kafka::invoke(&runtime, config, records).await;
    for stream in ["stdout", "stderr"] {
        let file = output
            .path()
            .join(format!("{}_{stream}.txt", config.component));
        let printed = std::fs::read(file).unwrap_or_default();
        eprint!("{}", String::from_utf8_lossy(&printed));
    }
    called
}

fn place(record: &Record) -> String {
    format!("{}/{}@{}", record.topic, record.partition, record.offset)
}

fn print(records: &[Record], outcomes: &[Outcome], json: bool) {
    let mut table = Table::new(&["RECORD", "KEY", "OUTCOME", "REASON"]);
    for (record, outcome) in records.iter().zip(outcomes) {
        let key = record.key.as_deref().map(String::from_utf8_lossy);
        let (outcome, reason) = match outcome {
            Outcome::Done => ("done", None),
            Outcome::Retry(reason) => ("retry", Some(reason)),
            Outcome::Reject(reason) => ("reject", Some(reason)),
        };
        if json {
            say_json(&json!({
                "topic": &*record.topic,
                "partition": record.partition,
                "offset": record.offset,
                "key": key,
                "outcome": outcome,
                "reason": reason,
            }));
            continue;
        }
        let reason = reason.map_or_else(String::new, |reason| cut(reason, REASON_CHARS));
        let key = key.map_or_else(|| "-".to_owned(), |key| key.into_owned());
        table.row([place(record), key, outcome.to_owned(), reason]);
    }
    if !json {
        table.print();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(topics: &str) -> TriggerConfig {
        let text = format!("component = 'c'\ntopics = {topics}");
        toml::from_str(&text).expect("a trigger")
    }

    #[test]
    fn what_is_left_out_of_a_record_is_not_there() {
        let record = record(GivenRecord::default(), &config("['^a-.*', 'orders']"));
        let record = record.expect("a record");
        assert_eq!(&*record.topic, "orders", "the first that is named");
        assert_eq!((record.key, record.value), (None, None));
        assert!(record.headers.is_empty());
        assert!(super::record(GivenRecord::default(), &config("['^a-.*']")).is_err());
    }

    #[test]
    fn headers_are_text_and_values_json() {
        let text = r#"{"key": "k", "headers": {"a": "x", "n": 3}, "value": {"b": [1]}}"#;
        let given = input::records(text).expect("valid").remove(0);
        let record = record(given, &config("['orders']")).expect("a record");
        assert_eq!(record.header("a").map(|v| &**v), Some(b"x".as_slice()));
        assert_eq!(record.header("n").map(|v| &**v), Some(b"3".as_slice()));
        assert_eq!(record.value.as_deref(), Some(br#"{"b":[1]}"#.as_slice()));
    }
}
