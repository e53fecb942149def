//! Which topics Kafka has. Records of a missing topic wait, and no others.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

use event_log::Fetched;
use kafka_client::{Cluster, Error};
use records::TopicPartition;
use tokio::task::JoinSet;
use tokio::time::Instant;

/// How often the relay checks whether a missing topic exists.
const RECHECK: Duration = Duration::from_secs(2);
/// How often the log mentions a missing topic.
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
    /// Where those are from.
    partitions: BTreeSet<TopicPartition>,
    /// When the log last mentioned the topic.
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

    /// Holds a record until its topic exists. True for the first one of a partition: the caller pauses
    /// that partition, because no bound counts what is held.
    pub fn hold(&mut self, fetched: Fetched) -> bool {
        let held = self
            .held
            .entry(fetched.record.topic.to_string())
            .or_default();
        let is_first = held.partitions.insert(fetched.partition.clone());
        held.records.push_back(fetched);
        is_first
    }

    /// Another process owns these partitions now. If they come back, the member reads them from the
    /// committed offset.
    pub fn forget(&mut self, partitions: &[TopicPartition]) {
        self.held.retain(|_, held| {
            held.records
                .retain(|fetched| !partitions.contains(&fetched.partition));
            held.partitions
                .retain(|partition| !partitions.contains(partition));
            !held.partitions.is_empty()
        });
    }

    /// Topics that were missing at the last check.
    pub fn missing(&self) -> usize {
        let missing = self.held.values().filter(|held| held.told.is_some());
        missing.count()
    }

    /// Checks when it is time, and returns the held records of topics that exist now, by topic.
    /// Dropping the future loses nothing.
    pub async fn next(&mut self) -> Vec<(String, VecDeque<Fetched>)> {
        if self.held.is_empty() {
            return std::future::pending().await;
        }
        if self.looking.is_empty() {
            tokio::time::sleep_until(self.look_at).await;
            let cluster = self.cluster.clone();
            self.looking.spawn(async move {
                let topics = cluster.all_topics().await?;
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
            // The code that opens connections logs why brokers do not answer.
            Some(Ok(Err(error))) => tracing::debug!(%error, "cannot list Kafka's topics"),
            Some(Err(error)) => tracing::error!(%error, "looking for Kafka's topics failed"),
            None => {}
        }
        self.take()
    }

    /// Logs which topics are missing, now and then.
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

#[cfg(test)]
mod tests {
    use kafka_client::Connection;

    use super::*;
    use crate::fixtures::{fetched, partition};

    #[test]
    fn every_partition_that_comes_of_a_missing_topic_is_paused_also_when_it_comes_again() {
        let cluster = Cluster::new(&Connection::plain("127.0.0.1:1")).unwrap();
        let mut topics = Topics::new(cluster, String::new());
        assert!(topics.hold(fetched(0, 1)));
        assert!(!topics.hold(fetched(0, 2)));
        assert!(topics.hold(fetched(1, 3)), "another partition");

        topics.forget(&[partition(0)]);
        assert!(topics.hold(fetched(0, 1)), "lost and assigned again");
        assert!(!topics.hold(fetched(1, 4)), "this one stayed");

        topics.forget(&[partition(0), partition(1)]);
        assert!(topics.held.is_empty(), "nothing is left to wait for");
        assert!(topics.hold(fetched(1, 3)));

        topics.there.insert("orders".to_owned());
        let come = topics.take();
        let offsets: Vec<_> = come
            .iter()
            .flat_map(|(_, records)| records.iter().map(|fetched| fetched.record.offset))
            .collect();
        assert_eq!(offsets, [3], "each record once");
    }
}
