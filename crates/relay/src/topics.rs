//! Which topics Kafka has. Records of a topic that it lacks are held back, and nobody else's.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

use event_log::{Fetched, TopicPartition};
use kafka_client::{Cluster, Error};
use tokio::task::JoinSet;
use tokio::time::Instant;

/// How often is looked whether a topic has come.
const RECHECK: Duration = Duration::from_secs(2);
/// How often a missing topic is mentioned.
const REMIND: Duration = Duration::from_secs(60);

/// Topics, as far as they are known.
pub(crate) struct Topics {
    cluster: Cluster,
    create_hint: String,
    there: BTreeSet<String>,
    held: BTreeMap<String, Held>,
    looking: JoinSet<Result<BTreeSet<String>, Error>>,
    look_at: Instant,
}

#[derive(Default)]
struct Held {
    records: VecDeque<Fetched>,
    /// When it was last said that the topic is missing.
    told: Option<Instant>,
}

impl Topics {
    pub fn new(cluster: Cluster, create_hint: String) -> Self {
        Self {
            cluster,
            create_hint,
            there: BTreeSet::new(),
            held: BTreeMap::new(),
            looking: JoinSet::new(),
            look_at: Instant::now(),
        }
    }

    pub fn has(&self, topic: &str) -> bool {
        self.there.contains(topic)
    }

    /// Keeps a record until its topic is there. True for the first one of a topic.
    pub fn hold(&mut self, fetched: Fetched) -> bool {
        let topic = fetched.record.topic.to_string();
        let is_first = !self.held.contains_key(&topic);
        let held = self.held.entry(topic).or_default();
        held.records.push_back(fetched);
        is_first
    }

    /// Another process has these partitions now.
    pub fn forget(&mut self, partitions: &[TopicPartition]) {
        for held in self.held.values_mut() {
            held.records
                .retain(|fetched| !partitions.contains(&fetched.partition));
        }
    }

    /// Topics that were missing when it was last looked.
    pub fn missing(&self) -> usize {
        let missing = self.held.values().filter(|held| held.told.is_some());
        missing.count()
    }

    /// Looks when it is time to; returns what was held back of topics that are there now, by
    /// topic. Dropping the future loses nothing.
    pub async fn next(&mut self) -> Vec<(String, VecDeque<Fetched>)> {
        if self.held.is_empty() {
            return std::future::pending().await;
        }
        if self.looking.is_empty() {
            tokio::time::sleep_until(self.look_at).await;
            let cluster = self.cluster.clone();
            self.looking.spawn(async move {
                let topics = cluster.topics().await?;
                Ok(topics.into_iter().map(|topic| topic.name).collect())
            });
        }
        let looked = self.looking.join_next().await;
        self.look_at = Instant::now() + RECHECK;
        match looked {
            Some(Ok(Ok(there))) => {
                self.there = there;
                self.remind();
            }
            // What keeps us from the brokers is logged where connections are made.
            Some(Ok(Err(error))) => tracing::debug!(%error, "cannot list Kafka's topics"),
            Some(Err(error)) => tracing::error!(%error, "looking for Kafka's topics failed"),
            None => {}
        }
        self.take()
    }

    /// Says which topics are missing, now and then.
    fn remind(&mut self) {
        let now = Instant::now();
        for (topic, held) in &mut self.held {
            let silent = held.told.is_none_or(|told| now - told >= REMIND);
            if silent && !self.there.contains(topic) {
                held.told = Some(now);
                let hint = &self.create_hint;
                tracing::error!(
                    "Kafka has no topic `{topic}`: its records wait in the event log; {hint}"
                );
            }
        }
    }

    fn take(&mut self) -> Vec<(String, VecDeque<Fetched>)> {
        let come: Vec<_> = self
            .held
            .keys()
            .filter(|topic| self.has(topic))
            .cloned()
            .collect();
        come.into_iter()
            .filter_map(|topic| {
                let held = self.held.remove(&topic)?;
                if held.told.is_some() {
                    tracing::info!(topic, "Kafka has the topic now");
                }
                Some((topic, held.records))
            })
            .collect()
    }
}
