//! `[[trigger.kafka]]` and `[application.trigger.kafka]` of the manifest.

use std::collections::BTreeMap;
use std::time::Duration;

use chrono::{DateTime, Utc};
use kafka_client::{Connection, FETCH_WAIT, Sasl, Tls};
use serde::{Deserialize, Deserializer};

/// Where `{topic}` in the name of dead letters stands for the record's topic.
const TOPIC: &str = "{topic}";
const SESSION_TIMEOUT_MS: u64 = 10_000;
/// A static member has this long to come back.
const STATIC_SESSION_TIMEOUT_MS: u64 = 45_000;

/// One `[[trigger.kafka]]`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TriggerConfig {
    /// The component that handles the records.
    pub component: String,
    /// The topics to read; one that begins with `^` is a pattern, for Kafka only.
    pub topics: Vec<String>,
    /// The consumer group; left out: the component's id.
    #[serde(default)]
    pub group: Option<String>,
    /// Where a new group begins.
    #[serde(default)]
    pub start: Start,
    /// The topic of dead letters.
    #[serde(default = "default_dead_letter")]
    pub dead_letter: String,
    /// How many records one call gets.
    #[serde(default)]
    pub batch: Batch,
    /// Calls at once.
    #[serde(default = "default_concurrency")]
    pub concurrency: usize,
    /// When to try again, and when to give up.
    #[serde(default)]
    pub retry: Retry,
    /// How long one call may take.
    #[serde(default = "default_deadline_ms")]
    pub deadline_ms: u64,
    /// Which records to handle.
    #[serde(default)]
    pub filter: Filter,
}

/// Where a group begins that has never committed: `"earliest"`, `"latest"`, or a time such as
/// `"2026-11-21T00:00:00Z"`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Start {
    /// At the oldest record that is kept.
    #[default]
    Earliest,
    /// At records appended after it joined.
    Latest,
    /// At the first record appended at this time or later; for Kafka only.
    Timestamp(DateTime<Utc>),
}

impl<'de> Deserialize<'de> for Start {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match String::deserialize(deserializer)?.as_str() {
            "earliest" => Ok(Self::Earliest),
            "latest" => Ok(Self::Latest),
            time => match DateTime::parse_from_rfc3339(time) {
                Ok(time) => Ok(Self::Timestamp(time.to_utc())),
                Err(_) => Err(serde::de::Error::custom(format!(
                    "start `{time}` must be \"earliest\", \"latest\" or a time such as \
                     \"2026-11-21T00:00:00Z\""
                ))),
            },
        }
    }
}

/// `batch = { .. }`.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Batch {
    /// Records in one call, at most.
    pub max_records: usize,
    /// How long to wait for that many. 0: what is there goes at once, so batches form only
    /// while calls are in flight.
    pub max_wait_ms: u64,
}

impl Batch {
    /// The part of the wait that records spend at Kafka's brokers, at most: a fetch is answered once for
    /// many of them, not for each. Zero where that is shorter than a fetch waits anyhow, or a
    /// group with nothing to do would ask more often.
    pub(crate) fn at_the_brokers(&self) -> Duration {
        let half = Duration::from_millis((self.max_wait_ms / 2).min(500));
        if half < FETCH_WAIT {
            Duration::ZERO
        } else {
            half
        }
    }

    /// How many bytes the brokers need not wait with: a batch, where its records are small.
    pub(crate) fn worth_a_fetch(&self) -> usize {
        self.max_records.saturating_mul(256).clamp(1, 1 << 20)
    }
}

impl Default for Batch {
    fn default() -> Self {
        Self {
            max_records: 100,
            max_wait_ms: 0,
        }
    }
}

/// `retry = { .. }`: exponential backoff per key.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Retry {
    /// Deliveries of one record before it becomes a dead letter.
    pub max_attempts: u32,
    /// The wait after the first failure; it doubles with each one more.
    pub initial_ms: u64,
    /// The longest wait.
    pub max_ms: u64,
    /// The part of each wait that is left to chance, from 0 to 1.
    pub jitter: f64,
    /// A record that fails and is older becomes a dead letter. 0: age does not matter.
    pub max_age_ms: u64,
}

