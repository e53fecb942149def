//! Where to start in newly assigned partitions.

use std::time::Duration;

use kafka_client::rdkafka::consumer::{BaseConsumer, CommitMode, Consumer as _};
use kafka_client::rdkafka::error::KafkaResult;
use kafka_client::rdkafka::{Offset, TopicPartitionList};

use super::context::GroupContext;
use crate::config::Start;
use crate::transport::TopicPartition;

const TIMEOUT: Duration = Duration::from_secs(5);

pub(super) fn list<'p>(
    partitions: impl IntoIterator<Item = &'p TopicPartition>,
) -> TopicPartitionList {
    let mut list = TopicPartitionList::new();
    for partition in partitions {
        list.add_partition(&partition.topic, partition.partition);
    }
    list
}

/// The partitions with their start offsets. If the group has never committed, the offset is looked
/// up once and committed. Otherwise a group that starts at the end would start at a later end if a
/// member died before its first commit.
pub(super) fn offsets(
    consumer: &BaseConsumer<GroupContext>,
    partitions: &[TopicPartition],
    start: Start,
) -> KafkaResult<TopicPartitionList> {
    let committed = consumer.committed_offsets(list(partitions), TIMEOUT)?;
    let mut begin = TopicPartitionList::new();
    let mut new = Vec::new();
    for element in committed.elements() {
        element.error()?;
        match element.offset() {
            Offset::Offset(next) => {
                let offset = Offset::Offset(next);
                begin.add_partition_offset(element.topic(), element.partition(), offset)?;
            }
            _ => new.push((element.topic().to_owned(), element.partition())),
        }
    }
    if new.is_empty() {
        return Ok(begin);
    }
    let mut first = TopicPartitionList::new();
    let at = |topic: &str, partition: i32, timestamp_ms: i64| {
        let mut wanted = TopicPartitionList::new();
        wanted.add_partition_offset(topic, partition, Offset::Offset(timestamp_ms))?;
        let found = consumer.offsets_for_times(wanted, TIMEOUT)?;
        let offset = found.elements().first().map(|element| element.offset());
        KafkaResult::Ok(offset.filter(|offset| matches!(offset, Offset::Offset(_))))
    };
    for (topic, partition) in new {
        let found = match start {
            Start::Timestamp(start) => at(&topic, partition, start.timestamp_millis())?,
            Start::Earliest | Start::Latest => None,
        };
        let offset = match found {
            Some(offset) => offset,
            None => {
                let (low, high) = consumer.fetch_watermarks(&topic, partition, TIMEOUT)?;
                let is_earliest = matches!(start, Start::Earliest);
                Offset::Offset(if is_earliest { low } else { high })
            }
        };
        first.add_partition_offset(&topic, partition, offset)?;
        begin.add_partition_offset(&topic, partition, offset)?;
    }
    if let Err(error) = consumer.commit(&first, CommitMode::Sync) {
        // It is looked up again by whoever has the partition next.
        tracing::debug!(%error, "cannot commit where a group begins");
    }
    Ok(begin)
}
