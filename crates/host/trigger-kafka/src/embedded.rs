//! The event log as the transport: a consumer group of the event log in Postgres.

use std::sync::Arc;

use async_trait::async_trait;
use event_log::{Consumer, DeliveryTag, EventLog, Fetched, GroupOptions};
use records::{DeadLetter, RecordBlock, TopicPartition};

use crate::transport::{DeadLetters, Delivery, Event, Position, Run, Transport};

pub(crate) struct Embedded {
    consumer: Consumer,
    log: Arc<EventLog>,
}

impl Embedded {
    pub fn join(log: &Arc<EventLog>, group: GroupOptions) -> Result<Self, event_log::Error> {
        Ok(Self {
            consumer: log.consume(group)?,
            log: log.clone(),
        })
    }
}

#[async_trait]
impl Transport for Embedded {
    async fn next(&mut self) -> anyhow::Result<Event> {
        Ok(match self.consumer.next().await? {
            event_log::Event::Assigned(partitions) => Event::Assigned(partitions),
            event_log::Event::Revoked(partitions) => Event::Revoked(partitions),
            event_log::Event::Lost(partitions) => Event::Lost(partitions),
            event_log::Event::Records(records) => Event::Records(runs(records)),
        })
    }

    fn commit(&mut self, partition: &TopicPartition, position: Position) {
        self.consumer.commit(partition, DeliveryTag(position.0));
    }

    fn pause(&mut self, partition: &TopicPartition) {
        self.consumer.pause(partition);
    }

    fn resume(&mut self, partition: &TopicPartition) {
        self.consumer.resume(partition);
    }

    fn release(&mut self, partition: TopicPartition) {
        self.consumer.release(vec![partition]);
    }

    fn dead_letters(&self) -> Arc<dyn DeadLetters> {
        Arc::new(Table(self.log.clone()))
    }

    async fn close(self: Box<Self>) {
        self.consumer.close().await;
    }
}

/// Groups neighbouring records of a partition into runs.
fn runs(records: Vec<Fetched>) -> Vec<Run> {
    records
        .chunk_by(|one, next| one.partition == next.partition)
        .filter_map(|neighbours| {
            let partition = neighbours.first()?.partition.clone();
            Some(Run {
                deliveries: deliveries(&partition, neighbours),
                partition,
            })
        })
        .collect()
}

fn deliveries(partition: &TopicPartition, fetched: &[Fetched]) -> Vec<Delivery> {
    let mut deliveries = Vec::with_capacity(fetched.len());
    let mut rest = fetched;
    while let Some(first) = rest.first() {
        let (topic, size) = (partition.topic.clone(), first.record.size());
        let mut block = RecordBlock::new(topic, partition.partition, rest.len(), size);
        let mut count = 0;
        while let Some(fetched) = rest.get(count)
            && block.has_room(fetched.record.size())
        {
            block.push_record(&fetched.record);
            count += 1;
        }
        let block = Arc::new(block);
        let (full, more) = rest.split_at(count);
        let positions = full.iter().map(|fetched| Position(fetched.tag.0));
        let records = positions.zip(block.records());
        deliveries.extend(records.map(|(position, record)| Delivery::new(position, record)));
        rest = more;
    }
    deliveries
}

struct Table(Arc<EventLog>);

#[async_trait]
impl DeadLetters for Table {
    async fn keep(&self, dead_letter: DeadLetter) -> anyhow::Result<()> {
        Ok(self.0.dead_letter(&dead_letter).await?)
    }
}
