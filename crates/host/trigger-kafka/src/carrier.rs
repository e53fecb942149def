//! What brings records to a group and takes its progress back: the event log in Postgres, or
//! Kafka itself. The dispatcher knows nothing else of where records come from.

use std::hash::BuildHasher as _;
use std::num::NonZeroU64;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use async_trait::async_trait;
use foldhash::fast::RandomState;
pub use records::{DeadLetter, TopicPartition};
use records::{RecordBlock, RecordRef};

/// A place in a partition; grows from record to record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position(pub u64);

/// A record with its place, and with what the dispatcher has to know of it: so it need not look at the
/// record, which another thread's processor has.
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

/// Those of a block of Kafka's, where a record's place is its offset.
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
    /// These leave as soon as they are released.
    Revoked(Vec<TopicPartition>),
    /// These are gone: nothing can be committed for them any more.
    Lost(Vec<TopicPartition>),
    /// Records to handle.
    Records(Vec<Run>),
}

/// A member of a consumer group.
#[async_trait]
pub trait Carrier: Send {
    /// What happens next. Dropping the future loses nothing. An error means that there will
    /// never be anything again; outages are waited out inside.
    async fn next(&mut self) -> anyhow::Result<Event>;

    /// How long records may have waited for others when they come.
    fn held(&self) -> Duration {
        Duration::ZERO
    }

    /// Everything up to and including this place is handled.
    fn commit(&mut self, partition: &TopicPartition, position: Position);

    /// Bring no more of this partition for now.
    fn pause(&mut self, partition: &TopicPartition);

    /// Bring its records again.
    fn resume(&mut self, partition: &TopicPartition);

    /// A revoked partition is drained and may go.
    fn release(&mut self, partition: TopicPartition);

    /// Where records go that are given up.
    fn dead_letters(&self) -> Arc<dyn DeadLetters>;

    /// Write what was committed, and leave the group.
    async fn close(self: Box<Self>);
}

/// Keeps records that are given up.
#[async_trait]
pub trait DeadLetters: Send + Sync {
    /// When this returns `Ok`, committing the record cannot lose the letter. It may be called
    /// again for the same record.
    async fn keep(&self, letter: DeadLetter) -> anyhow::Result<()>;
}
