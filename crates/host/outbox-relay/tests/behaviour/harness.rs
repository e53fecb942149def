//! A fresh database, topics of a test's own, and everything that arrives in them.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use event_log::EventLog;
use event_log::operate::{DeadLetterFilter, DeadLetterRow, Operator};
use kafka_client::{Cluster, Connection, Follower, TopicSpec};
use outbox_relay::{Options, Relay};
use records::Record;
use testing::{Database, TestCluster, eventually};
use tokio::task::JoinHandle;
use tokio_postgres::Client;
use tokio_util::sync::{CancellationToken, DropGuard};
use uuid::Uuid;

pub use testing::within;

/// A log of a test's own and a Kafka to bring it to.
pub struct World {
    pub url: String,
    pub client: Client,
    pub connection: Connection,
    _database: Database,
}

/// A relay that runs until it is dropped or stopped.
pub struct Running {
    log: Arc<EventLog>,
    job: JoinHandle<anyhow::Result<()>>,
    stop: DropGuard,
}

impl World {
    /// On the broker all tests share; `None`, with a word on stdout, where something is missing.
    pub async fn create() -> Option<Self> {
        match TestCluster::real() {
            Ok(cluster) => Self::with(cluster.connection()).await,
            Err(missing) => {
                println!("skipped: {missing}");
                None
            }
        }
    }

    /// With brokers of the test's own.
    pub async fn with(connection: Connection) -> Option<Self> {
        let database = Database::migrated().await?;
        let client = database.client().await;
        Some(Self {
            url: database.url.clone(),
            client,
            connection,
            _database: database,
        })
    }

    /// A topic's name that nobody else has.
    pub fn name(&self, topic: &str) -> String {
        format!("{topic}-{}", Uuid::new_v4().simple())
    }

    pub async fn create_topic(&self, name: &str, config: &[(&str, &str)]) {
        let spec = TopicSpec {
            name: name.to_owned(),
            partitions: 3,
            replication: 1,
            config: config
                .iter()
                .map(|(name, value)| (name.to_string(), value.to_string()))
                .collect(),
        };
        let cluster = Cluster::new(&self.connection).unwrap();
        cluster.create_topics(&[spec]).await.expect("a topic");
        // Its partitions have leaders a moment later.
        let names = [name.to_owned()];
        let marks = async || {
            let partitions = cluster.partitions(&names).await?;
            cluster.watermarks(&partitions).await
        };
        eventually("its partitions have leaders", async || marks().await.ok()).await;
    }

    /// A new topic, and what arrives in it.
    pub async fn topic(&self, name: &str, config: &[(&str, &str)]) -> (String, Follower) {
        let name = self.name(name);
        self.create_topic(&name, config).await;
        let follower = Follower::start(&self.connection, std::slice::from_ref(&name)).await;
        (name, follower.expect("followed"))
    }

    pub async fn relay(&self) -> Running {
        let options = event_log::Options {
            heartbeat: Duration::from_millis(200),
            time_to_live: Duration::from_secs(6),
            commit_interval: Duration::from_millis(20),
            ..Default::default()
        };
        let log = EventLog::connect(&self.url, options).await.expect("a log");
        let relay = Relay::new(&log, Options::new(self.connection.clone(), Vec::new()));
        let stop = CancellationToken::new();
        let job = tokio::spawn(relay.expect("settings").run(stop.clone()));
        Running {
            log,
            job,
            stop: stop.drop_guard(),
        }
    }

    pub async fn operator(&self) -> Operator {
        Operator::connect(&self.url).await.expect("an operator")
    }

    pub async fn dead_letters(&self) -> Vec<DeadLetterRow> {
        let filter = DeadLetterFilter {
            redriven: true,
            limit: 1000,
            ..Default::default()
        };
        self.operator().await.dead_letters(&filter).await.unwrap()
    }

    /// Appends one record as an application would.
    pub async fn append(&self, topic: &str, key: &str, value: &serde_json::Value) -> Uuid {
        append(&self.client, topic, key, value).await
    }

    /// Waits until the relay has brought everything over and says so.
    pub async fn until_nothing_is_left(&self) {
        let operator = self.operator().await;
        eventually("nothing is left", async || {
            let lags = operator.lag().await.unwrap();
            (!lags.is_empty() && lags.iter().all(|lag| lag.records == 0)).then_some(())
        })
        .await;
    }
}

impl Running {
    pub fn wake(&self) {
        self.log.wake();
    }

    pub async fn stop(self) {
        drop(self.stop);
        within(self.job).await.unwrap().unwrap();
    }

    /// As if the process were gone: nothing is finished, nothing given back.
    pub fn kill(self) {
        self.job.abort();
    }
}

pub async fn append(client: &Client, topic: &str, key: &str, value: &serde_json::Value) -> Uuid {
    let id = Uuid::now_v7();
    let insert = "
        WITH lock AS MATERIALIZED (SELECT pg_advisory_xact_lock(hashtextextended($3, 1)))
        INSERT INTO outbox (id, aggregatetype, aggregateid, type, payload, headers)
        SELECT $1, $2, $3, 'thing.happened', $4,
               '{\"ce_source\": \"test\", \"traceparent\": \"00-1-2-01\"}' FROM lock";
    let parameters: [&(dyn tokio_postgres::types::ToSql + Sync); 4] = [&id, &topic, &key, value];
    client.execute(insert, &parameters).await.expect("append");
    id
}

/// The next `count` records.
pub async fn read(follower: &mut Follower, count: usize) -> Vec<Arc<Record>> {
    let mut records = Vec::new();
    within(async {
        while records.len() < count {
            records.extend(follower.next().await.expect("followed"));
        }
    })
    .await;
    records
}

/// Reads until all of these came; repetitions are left out. What came, by key, in order.
pub async fn read_all(follower: &mut Follower, ids: &[Uuid]) -> BTreeMap<String, Vec<Uuid>> {
    let mut by_key = BTreeMap::<String, Vec<Uuid>>::new();
    let mut missing: std::collections::BTreeSet<_> = ids.iter().copied().collect();
    within(async {
        while !missing.is_empty() {
            for record in follower.next().await.expect("followed") {
                let key = String::from_utf8(record.key.clone().unwrap().to_vec()).unwrap();
                if missing.remove(&record.id) {
                    by_key.entry(key).or_default().push(record.id);
                }
            }
        }
    })
    .await;
    by_key
}
