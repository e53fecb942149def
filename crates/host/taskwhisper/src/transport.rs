//! The transport of events: what runs beside the triggers so that they get events. With Kafka this
//! process makes its topics and may relay; with or without, it forgets groups that nobody needs.

use std::sync::Arc;
use std::time::Duration;

use event_log::EventLog;
use kafka_client::Cluster;
use manifest::{App, Variables};
use outbox_relay::Relay;
use tokio_util::sync::CancellationToken;

use crate::cli::RelayChoice;
use crate::operate::{self, Target};

/// How long after the start, and how often, to look for groups of the other transport. By then the
/// groups of this one have their offsets.
const FORGET_INTERVAL: Duration = Duration::from_secs(60);
/// Between attempts to make topics while no broker answers.
const TOPICS_PAUSE: Duration = Duration::from_secs(2);

/// The transport, ready but not running.
pub struct Transport {
    target: Target,
    log: Option<Arc<EventLog>>,
    relay: Option<Relay>,
    /// Makes topics, if this process is to.
    cluster: Option<Cluster>,
    handles: bool,
}

impl Transport {
    /// # Errors
    /// Settings that make no sense.
    pub async fn new(
        app: &App,
        variables: &Variables,
        log: Option<&Arc<EventLog>>,
        choice: RelayChoice,
        prepare_topics: bool,
    ) -> anyhow::Result<Self> {
        let target = Target::of(app, variables).await?;
        let handles = !target.triggers.is_empty();
        let relays = match choice {
            RelayChoice::Auto => handles,
            RelayChoice::Always => true,
            RelayChoice::Never => false,
        };
        let relay = match (target.connection(), log) {
            (Some(connection), Some(log)) if relays => {
                let topics = target.topics().into_iter().collect();
                let mut options = outbox_relay::Options::new(connection.clone(), topics);
                options.create_hint = "run `taskwhisper topics create`".to_owned();
                Some(Relay::new(log, options)?)
            }
            _ => None,
        };
        let mut cluster = target.cluster()?.filter(|_| prepare_topics);
        // Before anybody looks for them, if a broker answers; else later.
        if let Some(there) = &cluster {
            match make_topics(&target, there).await {
                Ok(()) => cluster = None,
                Err(error) => tracing::warn!("cannot make topics in Kafka yet: {error:#}"),
            }
        }
        Ok(Self {
            cluster,
            relay,
            log: log.cloned(),
            handles,
            target,
        })
    }

    /// Until `stop`.
    ///
    /// # Errors
    /// When the relay cannot go on.
    pub async fn run(self, stop: CancellationToken) -> anyhow::Result<()> {
        let Self {
            target,
            log,
            relay,
            cluster,
            handles,
        } = self;
        let relaying = async {
            match relay {
                Some(relay) => relay.run(stop.clone()).await,
                None => {
                    stop.cancelled().await;
                    Ok(())
                }
            }
        };
        let making = async {
            if let Some(cluster) = &cluster {
                while let Err(error) = make_topics(&target, cluster).await {
                    tracing::debug!("cannot make topics in Kafka yet: {error:#}");
                    tokio::time::sleep(TOPICS_PAUSE).await;
                }
            }
        };
        let forgetting = async {
            if let Some(log) = &log
                && handles
            {
                forget_unused_groups(&target, log).await;
            }
        };
        let rest = async { tokio::join!(making, forgetting) };
        let (relayed, _) = tokio::join!(relaying, stop.run_until_cancelled(rest));
        relayed
    }
}

async fn make_topics(target: &Target, cluster: &Cluster) -> anyhow::Result<()> {
    let new = operate::ensure_topics(target, cluster).await?;
    if !new.is_empty() {
        tracing::info!(topics = new.join(", "), "made topics in Kafka");
    }
    Ok(())
}

/// Removes groups that the application has with the other transport only; they would retain every
/// row for ever.
async fn forget_unused_groups(target: &Target, log: &EventLog) {
    loop {
        tokio::time::sleep(FORGET_INTERVAL).await;
        let is_kafka = target.connection().is_some();
        let groups = match is_kafka {
            true => target.groups().into_keys().collect(),
            false => vec![outbox_relay::GROUP],
        };
        for group in groups {
            let forgotten = match is_kafka {
                true => log.supersede_group(group, outbox_relay::GROUP).await,
                false => log.forget_group(group).await,
            };
            match forgotten {
                Ok(true) => {
                    tracing::info!(group, "the event log keeps no more rows for this group")
                }
                Ok(false) => {}
                Err(error) => tracing::debug!(%error, "cannot look for groups without members"),
            }
        }
    }
}
