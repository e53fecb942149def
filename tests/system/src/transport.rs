//! What carries events, and a Kafka that a system has for itself.

use std::collections::BTreeSet;
use std::sync::{LazyLock, Mutex, MutexGuard};
use std::time::Duration;

use kafka_client::rdkafka::admin::{AdminClient, AdminOptions};
use kafka_client::rdkafka::client::DefaultClientContext;
use kafka_client::rdkafka::types::RDKafkaErrorCode;
use kafka_client::{Cluster, Connection};
use testing::{OwnBroker, eventually};
use tokio::sync::{Semaphore, SemaphorePermit};

/// One system at a time has a broker: topics and groups have fixed names. Where others can be started, there are two.
static CLAIMS: LazyLock<Semaphore> = LazyLock::new(|| {
    let alone = std::env::var_os("TEST_KAFKA_HOME").is_none();
    Semaphore::new(if alone { 1 } else { 2 })
});
/// Those that no system has: the one that was named, and one of our own once it was started.
static FREE: LazyLock<Mutex<Vec<Pooled>>> = LazyLock::new(|| {
    let brokers = std::env::var("TEST_KAFKA_BROKERS").unwrap_or_default();
    Mutex::new(vec![Pooled {
        brokers,
        _own: None,
    }])
});

/// How long a broker may take to list its groups.
const LISTED_WITHIN: Duration = Duration::from_secs(60);

/// What brings events to their handlers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transport {
    /// The event log in Postgres.
    Log,
    /// Kafka, and the relay to it.
    Kafka,
}

/// A broker that systems have in turn.
struct Pooled {
    brokers: String,
    /// The process, if it is ours.
    _own: Option<OwnBroker>,
}

/// A Kafka without topics and groups of the application.
pub struct Kafka {
    brokers: String,
    own: Option<OwnBroker>,
    pooled: Option<Pooled>,
    // Behind the broker, which is given back first.
    _claim: Option<SemaphorePermit<'static>>,
}

impl Kafka {
    /// A broker that others have had, cleaned of what they left there: that of `TEST_KAFKA_BROKERS`, and another one
    /// while it is taken. `None`, with a line that says so, when none was named.
    pub async fn shared() -> Option<Self> {
        if std::env::var("TEST_KAFKA_BROKERS").is_ok_and(|named| !named.is_empty()) {
            let claim = CLAIMS.acquire().await.expect("never closed");
            return Self::claimed(claim).await;
        }
        println!("skipped: set TEST_KAFKA_BROKERS (cargo xtask test does, with Java and Maven)");
        None
    }

    async fn claimed(claim: SemaphorePermit<'static>) -> Option<Self> {
        let taken = free().pop();
        let pooled = match taken {
            Some(pooled) => pooled,
            None => {
                let own = OwnBroker::start().await?;
                Pooled {
                    brokers: own.brokers(),
                    _own: Some(own),
                }
            }
        };
        clean(&pooled.brokers).await;
        Some(Self {
            brokers: pooled.brokers.clone(),
            own: None,
            pooled: Some(pooled),
            _claim: Some(claim),
        })
    }

    /// A broker of one's own, to be killed. `None`,
    /// with a line that says why, where it cannot run.
    pub async fn own() -> Option<Self> {
        let broker = OwnBroker::start().await?;
        Some(Self {
            brokers: broker.brokers(),
            own: Some(broker),
            pooled: None,
            _claim: None,
        })
    }

    /// `host:port`.
    pub fn brokers(&self) -> &str {
        &self.brokers
    }

    /// The broker of one's own, to be killed and started again.
    pub fn broker(&mut self) -> &mut OwnBroker {
        self.own.as_mut().expect("a broker of one's own")
    }
}

impl Drop for Kafka {
    fn drop(&mut self) {
        free().extend(self.pooled.take());
    }
}

fn free() -> MutexGuard<'static, Vec<Pooled>> {
    FREE.lock().expect("not poisoned")
}

/// Topics and groups that the application's manifest names, and its topics of dead letters.
fn names() -> (BTreeSet<String>, BTreeSet<String>) {
    let text = std::fs::read_to_string(testing::workspace().join("spin.toml"));
    let manifest: toml::Table = text.expect("a manifest").parse().expect("TOML");
    let topics = manifest["application"]["trigger"]["kafka"]["topics"].as_table();
    let topics = topics.expect("a table of topics").keys();
    let topics = topics.flat_map(|topic| [topic.clone(), format!("{topic}.dead-letter")]);
    let triggers = manifest["trigger"]["kafka"].as_array();
    let groups = triggers.expect("a list of triggers").iter();
    let groups = groups.filter_map(|trigger| trigger.get("group")?.as_str());
    (topics.collect(), groups.map(str::to_owned).collect())
}

/// Removes what a system before left. Tests of the triggers use the same broker meanwhile.
async fn clean(brokers: &str) {
    let connection = Connection::plain(brokers);
    let cluster = Cluster::new(&connection).expect("a client");
    let (topics, groups) = names();
    let left = async || {
        let all = cluster.topics().await.expect("the broker answers");
        let names = all.into_iter().map(|topic| topic.name);
        names
            .filter(|name| topics.contains(name))
            .collect::<Vec<_>>()
    };
    let names = left().await;
    let names: Vec<_> = names.iter().map(String::as_str).collect();
    if !names.is_empty() {
        cluster.delete_topics(&names).await.expect("topics go");
    }
    eventually("topics are gone", async || {
        left().await.is_empty().then_some(())
    })
    .await;
    let admin: AdminClient<DefaultClientContext> = connection
        .client_config()
        .expect("settings")
        .create()
        .expect("a client");
    eventually("groups are gone", async || {
        let list = admin.inner().fetch_group_list(None, LISTED_WITHIN).ok()?;
        let left = list.groups().iter().map(|group| group.name());
        let left: Vec<_> = left.filter(|name| groups.contains(*name)).collect();
        if left.is_empty() {
            return Some(());
        }
        let results = admin
            .delete_groups(&left, &AdminOptions::new())
            .await
            .ok()?;
        let gone = |result: &Result<_, (_, RDKafkaErrorCode)>| {
            matches!(result, Ok(_) | Err((_, RDKafkaErrorCode::GroupIdNotFound)))
        };
        results.iter().all(gone).then_some(())
    })
    .await;
}
