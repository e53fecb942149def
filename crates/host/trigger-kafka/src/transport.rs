//! The transport of a group: it delivers records and commits offsets. It is the event log in
//! Postgres, or Kafka. The dispatcher knows nothing else about where records come from.

use std::hash::BuildHasher as _;
use std::num::NonZeroU64;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use async_trait::async_trait;
use foldhash::fast::RandomState;
pub use records::{DeadLetter, TopicPartition};
use records::{RecordBlock, RecordRef};

/// What to commit for a record: Kafka's offset or the event log's delivery tag. Grows from record
/// to record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position(pub u64);

/// A record with its position and all that the dispatcher needs to know of it. So the dispatcher
/// need not touch the record, which is in another core's cache.
#[derive(Debug, Clone)]
pub struct Delivery {
    /// What to commit when it, and all before it, are handled.
    pub position: Position,
    /// The record.
    pub record: RecordRef,
    /// Of its key, if it has one. Equal keys have equal hashes in this process.
    pub(crate) key_hash: Option<NonZeroU64>,
    /// When it was appended, in milliseconds since the Unix epoch.
    pub(crate) timestamp_ms: i64,
    /// Bytes it takes, about.
    pub(crate) size: usize,
}

/// Seeded anew in each process.
static HASHER: LazyLock<RandomState> = LazyLock::new(RandomState::default);

fn hash(key: &[u8]) -> NonZeroU64 {
    NonZeroU64::new(HASHER.hash_one(key)).unwrap_or(NonZeroU64::MIN)
}

impl Delivery {
    /// A record that has just been read.
    pub fn new(position: Position, record: RecordRef) -> Self {
        Self {
            position,
            key_hash: record.key().map(hash),
            timestamp_ms: record.timestamp_ms(),
            size: record.size(),
            record,
        }
    }
}

/// The records of a block from Kafka, whose position is the offset.
pub(crate) fn at_offsets(block: &Arc<RecordBlock>) -> impl Iterator<Item = Delivery> + '_ {
    block.records().map(|record| {
        let position = Position(record.offset().max(0) as u64);
        Delivery::new(position, record)
    })
}

/// What was read of a partition, in its order.
#[derive(Debug, Clone)]
pub struct Run {
    /// Where it was read.
    pub partition: TopicPartition,
    /// Never none.
    pub deliveries: Vec<Delivery>,
}

/// What happens to a member of a group.
#[derive(Debug)]
pub enum Event {
    /// These partitions are ours; their records follow.
    Assigned(Vec<TopicPartition>),
    /// These go to another member when they are released.
    Revoked(Vec<TopicPartition>),
    /// Another member owns these: nothing can be committed for them any more.
    Lost(Vec<TopicPartition>),
    /// Records to handle.
    Records(Vec<Run>),
}

/// A member of a consumer group.
#[async_trait]
pub trait Transport: Send {
    /// What happens next. Dropping the future loses nothing. It waits for the end of an outage; an
    /// error is final.
    async fn next(&mut self) -> anyhow::Result<Event>;

    /// How long records may have waited for others before they arrive here.
    fn held(&self) -> Duration {
        Duration::ZERO
    }

    /// Everything up to and including this position is handled.
    fn commit(&mut self, partition: &TopicPartition, position: Position);

    /// Pause the partition.
    fn pause(&mut self, partition: &TopicPartition);

    /// Resume the partition.
    fn resume(&mut self, partition: &TopicPartition);

    /// Release a revoked partition, which is drained.
    fn release(&mut self, partition: TopicPartition);

    /// What stores dead letters.
    fn dead_letters(&self) -> Arc<dyn DeadLetters>;

    /// Write the committed offsets and leave the group.
    async fn close(self: Box<Self>);
}

/// Stores dead letters.
#[async_trait]
pub trait DeadLetters: Send + Sync {
    /// When this has returned `Ok`, committing the record cannot lose the dead letter. It may be
    /// called again for the same record.
    async fn keep(&self, dead_letter: DeadLetter) -> anyhow::Result<()>;
}
