//! All kafka triggers of an application, running.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, bail};
use event_log::{EventLog, GroupOptions};
use host_app::{App, Variables};
use host_runtime::{InvokerLimits, Runtime};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::bindings::Guest;
use crate::config::{Settings, Start, TriggerConfig};
use crate::embedded::Embedded;
use crate::group::{DRAIN, Group};

/// The trigger's name in the manifest.
pub const KIND: &str = "kafka";

const MAX_CALLS_PER_INSTANCE: usize = 100_000;
const IDLE_TIMEOUT: Duration = Duration::from_secs(60);

/// The kafka triggers of an application.
pub struct Service {
    groups: Vec<(TriggerConfig, Guest)>,
    log: Arc<EventLog>,
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
        log: &Arc<EventLog>,
    ) -> anyhow::Result<Option<Self>> {
        let triggers = host_app::trigger_configs::<TriggerConfig>(app, variables, KIND).await?;
        if triggers.is_empty() {
            return Ok(None);
        }
        let mut errors = Vec::new();
        let settings = host_app::trigger_settings::<Settings>(app, variables, KIND).await?;
        if settings.is_some_and(|settings| !settings.brokers.is_empty()) {
            errors.push(
                "[application.trigger.kafka]: this build reads the event log in Postgres only; \
                 leave `brokers` empty"
                    .to_owned(),
            );
        }
        let mut taken = BTreeMap::new();
        let mut groups = Vec::new();
        for (trigger, config) in triggers {
            let mut violations = config.violations();
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
        if !errors.is_empty() {
            bail!("{}", errors.join("\n"));
        }
        Ok(Some(Self {
            groups,
            log: log.clone(),
        }))
    }

    /// Handle records until `shutdown`, then end what is in flight and leave the groups.
    ///
    /// # Errors
    /// When a group cannot go on.
    pub async fn run(self, shutdown: CancellationToken) -> anyhow::Result<()> {
        let mut groups = JoinSet::new();
        for (config, guest) in self.groups {
            let carrier = Embedded::join(
                &self.log,
                GroupOptions {
                    group: config.group().to_owned(),
                    topics: config.topics.clone(),
                    start: match config.start {
                        Start::Earliest => event_log::Start::Earliest,
                        Start::Latest => event_log::Start::Latest,
                    },
                },
            )?;
            let name = config.group().to_owned();
            let group = Group::new(config, Box::new(carrier), Arc::new(guest), DRAIN);
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

fn limits(config: &TriggerConfig) -> InvokerLimits {
    InvokerLimits {
        max_instances: config.concurrency.max(1),
        max_calls_per_instance: MAX_CALLS_PER_INSTANCE,
        deadline: config.deadline(),
        idle_timeout: IDLE_TIMEOUT,
    }
}
