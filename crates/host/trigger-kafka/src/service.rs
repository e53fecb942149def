//! All kafka triggers of an application, running.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, bail};
use event_log::{EventLog, GroupOptions};
use host_runtime::{InvokerLimits, Runtime};
use kafka_client::{Cluster, Connection};
use manifest::{App, Variables};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::bindings::Guest;
use crate::broker::Broker;
use crate::config::{Membership, Settings, Start, TriggerConfig};
use crate::embedded::Embedded;
use crate::group::{DRAIN, Group};
use crate::transport::Transport;

/// The trigger's name in the manifest.
pub const KIND: &str = "kafka";

const MAX_CALLS_PER_INSTANCE: usize = 100_000;
const IDLE_TIMEOUT: Duration = Duration::from_secs(60);

/// The kafka triggers of an application.
pub struct Service {
    groups: Vec<(TriggerConfig, Guest)>,
    source: Source,
}

/// Where all groups read.
#[expect(clippy::large_enum_variant, reason = "there is one")]
enum Source {
    Log(Arc<EventLog>),
    Kafka(Connection, Membership),
}

impl Service {
    /// Prepare every `[[trigger.kafka]]`; `None` if the application has none.
    ///
    /// # Errors
    /// Lists everything that is wrong with the triggers or their components.
    pub async fn new(
        app: &App,
        variables: &Variables,
        runtime: &Arc<Runtime>,
        log: Option<&Arc<EventLog>>,
    ) -> anyhow::Result<Option<Self>> {
        let triggers = manifest::trigger_configs::<TriggerConfig>(app, variables, KIND).await?;
        if triggers.is_empty() {
            return Ok(None);
        }
        let mut errors = Vec::new();
        let settings = manifest::trigger_settings::<Settings>(app, variables, KIND).await?;
        let settings = settings.unwrap_or_default();
        let wrong = settings.violations();
        errors.extend(
            wrong
                .iter()
                .map(|what| format!("[application.trigger.kafka]: {what}")),
        );
        let source = match (settings.connection(), log) {
            (kafka, _) if kafka.is_set() => Some(Source::Kafka(kafka, settings.membership())),
            (_, Some(log)) => Some(Source::Log(log.clone())),
            (_, None) => {
                errors.push(
                    "[application.trigger.kafka]: name Kafka brokers in brokers or a Postgres URL \
                     in event_log"
                        .to_owned(),
                );
                None
            }
        };
        let mut taken = BTreeMap::new();
        let mut groups = Vec::new();
        for (trigger, config) in triggers {
            let mut violations = config.violations();
            if matches!(source, Some(Source::Log(_))) {
                violations.extend(kafka_only(&config));
            }
            if let Some(other) = taken.insert(config.group().to_owned(), trigger.id.clone()) {
                violations.push(format!(
                    "group `{}` is that of the trigger `{other}`; each would get a part of the \
                     records only",
                    config.group()
                ));
            }
            let guest = runtime
                .component(&config.component)
                .and_then(|component| Guest::new(component, limits(&config)));
            match guest {
                Ok(guest) => groups.push((config, guest)),
                Err(error) => violations.push(format!("{error:#}")),
            }
            let named = violations.iter();
            errors.extend(named.map(|what| format!("kafka trigger `{}`: {what}", trigger.id)));
        }
        match source {
            Some(source) if errors.is_empty() => Ok(Some(Self { groups, source })),
            _ => bail!("{}", errors.join("\n")),
        }
    }

    /// Handle records until `shutdown`, then end what is in flight and leave the groups.
    ///
    /// # Errors
    /// When a group cannot go on.
    pub async fn run(self, shutdown: CancellationToken) -> anyhow::Result<()> {
        if let Source::Kafka(connection, _) = &self.source {
            let topics = self.groups.iter().flat_map(|(config, _)| &config.topics);
            let names = topics.filter(|topic| !topic.starts_with('^')).cloned();
            check(connection, names.collect(), &shutdown).await?;
        }
        let mut groups = JoinSet::new();
        for (config, guest) in self.groups {
            let transport = self.source.join(&config)?;
            let name = config.group().to_owned();
            let group = Group::new(config, transport, Arc::new(guest), DRAIN);
            let shutdown = shutdown.clone();
            groups.spawn(async move {
                let ended = group.run(shutdown).await;
                ended.with_context(|| format!("consumer group `{name}`"))
            });
        }
        let mut ended = Ok(());
        while let Some(group) = groups.join_next().await {
            let group = group.context("a consumer group's job failed").flatten();
            if group.is_err() {
                // The others finish what they have begun.
                shutdown.cancel();
            }
            ended = ended.and(group);
        }
        ended
    }
}

impl Source {
    fn join(&self, config: &TriggerConfig) -> anyhow::Result<Box<dyn Transport>> {
        match self {
            Self::Kafka(connection, membership) => {
                Ok(Box::new(Broker::join(connection, membership, config)?))
            }
            Self::Log(log) => {
                let group = GroupOptions {
                    group: config.group().to_owned(),
                    topics: config.topics.clone(),
                    start: match config.start {
                        Start::Latest => event_log::Start::Latest,
                        Start::Earliest | Start::Timestamp(_) => event_log::Start::Earliest,
                    },
                };
                Ok(Box::new(Embedded::join(log, group)?))
            }
        }
    }
}

/// What only Kafka can do.
fn kafka_only(config: &TriggerConfig) -> Vec<String> {
    let mut violations = Vec::new();
    if config.has_pattern() {
        violations.push("topics: a pattern (`^..`) needs Kafka; set brokers".to_owned());
    }
    if matches!(config.start, Start::Timestamp(_)) {
        violations.push("start at a time needs Kafka; set brokers".to_owned());
    }
    violations
}

/// Tells mistakes that waiting does not heal from outages, which are waited out, and topics that nobody has
/// created yet.
async fn check(
    connection: &Connection,
    mut topics: Vec<String>,
    shutdown: &CancellationToken,
) -> anyhow::Result<()> {
    topics.sort();
    topics.dedup();
    let cluster = Cluster::new(connection)?;
    let Some(checked) = shutdown.run_until_cancelled(cluster.check(&topics)).await else {
        return Ok(());
    };
    match checked {
        Ok(()) => {}
        Err(error) if error.is_passing() => {
            tracing::warn!("{error}; records are handled as soon as that is so");
        }
        Err(error) => return Err(error.into()),
    }
    Ok(())
}

/// What bounds the calls of a trigger's component.
pub(crate) fn limits(config: &TriggerConfig) -> InvokerLimits {
    InvokerLimits {
        max_instances: config.concurrency.max(1),
        max_calls_per_instance: MAX_CALLS_PER_INSTANCE,
        deadline: config.deadline(),
        idle_timeout: IDLE_TIMEOUT,
    }
}
