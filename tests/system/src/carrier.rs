//! What carries events, and a Kafka that a system has for itself.

use std::time::Duration;

use kafka_broker::{Broker, Options};
use kafka_client::rdkafka::admin::{AdminClient, AdminOptions};
use kafka_client::rdkafka::client::DefaultClientContext;
use kafka_client::rdkafka::types::RDKafkaErrorCode;
use kafka_client::{Cluster, Connection};
use tempfile::TempDir;
use tokio::sync::{Semaphore, SemaphorePermit};

use crate::wait::eventually;

/// One system at a time has the broker that all share: topics and groups have fixed names.
static SHARED: Semaphore = Semaphore::const_new(1);

/// What brings events to their handlers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Carrier {
    /// The event log in Postgres.
    Log,
    /// Kafka, and the relay to it.
    Kafka,
}

/// A Kafka without topics and groups.
pub struct Kafka {
    brokers: String,
    own: Option<(Broker, TempDir)>,
    _claim: Option<SemaphorePermit<'static>>,
}

impl Kafka {
    /// The broker of `TEST_KAFKA_BROKERS`, cleaned of what the system before left there. `None`, with a
    /// line that says so, when none was named.
    pub async fn shared() -> Option<Self> {
        let brokers = std::env::var("TEST_KAFKA_BROKERS").unwrap_or_default();
        if brokers.is_empty() {
            println!(
                "skipped: set TEST_KAFKA_BROKERS (cargo xtask test does, with Java and Maven)"
            );
            return None;
        }
        let claim = SHARED.acquire().await.expect("never closed");
        clean(&brokers).await;
        Some(Self {
            brokers,
            own: None,
            _claim: Some(claim),
        })
    }

    /// A broker of one's own, to be killed. `None`,
    /// with a line that says why, where it cannot run.
    pub async fn own() -> Option<Self> {
        let libs = match kafka_broker::libs_for_tests() {
            Ok(libs) => libs,
            Err(missing) => {
                println!("skipped: {missing}");
                return None;
            }
        };
        let folder = tempfile::tempdir().expect("a folder for the broker");
        let options = Options::new(libs, folder.path());
        let start = move || Broker::start(options).expect("the broker starts");
        let broker = tokio::task::spawn_blocking(start).await.expect("no panic");
        Some(Self {
            brokers: broker.brokers(),
            own: Some((broker, folder)),
            _claim: None,
        })
    }

    /// `host:port`.
    pub fn brokers(&self) -> &str {
        &self.brokers
    }

    /// `kill -9` of the broker.
    pub fn kill(&mut self) {
        let (broker, _) = self.own.as_mut().expect("a broker of one's own");
        broker.kill();
    }

    /// Starts it again after [`Kafka::kill`], where it was, with what it had.
    pub async fn start_again(&mut self) {
        let (mut broker, folder) = self.own.take().expect("a broker of one's own");
        let start = move || {
            broker.start_again().expect("the broker starts again");
            broker
        };
        let broker = tokio::task::spawn_blocking(start).await.expect("no panic");
        self.own = Some((broker, folder));
    }
}

async fn clean(brokers: &str) {
    let connection = Connection::plain(brokers);
    let cluster = Cluster::new(&connection).expect("a client");
    let topics = cluster.topics().await.expect("the broker answers");
    let names: Vec<_> = topics.iter().map(|topic| topic.name.as_str()).collect();
    if !names.is_empty() {
        cluster.delete_topics(&names).await.expect("topics go");
    }
    let admin: AdminClient<DefaultClientContext> = connection
        .client_config()
        .expect("settings")
        .create()
        .expect("a client");
    let within = Duration::from_secs(60);
    eventually("topics are gone", within, async || {
        let left = cluster.topics().await.ok()?;
        left.is_empty().then_some(())
    })
    .await;
    eventually("groups are gone", within, async || {
        let list = admin.inner().fetch_group_list(None, within).ok()?;
        let groups: Vec<_> = list.groups().iter().map(|group| group.name()).collect();
        if groups.is_empty() {
            return Some(());
        }
        let results = admin
            .delete_groups(&groups, &AdminOptions::new())
            .await
            .ok()?;
        let gone = |result: &Result<_, (_, RDKafkaErrorCode)>| {
            matches!(result, Ok(_) | Err((_, RDKafkaErrorCode::GroupIdNotFound)))
        };
        results.iter().all(gone).then_some(())
    })
    .await;
}