impl Default for Retry {
    fn default() -> Self {
        Self {
            max_attempts: 6,
            initial_ms: 200,
            max_ms: 30_000,
            jitter: 0.5,
            max_age_ms: 0,
        }
    }
}

/// `filter = { .. }`: records that do not fit are passed over without calling the component.
/// Every condition must hold; a condition holds if one of its values does.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Filter {
    /// CloudEvents types (header `ce_type`).
    #[serde(rename = "type")]
    pub types: Vec<String>,
    /// Values of headers, by name.
    pub header: BTreeMap<String, Vec<String>>,
}

fn default_dead_letter() -> String {
    format!("{TOPIC}.dead-letter")
}

fn default_concurrency() -> usize {
    4
}

fn default_deadline_ms() -> u64 {
    30_000
}

impl TriggerConfig {
    /// The consumer group's name.
    pub fn group(&self) -> &str {
        self.group.as_deref().unwrap_or(&self.component)
    }

    /// The name dead letters of a topic are kept under.
    pub fn dead_letter_topic(&self, topic: &str) -> String {
        self.dead_letter.replace(TOPIC, topic)
    }

    /// Whether topics are named by a pattern.
    pub fn has_pattern(&self) -> bool {
        self.topics.iter().any(|topic| is_pattern(topic))
    }

    /// A regular expression of the topics that dead letters may go to.
    pub fn dead_letter_pattern(&self) -> String {
        let name = self.dead_letter.replace('.', "\\.").replace(TOPIC, ".*");
        format!("^{name}$")
    }

    /// How long one call may take.
    pub fn deadline(&self) -> Duration {
        Duration::from_millis(self.deadline_ms)
    }

    /// What is wrong with it, in words for the manifest's author.
    pub(crate) fn violations(&self) -> Vec<String> {
        let mut violations = Vec::new();
        if self.topics.is_empty() {
            violations.push("topics must name at least one topic".to_owned());
        }
        for topic in &self.topics {
            if is_pattern(topic) {
                if !is_name(&self.dead_letter_topic("x")) {
                    violations.push(format!("dead_letter `{}` makes no topic", self.dead_letter));
                }
            } else if !is_name(topic) {
                violations.push(format!(
                    "topics: `{topic}` must be 1 to 249 of the characters a-z A-Z 0-9 . _ -"
                ));
            } else if !is_name(&self.dead_letter_topic(topic)) {
                violations.push(format!(
                    "dead_letter `{}` makes no valid topic of `{topic}`",
                    self.dead_letter
                ));
            } else if self.dead_letter_topic(topic) == *topic {
                violations.push(format!(
                    "dead_letter `{}` leads back to `{topic}`",
                    self.dead_letter
                ));
            }
        }
        if self.group().is_empty() || self.group().len() > 255 {
            violations.push("group must have 1 to 255 characters".to_owned());
        }
        for (name, is_zero) in [
            ("batch.max_records", self.batch.max_records == 0),
            ("concurrency", self.concurrency == 0),
            ("retry.max_attempts", self.retry.max_attempts == 0),
            ("deadline_ms", self.deadline_ms == 0),
        ] {
            if is_zero {
                violations.push(format!("{name} must be at least 1"));
            }
        }
        if self.retry.initial_ms > self.retry.max_ms {
            violations.push("retry.initial_ms must not be more than retry.max_ms".to_owned());
        }
        if !(0.0..=1.0).contains(&self.retry.jitter) {
            violations.push("retry.jitter must be from 0 to 1".to_owned());
        }
        violations
    }
}

/// Kafka's rule for the names of topics.
fn is_name(topic: &str) -> bool {
    let valid = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    (1..=249).contains(&topic.len()) && topic.chars().all(valid) && !matches!(topic, "." | "..")
}

/// librdkafka takes such a topic for a regular expression.
fn is_pattern(topic: &str) -> bool {
    topic.starts_with('^')
}

/// How a process is a member of its groups.
#[derive(Clone, Debug)]
pub(crate) struct Membership {
    pub instance_id: String,
    pub session_timeout_ms: u64,
}

