//! Inspects and changes a cluster: checks, topics, offsets, groups.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, ResourceSpecifier, TopicReplication};
use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer as _};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::metadata::Metadata;
use rdkafka::{Offset, TopicPartitionList};
use records::TopicPartition;

use crate::client::create;
use crate::error::{Cause, Seen};
use crate::{Connection, Context, Error, Mechanism};

/// How long one request may take.
const TIMEOUT: Duration = Duration::from_secs(10);
/// How long brokers may take to answer before failed connections count as the answer.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(2);
/// Between checks for a topic that was just created.
const PAUSE: Duration = Duration::from_millis(20);
const SLICE: Duration = Duration::from_millis(250);
/// Kafka's internal topics. Others start with `__` too, such as `__debezium-heartbeat`.
pub const KAFKAS_OWN: [&str; 5] = [
    "__cluster_metadata",
    "__consumer_offsets",
    "__remote_log_metadata",
    "__share_group_state",
    "__transaction_state",
];

/// A cluster as its operator sees it. Cheap to clone; one connection to each broker.
#[derive(Clone)]
pub struct Cluster {
    connection: Connection,
    admin: Arc<AdminClient<Context>>,
    /// A consumer in no group. It asks what the admin client cannot ask, and reports errors of
    /// connections.
    reader: Arc<BaseConsumer<Context>>,
}

/// A topic that exists.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Topic {
    /// Its name.
    pub name: String,
    /// How many partitions it has.
    pub partitions: i32,
}

/// A topic to create.
#[derive(Clone, Debug)]
pub struct TopicSpec {
    /// Its name.
    pub name: String,
    /// How many partitions.
    pub partitions: i32,
    /// Copies of each; -1: the cluster's default.
    pub replication: i32,
    /// Settings, such as `retention.ms`.
    pub config: Vec<(String, String)>,
}

/// What became of a [`TopicSpec`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Created {
    /// It is new.
    New,
    /// It existed; nothing changed.
    Existed,
}

/// A topic with its settings.
#[derive(Clone, Debug)]
pub struct TopicDescription {
    /// How many partitions it has.
    pub partitions: i32,
    /// Every setting's value.
    pub config: BTreeMap<String, String>,
}

/// An offset for each partition.
pub type Offsets = BTreeMap<TopicPartition, i64>;

/// The lag of a group in a partition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lag {
    /// Which.
    pub partition: TopicPartition,
    /// The next record to handle; `None`: the group has never committed here.
    pub committed: Option<i64>,
    /// The oldest record kept.
    pub low: i64,
    /// The offset after the newest record.
    pub high: i64,
}

impl Lag {
    /// Records not handled yet: all retained ones, for a group that has never committed.
    pub fn records(&self) -> i64 {
        let next = self.committed.unwrap_or(self.low).max(self.low);
        (self.high - next).max(0)
    }
}

impl Cluster {
    /// A client of this cluster. Connects when first used.
    ///
    /// # Errors
    /// Settings that make no sense.
    pub fn new(connection: &Connection) -> Result<Self, Error> {
        let config = connection.client_config()?;
        let admin = create(&config, "create a client", Context::default())?;
        Ok(Self {
            connection: connection.clone(),
            admin: Arc::new(admin),
            reader: Arc::new(Connection::consumer(&config)?),
        })
    }

    /// Checks that the brokers answer to these settings and have these topics.
    ///
    /// # Errors
    /// Says what to do about it; [`Error::is_passing`] where that may be to wait.
    pub async fn check(&self, topics: &[String]) -> Result<(), Error> {
        let there = self.all_topics().await?;
        let missing = topics
            .iter()
            .filter(|wanted| !there.iter().any(|topic| topic.name == **wanted));
        let missing: Vec<_> = missing.cloned().collect();
        if missing.is_empty() {
            return Ok(());
        }
        Err(Error::UnknownTopic {
            brokers: self.connection.brokers.clone(),
            topics: missing,
        })
    }

    /// The topics that these credentials may see, by name; without Kafka's own. For lists and patterns.
    ///
    /// # Errors
    /// As [`Cluster::check`].
    pub async fn topics(&self) -> Result<Vec<Topic>, Error> {
        let mut topics = self.all_topics().await?;
        topics.retain(|topic| !KAFKAS_OWN.contains(&&*topic.name));
        Ok(topics)
    }

