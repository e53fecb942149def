//! A cluster for tests: the real broker of `TEST_KAFKA_BROKERS`, else librdkafka's own in this
//! process, which knows the protocol but is no Kafka; or a real one of a test's own, to be killed.

use kafka_broker::{Broker, Options};
use kafka_client::rdkafka::mocking::MockCluster;
use kafka_client::rdkafka::producer::DefaultProducerContext;
use kafka_client::{Cluster, Connection, TopicSpec};
use tempfile::TempDir;

use crate::Watch;

/// Names a real broker for tests; `cargo xtask test` sets it.
pub const BROKERS_VARIABLE: &str = "TEST_KAFKA_BROKERS";

/// Brokers for a test, alive as long as this.
pub struct TestCluster {
    brokers: String,
    mock: Option<MockCluster<'static, DefaultProducerContext>>,
}

impl TestCluster {
    /// The real broker, if there is one; else one in this process.
    pub fn any() -> Self {
        Self::real().unwrap_or_else(|missing| {
            println!("on librdkafka's broker in this process: {missing}");
            let mock = MockCluster::new(1).expect("a broker in this process");
            Self {
                brokers: mock.bootstrap_servers(),
                mock: Some(mock),
            }
        })
    }

    /// The real broker.
    ///
    /// # Errors
    /// Words to print after `skipped:`.
    pub fn real() -> Result<Self, String> {
        match std::env::var(BROKERS_VARIABLE) {
            Ok(brokers) if !brokers.is_empty() => Ok(Self::at(brokers)),
            _ => Err(format!(
                "set {BROKERS_VARIABLE} to a Kafka broker's host:port (cargo xtask test does)"
            )),
        }
    }

    /// Brokers that run already.
    pub fn at(brokers: impl Into<String>) -> Self {
        Self {
            brokers: brokers.into(),
            mock: None,
        }
    }

    /// Whether it is the one in this process. It does not look up offsets by time, and nobody but
    /// [`TestCluster::create_topic`] makes topics there, those of dead letters included.
    pub fn is_mock(&self) -> bool {
        self.mock.is_some()
    }

    /// `host:port`.
    pub fn brokers(&self) -> &str {
        &self.brokers
    }

    /// How to connect.
    pub fn connection(&self) -> Connection {
        Connection::plain(&self.brokers)
    }

    /// Makes a topic on either kind of broker.
    pub async fn create_topic(&self, name: &str, partitions: i32) -> Result<(), String> {
        if let Some(mock) = &self.mock {
            let created = mock.create_topic(name, partitions, 1);
            return created.map_err(|error| error.to_string());
        }
        let spec = TopicSpec {
            name: name.to_owned(),
            partitions,
            replication: 1,
            config: Vec::new(),
        };
        let cluster = Cluster::new(&self.connection()).map_err(|e| e.to_string())?;
        let created = cluster.create_topics(&[spec]).await;
        created.map(drop).map_err(|error| error.to_string())
    }
}

/// A real broker that one test has for itself; killed and gone when dropped.
pub struct OwnBroker {
    // Fields drop in order: the process ends before its folder goes.
    broker: Option<Broker>,
    /// While the process runs.
    watch: Option<Watch>,
    _folder: TempDir,
}

impl OwnBroker {
    /// `None`, with a line that says why, where none can run.
    pub async fn start() -> Option<Self> {
        Self::start_with(|_| {}).await
    }

    /// The same with options of the test's own.
    pub async fn start_with(adjust: impl FnOnce(&mut Options)) -> Option<Self> {
        let libs = match kafka_broker::libs_for_tests() {
            Ok(libs) => libs,
            Err(missing) => {
                println!("skipped: {missing}");
                return None;
            }
        };
        let folder = tempfile::tempdir().expect("a folder for the broker");
        let mut options = Options::new(libs, folder.path());
        adjust(&mut options);
        let start = move || Broker::start(options).expect("the broker starts");
        let broker = tokio::task::spawn_blocking(start).await.expect("no panic");
        Some(Self {
            watch: broker.id().map(Watch::over),
            broker: Some(broker),
            _folder: folder,
        })
    }

    /// The process.
    pub fn broker(&self) -> &Broker {
        self.broker.as_ref().expect("it is there")
    }

    /// `host:port` of the plain listener.
    pub fn brokers(&self) -> String {
        self.broker().brokers()
    }

    /// `kill -9`.
    pub fn kill(&mut self) {
        self.watch = None;
        self.broker.as_mut().expect("it is there").kill();
    }

    /// SIGTERM, until it has ended.
    pub async fn stop(&mut self) {
        self.blocking(|broker| broker.stop()).await;
    }

    /// Starts it again where it was, with what it had.
    pub async fn start_again(&mut self) {
        self.blocking(|broker| broker.start_again().expect("the broker starts again"))
            .await;
    }

    async fn blocking(&mut self, change: impl FnOnce(&mut Broker) + Send + 'static) {
        let mut broker = self.broker.take().expect("it is there");
        self.watch = None;
        let changed = tokio::task::spawn_blocking(move || {
            change(&mut broker);
            broker
        });
        let broker = changed.await.expect("no panic");
        self.watch = broker.id().map(Watch::over);
        self.broker = Some(broker);
    }
}
