//! All cron triggers of an application, running.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, bail};
use event_log::EventLog;
use host_runtime::{Invoker, InvokerLimits, Runtime};
use manifest::{App, Variables};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::config::TriggerConfig;
use crate::job::Job;
use crate::meters::Meters;

/// The trigger's name in the manifest.
pub const KIND: &str = "cron";

const MAX_CALLS_PER_INSTANCE: usize = 100_000;
const IDLE_TIMEOUT: Duration = Duration::from_secs(60);

/// The cron triggers of an application.
pub struct Service {
    jobs: Vec<Job>,
}

impl Service {
    /// Prepare every `[[trigger.cron]]`; `None` if the application has none. Without a log every
    /// host fires, and what was missed while none ran stays missed.
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
        let mut jobs = Vec::new();
        for (trigger, config) in triggers {
            let limits = InvokerLimits {
                max_instances: 1,
                max_calls_per_instance: MAX_CALLS_PER_INSTANCE,
                deadline: config.deadline(),
                idle_timeout: IDLE_TIMEOUT,
            };
            let invoker = runtime
                .component(&config.component)
                .and_then(|component| Invoker::new(component, limits));
            match (config.schedule(), invoker) {
                (Ok(schedule), Ok(invoker)) => jobs.push(Job {
                    name: format!("cron/{}/{}", app.name, trigger.id),
                    meters: Meters::new(&config.component),
                    component: config.component,
                    schedule,
                    invoker,
                    log: log.cloned(),
                }),
                (schedule, invoker) => {
                    let mut violations = schedule.err().unwrap_or_default();
                    violations.extend(invoker.err().map(|error| format!("{error:#}")));
                    let named = violations.iter();
                    errors
                        .extend(named.map(|what| format!("cron trigger `{}`: {what}", trigger.id)));
                }
            }
        }
        if !errors.is_empty() {
            bail!("{}", errors.join("\n"));
        }
        Ok(Some(Self { jobs }))
    }

    /// Fire until `shutdown`, then end the runs that are going.
    ///
    /// # Errors
    /// When a job cannot go on.
    pub async fn run(self, shutdown: CancellationToken) -> anyhow::Result<()> {
        let mut jobs = JoinSet::new();
        for job in self.jobs {
            jobs.spawn(job.run(shutdown.clone()));
        }
        let mut ended = Ok(());
        while let Some(job) = jobs.join_next().await {
            if let Err(error) = job.context("a cron job ended") {
                shutdown.cancel();
                ended = Err(error);
            }
        }
        ended
    }
}