    /// Includes Kafka's own, for callers that ask for a topic by name.
    ///
    /// # Errors
    /// As [`Cluster::check`].
    pub async fn all_topics(&self) -> Result<Vec<Topic>, Error> {
        // Dropped with a caller that no longer waits, so that the thread stops asking.
        let caller = Arc::new(());
        let waiting = Arc::downgrade(&caller);
        let own = self.clone();
        blocking("list the topics", move || {
            let metadata = own.metadata(|| waiting.strong_count() > 0)?;
            let topics = metadata.topics().iter();
            let mut topics: Vec<_> = topics
                .filter(|topic| topic.error().is_none())
                .map(|topic| Topic {
                    name: topic.name().to_owned(),
                    partitions: topic.partitions().len() as i32,
                })
                .collect();
            topics.sort_by(|a, b| a.name.cmp(&b.name));
            Ok(topics)
        })
        .await
    }

    /// In slices, to check in between what connections reported and whether anybody waits.
    fn metadata(&self, is_awaited: impl Fn() -> bool) -> Result<Metadata, Error> {
        self.reader.context().forget();
        let started = Instant::now();
        let mut slice = SLICE;
        loop {
            let error = match self.reader.fetch_metadata(None, slice) {
                Ok(metadata) => return Ok(metadata),
                Err(error) => error,
            };
            // Otherwise no connection is open, and nothing was asked.
            let was_asked = error.rdkafka_error_code() == Some(RDKafkaErrorCode::OperationTimedOut);
            let waited = started.elapsed();
            let patience = match was_asked {
                true => TIMEOUT,
                false => patience(&self.seen()),
            };
            if waited >= patience || !is_awaited() {
                return Err(self.explain("list the topics", &error));
            }
            // An answer past its slice is lost, so a slow broker needs longer ones. It answers one
            // question after another: tripled, these are few, and the last has most of the time.
            if was_asked {
                let left = TIMEOUT.saturating_sub(waited);
                slice = (slice * 3).min(left).max(SLICE);
            }
        }
    }

    /// Creates the missing topics and waits until they are visible. Returns what became of each, in
    /// order.
    ///
    /// # Errors
    /// As [`Cluster::check`], and what the broker refuses.
    pub async fn create_topics(&self, specs: &[TopicSpec]) -> Result<Vec<Created>, Error> {
        self.check(&[]).await?;
        let topics: Vec<_> = specs
            .iter()
            .map(|spec| {
                let replication = TopicReplication::Fixed(spec.replication);
                let topic = NewTopic::new(&spec.name, spec.partitions, replication);
                spec.config
                    .iter()
                    .fold(topic, |topic, (name, value)| topic.set(name, value))
            })
            .collect();
        let action = "create topics";
        let results = self.admin.create_topics(&topics, &options()).await;
        let results = results.map_err(|error| self.explain(action, &error))?;
        let created = results.into_iter().map(|result| match result {
            Ok(_) => Ok(Created::New),
            Err((_, RDKafkaErrorCode::TopicAlreadyExists)) => Ok(Created::Existed),
            Err((topic, code)) => Err(self.explain(
                &format!("create the topic `{topic}`"),
                &KafkaError::AdminOp(code),
            )),
        });
        let created: Vec<_> = created.collect::<Result<_, _>>()?;
        let names: Vec<_> = specs.iter().map(|spec| spec.name.clone()).collect();
        let started = Instant::now();
        // The controller has created them; the brokers learn of it a moment later.
        while let Err(error @ Error::UnknownTopic { .. }) = self.check(&names).await {
            if started.elapsed() >= TIMEOUT {
                return Err(error);
            }
            tokio::time::sleep(PAUSE).await;
        }
        Ok(created)
    }

    /// Deletes topics with their records.
    ///
    /// # Errors
    /// As [`Cluster::check`], and what the broker refuses.
    pub async fn delete_topics(&self, topics: &[&str]) -> Result<(), Error> {
        let results = self.admin.delete_topics(topics, &options()).await;
        let results = results.map_err(|error| self.explain("delete topics", &error))?;
        for result in results {
            if let Err((topic, code)) = result {
                let action = format!("delete the topic `{topic}`");
                return Err(self.explain(&action, &KafkaError::AdminOp(code)));
            }
        }
        Ok(())
    }

    /// A topic with its settings.
    ///
    /// # Errors
    /// As [`Cluster::check`].
    pub async fn describe(&self, topic: &str) -> Result<TopicDescription, Error> {
        let partitions = self.partitions(&[topic.to_owned()]).await?.len() as i32;
        let action = format!("read the settings of `{topic}`");
        let specifiers = [ResourceSpecifier::Topic(topic)];
        let described = self.admin.describe_configs(&specifiers, &options()).await;
        let described = described.map_err(|error| self.explain(&action, &error))?;
        let mut config = BTreeMap::new();
        for resource in described {
            let resource = resource.map_err(|code| {
                let error = KafkaError::AdminOp(code);
                self.explain(&action, &error)
            })?;
            let entries = resource.entries.into_iter();
            config.extend(entries.filter_map(|entry| Some((entry.name, entry.value?))));
        }
        Ok(TopicDescription { partitions, config })
    }