/// `[application.trigger.kafka]`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// URL of the Postgres that holds the event log.
    pub event_log: String,
    /// Kafka brokers; empty: the event log in Postgres is read directly.
    pub brokers: String,
    /// Encryption of connections to them.
    pub tls: Tls,
    /// Authentication at them.
    pub sasl: Sasl,
    /// Makes a static member: a process that comes back with the same id within the session
    /// timeout keeps its partitions, and nothing moves. Each process needs one of its own, such as
    /// the name of its pod in a StatefulSet. Empty: none.
    pub instance_id: String,
    /// How long a member may be silent before its partitions go to others. Left out: 10 s, or
    /// 45 s with an `instance_id`.
    pub session_timeout_ms: Option<u64>,
    /// Topics to make in Kafka, by name.
    pub topics: BTreeMap<String, TopicConfig>,
}

/// `[application.trigger.kafka.topics]`: what a topic is made like when it is missing.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TopicConfig {
    /// Partitions; records of one key are in one of them.
    pub partitions: i32,
    /// How long records are kept.
    pub retention_days: u32,
}

impl Default for TopicConfig {
    fn default() -> Self {
        Self {
            partitions: 3,
            retention_days: 7,
        }
    }
}

impl Settings {
    pub(crate) fn membership(&self) -> Membership {
        let default = match self.instance_id.is_empty() {
            true => SESSION_TIMEOUT_MS,
            false => STATIC_SESSION_TIMEOUT_MS,
        };
        Membership {
            instance_id: self.instance_id.clone(),
            session_timeout_ms: self.session_timeout_ms.unwrap_or(default),
        }
    }

    /// What is wrong with it, in words for the manifest's author.
    pub(crate) fn violations(&self) -> Vec<String> {
        let mut violations = self.connection().violations();
        if self.session_timeout_ms.is_some_and(|ms| ms < 1000) {
            violations.push("session_timeout_ms must be at least 1000".to_owned());
        }
        violations
    }

    /// How to reach Kafka, where it is the transport.
    pub fn connection(&self) -> Connection {
        Connection {
            brokers: self.brokers.clone(),
            tls: self.tls.clone(),
            sasl: self.sasl.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(toml: &str) -> Result<TriggerConfig, toml::de::Error> {
        toml::from_str(toml)
    }

    #[test]
    fn a_trigger_needs_a_component_and_topics_only() {
        let config = parse("component = 'a'\ntopics = ['orders']").expect("valid");
        assert!(config.violations().is_empty());
        assert_eq!(config.group(), "a");
        assert_eq!(config.dead_letter_topic("orders"), "orders.dead-letter");
        assert_eq!((config.batch.max_records, config.concurrency), (100, 4));
    }

    #[test]
    fn brokers_hold_records_back_only_where_that_makes_fewer_fetches() {
        let held = |max_wait_ms| {
            let batch = Batch {
                max_wait_ms,
                ..Batch::default()
            };
            batch.at_the_brokers().as_millis()
        };
        assert_eq!(
            [0, 25, 199].map(held),
            [0; 3],
            "a fetch waits longer anyhow"
        );
        assert_eq!([200, 600, 300_000].map(held), [100, 300, 500]);
    }

    #[test]
    fn everything_can_be_set() {
        let config = parse(
            "component = 'a'
             topics = ['orders']
             group = 'g'
             start = 'latest'
             dead_letter = 'dead'
             batch = { max_records = 5, max_wait_ms = 10 }
             concurrency = 2
             retry = { max_attempts = 3, initial_ms = 1, max_ms = 2, jitter = 0.0 }
             deadline_ms = 100
             filter = { type = ['x'], header.tenant = ['y'] }",
        )
        .expect("valid");
        assert!(config.violations().is_empty());
        assert_eq!(config.start, Start::Latest);
        assert_eq!(config.filter.header["tenant"], ["y"]);
    }

    #[test]
    fn unknown_fields_are_refused() {
        let error = parse("component = 'a'\ntopics = []\nretry = { max_atempts = 1 }");
        assert!(error.unwrap_err().to_string().contains("max_atempts"));
    }

    #[test]
    fn every_violation_is_named() {
        let config = parse(
            "component = 'a'
             topics = ['a b', 'orders']
             dead_letter = 'orders'
             group = ''
             batch = { max_records = 0 }
             retry = { max_attempts = 0, initial_ms = 5, max_ms = 1, jitter = 2.0 }",
        )
        .expect("parses");
        let violations = config.violations();
        assert_eq!(violations.len(), 7, "{violations:#?}");
    }
}
