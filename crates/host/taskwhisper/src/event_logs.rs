//! The event logs that triggers name in their settings: one connection per database, however
//! many kinds of trigger use it.

use std::collections::BTreeMap;
use std::sync::Arc;

use anyhow::Context as _;
use event_log::EventLog;
use manifest::{App, Variables};
use serde::Deserialize;

/// Kinds of trigger that read a log or hold leases in it.
pub const KINDS: [&str; 3] = ["kafka", "websocket", "cron"];

/// `[application.trigger.<kind>]` of these kinds, as far as the log is concerned: what else may
/// stand there each trigger knows.
#[derive(Deserialize)]
struct LogSettings {
    /// The URL of the Postgres that holds the log.
    #[serde(default)]
    event_log: String,
    /// Kafka brokers; empty: the log in Postgres is read directly.
    #[serde(default)]
    brokers: String,
}

/// Settings of the triggers that need nothing else.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct LogAlone {
    event_log: String,
}

/// Logs by kind of trigger, and each of them once.
pub struct EventLogs {
    by_kind: BTreeMap<&'static str, Arc<EventLog>>,
    by_url: BTreeMap<String, Arc<EventLog>>,
}

impl EventLogs {
    /// Connect to every log that a trigger of the application uses, and to those that it only
    /// appends to, so that their readers elsewhere are woken.
    pub async fn connect(app: &App, variables: &Variables) -> anyhow::Result<Self> {
        let mut logs = Self {
            by_kind: BTreeMap::new(),
            by_url: BTreeMap::new(),
        };
        for kind in KINDS {
            let url = match settings(app, variables, kind).await {
                Ok(Some(settings)) if !settings.event_log.is_empty() => settings.event_log,
                // What a trigger that runs lacks was reported by `problems`.
                _ => continue,
            };
            let log = match logs.by_url.get(&url) {
                Some(log) => log.clone(),
                None => {
                    let log = EventLog::connect(&url, event_log::Options::default())
                        .await
                        .map_err(|error| {
                            let what = format!("the event log of [application.trigger.{kind}]");
                            explain(error, &what)
                        })?;
                    logs.by_url.insert(url, log.clone());
                    log
                }
            };
            logs.by_kind.insert(kind, log);
        }
        Ok(logs)
    }

    /// The log of this kind of trigger, if it has one.
    pub fn of(&self, kind: &str) -> Option<&Arc<EventLog>> {
        self.by_kind.get(kind)
    }

    /// The log of a kind of trigger that cannot do without.
    pub fn required(&self, kind: &str) -> anyhow::Result<&Arc<EventLog>> {
        let missing = || format!("[application.trigger.{kind}] names no event_log");
        self.of(kind).with_context(missing)
    }

    /// Every database that holds a log.
    pub fn urls(&self) -> impl Iterator<Item = &str> {
        self.by_url.keys().map(String::as_str)
    }

    /// A function that says that something was appended, to whichever log.
    pub fn waker(&self) -> impl Fn() + Send + Sync + use<> {
        let logs: Vec<_> = self.by_url.values().cloned().collect();
        move || logs.iter().for_each(|log| log.wake())
    }
}

/// An error of a log with how to set one up, where it is none.
pub fn explain(error: event_log::Error, what: &str) -> anyhow::Error {
    let advice = match error {
        event_log::Error::Unusable(_) => " (`taskwhisper migrate --event-log` sets one up)",
        _ => "",
    };
    anyhow::Error::new(error).context(format!("{what}{advice}"))
}

/// What is wrong with the settings of triggers that run. Cron can do without a log, as the
/// official cron plugin does: then each host fires. With brokers the kafka trigger can, too.
pub async fn problems(app: &App, variables: &Variables) -> Vec<String> {
    let mut problems = Vec::new();
    for kind in KINDS {
        if app.triggers_of(kind).next().is_none() {
            continue;
        }
        match settings(app, variables, kind).await {
            Ok(None) if kind == "cron" => {}
            Ok(None) => problems.push(format!(
                "[application.trigger.{kind}] is missing; write event_log = \"postgres://…\" in it"
            )),
            Ok(Some(settings)) if settings.event_log.is_empty() => match kind {
                "cron" => {}
                "kafka" if !settings.brokers.is_empty() => {}
                "kafka" => problems.push(
                    "application.trigger.kafka: event_log and brokers are empty; name a Postgres \
                     URL in event_log, Kafka brokers in brokers, or both"
                        .to_owned(),
                ),
                _ => problems.push(format!(
                    "application.trigger.{kind}: event_log is empty; it must be a Postgres URL"
                )),
            },
            Ok(Some(_)) => {}
            Err(error) => problems.push(error.to_string()),
        }
    }
    problems
}

async fn settings(
    app: &App,
    variables: &Variables,
    kind: &str,
) -> Result<Option<LogSettings>, manifest::LoadError> {
    if kind == "kafka" {
        // The trigger itself is strict about the others.
        return manifest::trigger_settings(app, variables, kind).await;
    }
    let alone = manifest::trigger_settings::<LogAlone>(app, variables, kind).await?;
    Ok(alone.map(|LogAlone { event_log }| LogSettings {
        event_log,
        brokers: String::new(),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use manifest::VariableOptions;

    #[tokio::test]
    async fn a_setting_that_nobody_knows_is_a_problem_and_not_a_trigger_without_a_log() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("spin.toml");
        let manifest = r#"
            spin_manifest_version = 2
            [application]
            name = "a"
            version = "1.0.0"
            [application.trigger.cron]
            event_logs = "postgres://somewhere"
            [[trigger.cron]]
            component = "tick"
            cron_expression = "0 * * * * *"
            [component.tick]
            source = "tick.wasm"
        "#;
        std::fs::write(&path, manifest).expect("written");
        std::fs::write(folder.path().join("tick.wasm"), b"").expect("written");
        let app = App::load(&path).expect("an application");
        let variables = Variables::new(&app, VariableOptions::default()).expect("variables");
        let problems = problems(&app, &variables).await;
        assert!(
            problems.len() == 1 && problems[0].contains("event_logs"),
            "{problems:?}"
        );
    }
}
