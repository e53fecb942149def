//! Follows topics without a group: this process alone receives everything that is appended from now on.

use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt as _;
use rdkafka::consumer::{Consumer as _, StreamConsumer};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::{Offset, TopicPartitionList};
use records::Record;

use crate::client::create;
use crate::{Cluster, Connection, Context, Copier, Error, Offsets};

/// Records that are given at once, at most.
const BATCH: usize = 500;
/// Between attempts to reach brokers that are away.
const PAUSE: Duration = Duration::from_millis(200);

/// Reads the partitions there are when it starts.
pub struct Follower {
    consumer: StreamConsumer<Context>,
    copier: Copier,
}

impl Follower {
    /// Begins: every record appended after this returns comes.
    ///
    /// # Errors
    /// [`Error::UnknownTopic`] where a topic is not there, and as [`Cluster::check`].
    pub async fn start(connection: &Connection, topics: &[String]) -> Result<Self, Error> {
        let cluster = Cluster::new(connection)?;
        let partitions = cluster.partitions(topics).await?;
        let marks = cluster.watermarks(&partitions).await?;
        let ends = marks
            .into_iter()
            .map(|(partition, (_, end))| (partition, end));
        Self::at(connection, ends.collect())
    }

    /// Begins at the oldest record of each partition.
    ///
    /// # Errors
    /// As [`Follower::start`].
    pub async fn from_beginning(connection: &Connection, topics: &[String]) -> Result<Self, Error> {
        let cluster = Cluster::new(connection)?;
        let partitions = cluster.partitions(topics).await?;
        let marks = cluster.watermarks(&partitions).await?;
        let begins = marks
            .into_iter()
            .map(|(partition, (begin, _))| (partition, begin));
        Self::at(connection, begins.collect())
    }

    fn at(connection: &Connection, offsets: Offsets) -> Result<Self, Error> {
        // It never joins nor commits, so nobody sees the name.
        let config = connection.consumer_config("follower")?;
        let action = "follow topics";
        let consumer: StreamConsumer<Context> = create(&config, action, Context::default())?;
        let mut list = TopicPartitionList::new();
        for (partition, offset) in offsets {
            let offset = Offset::Offset(offset);
            list.add_partition_offset(&partition.topic, partition.partition, offset)
                .map_err(|error| Error::other(action, &error))?;
        }
        consumer
            .assign(&list)
            .map_err(|error| Error::other(action, &error))?;
        Ok(Self {
            consumer,
            copier: Copier::default(),
        })
    }

    /// The next records, never none; outages are waited out. Dropping the future loses nothing.
    ///
    /// # Errors
    /// What waiting does not heal.
    pub async fn next(&mut self) -> Result<Vec<Arc<Record>>, Error> {
        loop {
            let first = match self.consumer.recv().await {
                Ok(message) => Arc::new(self.copier.copy(&message)),
                Err(error) if is_passing(&error) => {
                    tokio::time::sleep(PAUSE).await;
                    continue;
                }
                Err(error) => return Err(Error::other("follow topics", &error)),
            };
            let mut records = vec![first];
            // An error among them comes again, or was passing.
            while records.len() < BATCH
                && let Some(Ok(message)) = self.consumer.recv().now_or_never()
            {
                records.push(Arc::new(self.copier.copy(&message)));
            }
            return Ok(records);
        }
    }
}

fn is_passing(error: &KafkaError) -> bool {
    matches!(
        error.rdkafka_error_code(),
        Some(
            RDKafkaErrorCode::AllBrokersDown
                | RDKafkaErrorCode::BrokerTransportFailure
                | RDKafkaErrorCode::OperationTimedOut
                | RDKafkaErrorCode::Resolve
                | RDKafkaErrorCode::NotLeaderForPartition
                | RDKafkaErrorCode::LeaderNotAvailable
        )
    )
}