    /// Every partition of these topics.
    ///
    /// # Errors [`Error::UnknownTopic`] if one does not exist, and as [`Cluster::check`].
    pub async fn partitions(&self, topics: &[String]) -> Result<Vec<TopicPartition>, Error> {
        let there = self.all_topics().await?;
        let mut partitions = Vec::new();
        let mut missing = Vec::new();
        for wanted in topics {
            let Some(topic) = there.iter().find(|topic| topic.name == *wanted) else {
                missing.push(wanted.clone());
                continue;
            };
            let name: Arc<str> = wanted.as_str().into();
            partitions.extend((0..topic.partitions).map(|partition| TopicPartition {
                topic: name.clone(),
                partition,
            }));
        }
        if missing.is_empty() {
            return Ok(partitions);
        }
        Err(Error::UnknownTopic {
            brokers: self.connection.brokers.clone(),
            topics: missing,
        })
    }

    /// The offset of the oldest record, and the one after the newest.
    ///
    /// # Errors
    /// As [`Cluster::check`].
    pub async fn watermarks(
        &self,
        partitions: &[TopicPartition],
    ) -> Result<BTreeMap<TopicPartition, (i64, i64)>, Error> {
        let (own, partitions) = (self.clone(), partitions.to_vec());
        blocking("read offsets", move || {
            let marks = partitions.into_iter().map(|partition| {
                let topic = &partition.topic;
                let marks = once_settled(|| {
                    own.reader
                        .fetch_watermarks(topic, partition.partition, TIMEOUT)
                });
                let action = format!("read the offsets of {partition}");
                let marks = marks.map_err(|error| own.explain(&action, &error))?;
                Ok((partition, marks))
            });
            marks.collect()
        })
        .await
    }

    /// The first offset at or after a time, in milliseconds since the Unix epoch; the one after the
    /// newest record if there is none.
    ///
    /// # Errors
    /// As [`Cluster::check`].
    pub async fn offsets_at(
        &self,
        partitions: &[TopicPartition],
        timestamp_ms: i64,
    ) -> Result<Offsets, Error> {
        let (own, partitions) = (self.clone(), partitions.to_vec());
        let found = blocking("look up offsets", {
            let partitions = partitions.clone();
            move || {
                let wanted = list(partitions.iter().map(|tp| (tp, timestamp_ms)))
                    .map_err(|error| own.explain("look up offsets", &error))?;
                let ask = || own.reader.offsets_for_times(wanted.clone(), TIMEOUT);
                let found = once_settled(ask);
                found
                    .map(|found| offsets(&found))
                    .map_err(|error| own.explain("look up offsets", &error))
            }
        })
        .await?;
        let ends = self.watermarks(&partitions).await?;
        let all = ends.into_iter().map(|(partition, (_, high))| {
            let offset = found.get(&partition).copied().unwrap_or(high);
            (partition, offset)
        });
        Ok(all.collect())
    }

    /// The committed offset of each partition, where the group has one.
    ///
    /// # Errors
    /// As [`Cluster::check`].
    pub async fn committed(
        &self,
        group: &str,
        partitions: &[TopicPartition],
    ) -> Result<Offsets, Error> {
        let (own, group, partitions) = (self.clone(), group.to_owned(), partitions.to_vec());
        blocking("read committed offsets", move || {
            let action = format!("read the offsets of the group `{group}`");
            let consumer = Connection::consumer(&own.connection.consumer_config(&group)?)?;
            let wanted = list(
                partitions
                    .iter()
                    .map(|tp| (tp, Offset::Invalid.to_raw().unwrap_or(0))),
            )
            .map_err(|error| own.explain(&action, &error))?;
            let committed = once_settled(|| consumer.committed_offsets(wanted.clone(), TIMEOUT));
            committed
                .map(|committed| offsets(&committed))
                .map_err(|error| own.explain(&action, &error))
        })
        .await
    }

    /// Sets the committed offset of each partition, for a group that has no members now.
    ///
    /// # Errors
    /// As [`Cluster::check`]; the broker refuses while the group has members.
    pub async fn commit(&self, group: &str, offsets: &Offsets) -> Result<(), Error> {
        let (own, group, offsets) = (self.clone(), group.to_owned(), offsets.clone());
        blocking("commit offsets", move || {
            let action =
                format!("set the offsets of the group `{group}` (stop its consumers first)");
            let consumer = Connection::consumer(&own.connection.consumer_config(&group)?)?;
            let wanted = list(offsets.iter().map(|(tp, offset)| (tp, *offset)))
                .map_err(|error| own.explain(&action, &error))?;
            let done = once_settled(|| consumer.commit(&wanted, CommitMode::Sync));
            done.map_err(|error| own.explain(&action, &error))
        })
        .await
    }

