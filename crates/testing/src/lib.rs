//! A cluster for tests: the real broker of `TEST_KAFKA_BROKERS`, else librdkafka's own in this
//! process, which knows the protocol but is no Kafka.

mod proxy;

pub use proxy::Proxy;

use kafka_client::rdkafka::mocking::MockCluster;
use kafka_client::rdkafka::producer::DefaultProducerContext;
use kafka_client::{Cluster, Connection, TopicSpec};

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
            #[expect(clippy::expect_used, reason = "a test cannot go on without")]
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
