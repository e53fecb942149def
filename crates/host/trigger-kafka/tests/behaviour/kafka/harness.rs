//! An application with one kafka trigger: topics and groups of its own, hosts in this process. The
//! guest does what the value of each record says and prints what it handles.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use kafka_client::rdkafka::consumer::{BaseConsumer, Consumer as _};
use kafka_client::rdkafka::producer::{FutureProducer, FutureRecord};
use kafka_client::rdkafka::{Offset, TopicPartitionList};
use kafka_client::{Cluster, Connection, Context, Copier, Lag, headers};
use records::Record;
use serde_json::{Value, json};
use testing::{TestCluster, eventually};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use trigger_kafka::Service;
use uuid::Uuid;

pub use testing::within;

const GUEST: &str = "kafka-probe";

/// A topic and a group nobody else uses.
pub struct World {
    pub connection: Connection,
    pub cluster: Cluster,
    pub producer: FutureProducer<Context>,
    pub topic: String,
    pub group: String,
    pub folder: tempfile::TempDir,
    brokers: TestCluster,
}

/// A delivery, as the guest saw it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Handled {
    /// `ce_id`, if the record had one.
    pub id: String,
    pub attempt: u32,
    /// When, in microseconds since the Unix epoch.
    pub at_us: u64,
    /// `topic/partition/offset`.
    pub place: String,
    pub key: String,
}

/// A host that runs the trigger.
pub struct Host {
    output: PathBuf,
    shutdown: CancellationToken,
    running: JoinHandle<anyhow::Result<()>>,
}

/// Runs a test on the broker for tests, or where there is none on one in this process.
pub async fn with(partitions: i32, test: impl AsyncFnOnce(&World)) {
    run(TestCluster::any(), partitions, test).await;
}

/// Runs a test of what only a real broker does, if there is one.
pub async fn with_real(partitions: i32, test: impl AsyncFnOnce(&World)) {
    match TestCluster::real() {
        Ok(brokers) => run(brokers, partitions, test).await,
        Err(missing) => println!("skipped: {missing}"),
    }
}

async fn run(brokers: TestCluster, partitions: i32, test: impl AsyncFnOnce(&World)) {
    let world = World::new(brokers).await;
    world.create(&world.topic, partitions).await;
    if world.brokers.is_mock() {
        // The trigger cannot make it there.
        world.create(&world.dead_letter_topic(), 1).await;
    }
    test(&world).await;
}

impl World {
    pub async fn new(brokers: TestCluster) -> Self {
        // RUST_LOG shows what the hosts of a test say.
        let filter = tracing_subscriber::EnvFilter::from_default_env();
        let log = tracing_subscriber::fmt().with_env_filter(filter);
        let _already = log.with_test_writer().try_init();
        let id = Uuid::new_v4().simple();
        let connection = brokers.connection();
        Self {
            cluster: Cluster::new(&connection).expect("a client"),
            producer: connection.producer().expect("a producer"),
            connection,
            topic: format!("orders-{id}"),
            group: format!("group-{id}"),
            folder: tempfile::tempdir().expect("a folder"),
            brokers,
        }
    }

    pub async fn create(&self, topic: &str, partitions: i32) {
        let created = self.brokers.create_topic(topic, partitions).await;
        created.expect("a topic");
    }

    /// The manifest of an application; the lines are added to its trigger.
    pub fn manifest(&self, name: &str, lines: &str) -> PathBuf {
        let text = format!(
            "topics = [\"{}\"]\ngroup = \"{}\"\n{lines}",
            self.topic, self.group
        );
        self.manifest_of(name, "", &text)
    }

    pub fn manifest_of(&self, name: &str, settings: &str, trigger: &str) -> PathBuf {
        let source = testing::wasm(GUEST);
        let text = format!(
            r#"
            spin_manifest_version = 2
            [application]
            name = "kafka-behaviour"
            version = "1.0.0"
            [application.trigger.kafka]
            brokers = "{}"
            {settings}
            [component.probe]
            source = "{}"
            [[trigger.kafka]]
            component = "probe"
            {trigger}
            "#,
            self.connection.brokers,
            source.display()
        );
        let folder = self.folder.path().join(name);
        std::fs::create_dir_all(&folder).expect("a folder");
        let path = folder.join("spin.toml");
        std::fs::write(&path, text).expect("written");
        path
    }

    pub async fn host(&self, name: &str, lines: &str) -> Host {
        start(&self.manifest(name, lines)).await
    }

    /// Produces a record with an id of its own.
    pub async fn append(&self, key: &str, order: Value) -> String {
        self.append_to(&self.topic, key, &order.to_string()).await
    }

    pub async fn append_to(&self, topic: &str, key: &str, value: &str) -> String {
        let id = Uuid::now_v7().to_string();
        let own = headers([("ce_id", id.as_bytes()), ("ce_type", b"thing.happened")]);
        let record = FutureRecord::to(topic).key(key).payload(value).headers(own);
        let sent = self.producer.send(record, Duration::from_secs(30)).await;
        sent.map_err(|(error, _)| error).expect("produced");
        id
    }