    /// The lag of a group in every partition of these topics.
    ///
    /// # Errors
    /// As [`Cluster::check`].
    pub async fn lag(&self, group: &str, topics: &[String]) -> Result<Vec<Lag>, Error> {
        let partitions = self.partitions(topics).await?;
        let committed = self.committed(group, &partitions).await?;
        let marks = self.watermarks(&partitions).await?;
        let lags = marks.into_iter().map(|(partition, (low, high))| Lag {
            committed: committed.get(&partition).copied(),
            partition,
            low,
            high,
        });
        Ok(lags.collect())
    }

    fn explain(&self, action: &str, error: &KafkaError) -> Error {
        let seen = self.seen();
        let explained = Error::explain(action, &self.connection.brokers, error, &seen);
        let sasl = &self.connection.sasl;
        match explained {
            // librdkafka connects once it has a token, and says nothing while it asks for it again.
            Error::Protocol { brokers, .. }
                if seen.is_empty() && sasl.mechanism == Mechanism::OAuthBearer =>
            {
                let detail = format!(
                    "{}: none came in time (or the listener is one for TLS, and silent)",
                    sasl.token_endpoint
                );
                Error::TokenEndpoint { brokers, detail }
            }
            explained => explained,
        }
    }

    /// What connections reported since the last [`Context::forget`]. librdkafka tells it to whoever
    /// polls.
    fn seen(&self) -> Vec<Seen> {
        while self.reader.poll(Duration::ZERO).is_some() {}
        self.reader.context().seen()
    }
}

/// How long to wait for a connection, given the errors of those that were tried.
fn patience(seen: &[Seen]) -> Duration {
    let is_hopeless = |seen: &Seen| {
        matches!(
            seen.cause,
            Cause::TokenEndpoint
                | Cause::Code(RDKafkaErrorCode::Authentication | RDKafkaErrorCode::SSL)
        )
    };
    if seen.iter().any(is_hopeless) {
        Duration::ZERO
    } else if seen.is_empty() {
        TIMEOUT
    } else {
        ANSWER_TIMEOUT
    }
}

/// Asks again while the cluster elects the leader of a partition or the coordinator of a group: both
/// exist a moment before they answer.
fn once_settled<T>(ask: impl Fn() -> Result<T, KafkaError>) -> Result<T, KafkaError> {
    let started = Instant::now();
    loop {
        match ask() {
            Err(error) if is_settling(&error) && started.elapsed() < TIMEOUT => {
                std::thread::sleep(SLICE);
            }
            answer => return answer,
        }
    }
}

fn is_settling(error: &KafkaError) -> bool {
    matches!(
        error.rdkafka_error_code(),
        Some(
            RDKafkaErrorCode::NotLeaderForPartition
                | RDKafkaErrorCode::LeaderNotAvailable
                | RDKafkaErrorCode::NotCoordinator
                | RDKafkaErrorCode::CoordinatorNotAvailable
                | RDKafkaErrorCode::CoordinatorLoadInProgress
        )
    )
}

fn options() -> AdminOptions {
    AdminOptions::new()
        .request_timeout(Some(TIMEOUT))
        .operation_timeout(Some(TIMEOUT))
}

fn list<'p>(
    partitions: impl Iterator<Item = (&'p TopicPartition, i64)>,
) -> Result<TopicPartitionList, KafkaError> {
    let mut list = TopicPartitionList::new();
    for (TopicPartition { topic, partition }, offset) in partitions {
        list.add_partition_offset(topic, *partition, Offset::from_raw(offset))?;
    }
    Ok(list)
}

/// The partitions that are known.
fn offsets(list: &TopicPartitionList) -> Offsets {
    let elements = list.elements();
    let known = elements
        .iter()
        .filter_map(|element| match element.offset() {
            Offset::Offset(offset) => Some((
                TopicPartition {
                    topic: element.topic().into(),
                    partition: element.partition(),
                },
                offset,
            )),
            _ => None,
        });
    known.collect()
}

/// librdkafka waits; the runtime must not.
async fn blocking<T: Send + 'static>(
    action: &'static str,
    work: impl FnOnce() -> Result<T, Error> + Send + 'static,
) -> Result<T, Error> {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done,
        Err(error) => Err(Error::Other {
            action: action.to_owned(),
            detail: error.to_string(),
        }),
    }
}
