//! What a command works on: an application, its event log, its Kafka.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use anyhow::{Context as _, bail};
use event_log::operate::Operator;
use kafka_client::{Cluster, Connection};
use manifest::{App, Environment, RuntimeConfig, Selection, VariableOptions, Variables};
use regex::Regex;
use trigger_kafka::{KIND, Settings, TriggerConfig};

use crate::cli::AppArgs;
use crate::event_logs;

/// Files in the state folder that hold variables, where they are.
const FILES: [&str; 2] = ["secrets.env", "kafka.env"];

/// An application, as far as its events are concerned.
pub struct Target {
    pub settings: Settings,
    connection: Connection,
    pub triggers: Vec<TriggerConfig>,
}

/// An application with the variables that `up` would have for it.
pub struct Loaded {
    pub app: App,
    pub variables: Variables,
    pub state_dir: PathBuf,
}

/// Reads this part of the application.
pub fn load(args: &AppArgs, selection: &Selection) -> anyhow::Result<Loaded> {
    let environment = Environment::process();
    let config = match &args.runtime_config_file {
        Some(path) => RuntimeConfig::read(path, &environment)?,
        None => RuntimeConfig::default(),
    };
    let app = App::load_selected(&args.application, selection)?;
    let state_dir = args
        .state_dir
        .clone()
        .or_else(|| config.state_dir.clone())
        .unwrap_or_else(|| app.base_dir.join(".taskwhisper"));
    let mut env_files = args.env_files.clone();
    if env_files.is_empty() {
        env_files.push(".env".into());
    }
    env_files.extend(FILES.map(|file| state_dir.join(file)));
    env_files.retain(|file| args.env_files.contains(file) || file.is_file());
    let options = VariableOptions {
        overrides: args.variables.clone(),
        providers: config.providers,
        env_files,
        environment,
    };
    Ok(Loaded {
        variables: Variables::new(&app, options)?,
        app,
        state_dir,
    })
}

impl Target {
    /// Reads the application with the variables `up` would have.
    pub async fn load(args: &AppArgs) -> anyhow::Result<Self> {
        let loaded = load(args, &Selection::default())?;
        let target = Self::of(&loaded.app, &loaded.variables).await;
        let mut target = target.with_context(|| {
            format!(
                "the variables of this application are looked for in the environment and in {}",
                loaded.state_dir.display()
            )
        })?;
        target.find_topics().await?;
        Ok(target)
    }

    /// Puts the topics that there are in the place of patterns.
    async fn find_topics(&mut self) -> anyhow::Result<()> {
        let has_patterns = self.triggers.iter().any(TriggerConfig::has_pattern);
        let Some(cluster) = self.cluster()?.filter(|_| has_patterns) else {
            return Ok(());
        };
        let there = cluster.topics().await?;
        let there: Vec<_> = there.into_iter().map(|topic| topic.name).collect();
        for trigger in &mut self.triggers {
            trigger.topics = topics_of(trigger, &there)?;
        }
        Ok(())
    }

    /// What an application that is loaded says about its events.
    pub async fn of(app: &App, variables: &Variables) -> anyhow::Result<Self> {
        let settings = manifest::trigger_settings::<Settings>(app, variables, KIND).await?;
        let triggers = manifest::trigger_configs::<TriggerConfig>(app, variables, KIND).await?;
        let settings = settings.unwrap_or_default();
        Ok(Self {
            connection: settings.connection(),
            settings,
            triggers: triggers.into_iter().map(|(_, config)| config).collect(),
        })
    }

    /// The event log in Postgres.
    pub async fn log(&self) -> anyhow::Result<Operator> {
        let url = &self.settings.event_log;
        if url.is_empty() {
            bail!("[application.trigger.{KIND}] names no event_log");
        }
        let connected = Operator::connect(url).await;
        connected.map_err(|error| event_logs::explain(error, "the event log"))
    }

    /// How to reach Kafka, if it is the transport.
    pub fn connection(&self) -> Option<&Connection> {
        self.connection.is_set().then_some(&self.connection)
    }

    /// Kafka itself, if it is the transport.
    pub fn cluster(&self) -> anyhow::Result<Option<Cluster>> {
        let cluster = self.connection().map(Cluster::new);
        Ok(cluster.transpose()?)
    }

    /// Every topic the application names.
    pub fn topics(&self) -> BTreeSet<String> {
        let named = self.settings.topics.keys().cloned();
        let read = self.triggers.iter().flat_map(named_topics);
        named.chain(read.cloned()).collect()
    }

    /// The topics of dead letters.
    pub fn dead_letter_topics(&self) -> BTreeSet<String> {
        let of_trigger = |trigger: &TriggerConfig| -> Vec<String> {
            named_topics(trigger)
                .map(|topic| trigger.dead_letter_topic(topic))
                .collect()
        };
        self.triggers.iter().flat_map(of_trigger).collect()
    }

    /// What each consumer group reads.
    pub fn groups(&self) -> BTreeMap<&str, Vec<String>> {
        let groups = self.triggers.iter();
        groups
            .map(|trigger| (trigger.group(), named_topics(trigger).cloned().collect()))
            .collect()
    }
}

/// What a trigger reads of the topics there are: those it names, and those its patterns match, without its
/// own dead letters.
fn topics_of(trigger: &TriggerConfig, there: &[String]) -> anyhow::Result<Vec<String>> {
    let letters = Regex::new(&trigger.dead_letter_pattern())?;
    let (patterns, named): (Vec<_>, Vec<_>) = trigger
        .topics
        .iter()
        .partition(|topic| topic.starts_with('^'));
    let mut topics: BTreeSet<_> = named.into_iter().cloned().collect();
    for pattern in patterns {
        let pattern =
            Regex::new(pattern).with_context(|| format!("the pattern `{pattern}` of `topics`"))?;
        let found = there
            .iter()
            .filter(|name| pattern.is_match(name) && !letters.is_match(name));
        topics.extend(found.cloned());
    }
    Ok(topics.into_iter().collect())
}

/// Without patterns, as long as nobody has asked Kafka which topics these are.
fn named_topics(trigger: &TriggerConfig) -> impl Iterator<Item = &String> {
    let topics = trigger.topics.iter();
    topics.filter(|topic| !topic.starts_with('^'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_stand_for_the_topics_they_match_but_not_for_their_dead_letters() {
        let config = "component = 'c'\ntopics = ['^orders-.*', 'news']";
        let trigger: TriggerConfig = toml::from_str(config).expect("a trigger");
        let there = ["orders-eu", "orders-eu.dead-letter", "orders-us", "bills"];
        let there = there.map(str::to_owned);
        let topics = topics_of(&trigger, &there).expect("valid patterns");
        assert_eq!(topics, ["news", "orders-eu", "orders-us"]);

        let target = Target {
            settings: Settings::default(),
            connection: Connection::default(),
            triggers: vec![trigger],
        };
        let letters = target.dead_letter_topics();
        assert_eq!(letters, ["news.dead-letter".to_owned()].into());
    }
}