    pub async fn lag(&self) -> Vec<Lag> {
        let topics = [self.topic.clone()];
        let lag = self.cluster.lag(&self.group, &topics).await;
        lag.expect("the group's lag")
    }

    /// Waits until every record produced so far is committed by the group.
    pub async fn until_committed(&self) {
        let topics = [self.topic.clone()];
        eventually("everything is committed", async || {
            let lag = self.cluster.lag(&self.group, &topics).await.ok()?;
            lag.iter().all(|lag| lag.records() == 0).then_some(())
        })
        .await;
    }

    /// Every record of a topic's first partition.
    pub async fn records(&self, topic: &str) -> Vec<Record> {
        let there = self.cluster.partitions(&[topic.to_owned()]).await;
        let Ok(partitions) = there else {
            return Vec::new();
        };
        let marks = self
            .cluster
            .watermarks(&partitions[..1])
            .await
            .expect("offsets");
        let count = marks.values().map(|(low, high)| high - low).sum::<i64>() as usize;
        let connection = self.connection.clone();
        let topic = topic.to_owned();
        let read = tokio::task::spawn_blocking(move || {
            let config = connection.consumer_config("reader").expect("valid");
            let consumer: BaseConsumer = config.create().expect("a consumer");
            let mut own = TopicPartitionList::new();
            own.add_partition_offset(&topic, 0, Offset::Beginning)
                .expect("added");
            consumer.assign(&own).expect("assigned");
            let mut copier = Copier::default();
            let mut records = Vec::new();
            while records.len() < count {
                let message = consumer.poll(Duration::from_secs(20)).expect("in time");
                records.push(copier.copy(&message.expect("a record")));
            }
            records
        });
        read.await.expect("read")
    }

    pub fn dead_letter_topic(&self) -> String {
        format!("{}.dead-letter", self.topic)
    }

    /// What was printed by the host of this name.
    pub fn handled_by(&self, name: &str) -> Vec<Handled> {
        handled(&self.folder.path().join(name).join("probe_stdout.txt"))
    }
}

/// Starts a host in this process.
pub async fn start(manifest: &Path) -> Host {
    let service = service(manifest).await;
    let service = service.expect("a valid trigger").expect("a trigger");
    let shutdown = CancellationToken::new();
    Host {
        output: manifest.with_file_name("probe_stdout.txt"),
        running: tokio::spawn(service.run(shutdown.clone())),
        shutdown,
    }
}

pub async fn service(manifest: &Path) -> anyhow::Result<Option<Service>> {
    let log_dir = manifest.parent().map(Path::to_owned);
    let loaded = testing::load(manifest, &[], log_dir).await?;
    Service::new(&loaded.app, &loaded.variables, &loaded.runtime, None).await
}

impl Host {
    pub fn handled(&self) -> Vec<Handled> {
        handled(&self.output)
    }

    /// The attempts at one record, in order.
    pub fn attempts(&self, id: &str) -> Vec<u32> {
        let all = self.handled().into_iter();
        let own = all.filter(|handled| handled.id == id);
        own.map(|handled| handled.attempt).collect()
    }

    pub async fn until_handled(&self, id: &str) {
        eventually("it is handled", async || {
            (!self.attempts(id).is_empty()).then_some(())
        })
        .await;
    }

    /// Stops as on SIGTERM.
    pub async fn stop(self) -> Vec<Handled> {
        self.shutdown.cancel();
        let ended = within(self.running).await.expect("no panic");
        ended.expect("a clean end");
        handled(&self.output)
    }

    /// The error it ends with by itself.
    pub async fn failure(self) -> String {
        let ended = within(self.running).await.expect("no panic");
        format!("{:#}", ended.expect_err("it cannot go on"))
    }
}

fn handled(output: &Path) -> Vec<Handled> {
    let output = std::fs::read_to_string(output).unwrap_or_default();
    // The last line may be half written by a host that was killed.
    let whole = output.rfind('\n').map_or("", |end| &output[..end]);
    whole.lines().filter_map(parse).collect()
}

fn parse(line: &str) -> Option<Handled> {
    let mut words = line.strip_prefix("handling ")?.split(' ');
    Some(Handled {
        id: words.next()?.to_owned(),
        attempt: words.nth(1)?.parse().ok()?,
        at_us: words.nth(1)?.parse().ok()?,
        place: words.nth(1)?.to_owned(),
        key: words.nth(1)?.to_owned(),
    })
}

/// Asserts that first deliveries of each key came in the order they were produced.
pub fn assert_order(handled: &[Handled], produced: &BTreeMap<String, Vec<String>>) {
    let mut by_time: Vec<&Handled> = handled.iter().collect();
    by_time.sort_by_key(|handled| handled.at_us);
    let mut first: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    let mut seen = std::collections::HashSet::new();
    for handled in by_time {
        if seen.insert(handled.id.as_str()) {
            first.entry(&handled.key).or_default().push(&handled.id);
        }
    }
    for (key, ids) in produced {
        let order = first.get(key.as_str()).cloned().unwrap_or_default();
        assert_eq!(order, ids.iter().collect::<Vec<_>>(), "order of {key}");
    }
}

pub fn succeed() -> Value {
    json!({"do": "succeed"})
}
