//! Reads a partition of a group's member, many records at a time. rdkafka reads one at a time; each costs
//! it an event, two clock readings and a reference count, which is more than copying the record.

use std::ffi::{CString, c_void};
use std::ptr::{self, NonNull};
use std::sync::Arc;

use rdkafka::bindings as native;
use rdkafka::consumer::base_consumer::PartitionQueue;
use rdkafka::consumer::{BaseConsumer, Consumer as _, ConsumerContext};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use records::{RecordBlock, TopicPartition};

use crate::record::Native;

/// The queue of one partition, apart from the consumer's own.
pub struct PartitionReader<C: ConsumerContext> {
    consumer: Arc<BaseConsumer<C>>,
    partition: TopicPartition,
    /// The same queue. It tells when there are records.
    _split: PartitionQueue<C>,
    queue: NonNull<native::rd_kafka_queue_t>,
}

/// What a call of librdkafka's fills.
struct Taking<'r> {
    partition: &'r TopicPartition,
    client: *mut native::rd_kafka_t,
    /// How many more there are, about.
    left: usize,
    most: usize,
    taken: usize,
    blocks: Vec<RecordBlock>,
    errors: Vec<(RDKafkaErrorCode, String)>,
}

impl<C: ConsumerContext> PartitionReader<C> {
    /// To be made before the partition is assigned, or its first records go to the consumer's own queue.
    /// `wake` is called, on a thread of librdkafka, whenever there are records after there were none.
    /// `None`: no such partition can be.
    #[expect(unsafe_code, reason = "rdkafka does not show its queue")]
    pub fn new(
        consumer: &Arc<BaseConsumer<C>>,
        partition: &TopicPartition,
        wake: impl Fn() + Send + Sync + 'static,
    ) -> Option<Self> {
        let mut split = consumer.split_partition_queue(&partition.topic, partition.partition)?;
        split.set_nonempty_callback(wake);
        let name = CString::new(&*partition.topic).ok()?;
        let client = consumer.client().native_ptr();
        // SAFETY: the client lives: `consumer` is borrowed. The queue is given back when dropped.
        let queue = unsafe {
            native::rd_kafka_queue_get_partition(client, name.as_ptr(), partition.partition)
        };
        Some(Self {
            consumer: consumer.clone(),
            partition: partition.clone(),
            _split: split,
            queue: NonNull::new(queue)?,
        })
    }

    /// Takes what is there without waiting: records, and errors that came among them, so many at most together.
    /// The consumer's context has been told of those, as of those of its own queue.
    ///
    /// By callback, not by `rd_kafka_consume_batch_queue`: that moves the consumer's place over errors,
    /// too, and the next rebalance then begins behind a record that nobody has read.
    #[expect(unsafe_code, reason = "rdkafka has no function for it")]
    pub fn read(&mut self, most: usize) -> (Vec<RecordBlock>, Vec<KafkaError>) {
        // SAFETY: the queue is alive.
        let there = unsafe { native::rd_kafka_queue_length(self.queue.as_ptr()) };
        let mut taking = Taking {
            partition: &self.partition,
            client: self.consumer.client().native_ptr(),
            left: there.min(most),
            most,
            taken: 0,
            blocks: Vec::new(),
            errors: Vec::new(),
        };
        // SAFETY: the queue is alive, and `take` is called only within this call, with what is
        // borrowed here.
        unsafe {
            native::rd_kafka_consume_callback_queue(
                self.queue.as_ptr(),
                0,
                Some(take),
                ptr::from_mut(&mut taking).cast(),
            );
        }
        let Taking { blocks, errors, .. } = taking;
        let context = self.consumer.context();
        let errors = errors.into_iter().map(|(code, reason)| {
            context.error(KafkaError::Global(code), &reason);
            KafkaError::MessageConsumption(code)
        });
        (blocks, errors.collect())
    }
}

/// Takes one message. librdkafka destroys it afterwards.
#[expect(unsafe_code, reason = "librdkafka calls it")]
unsafe extern "C" fn take(message: *mut native::rd_kafka_message_t, taking: *mut c_void) {
    // SAFETY: `read` passed it, and waits.
    let taking = unsafe { &mut *taking.cast::<Taking<'_>>() };
    // SAFETY: the message is alive. Its code is read as the number it is: a newer broker's may
    // be none that the bindings know.
    let code = unsafe { ptr::addr_of!((*message).err).cast::<i32>().read() };
    if code == 0 {
        // SAFETY: alive, and without an error.
        let message = unsafe { Native::of(message) };
        let size = message.body();
        let last = taking.blocks.last();
        if last.is_none_or(|block| !block.has_room(size)) {
            let TopicPartition { topic, partition } = taking.partition;
            let block = RecordBlock::new(topic.clone(), *partition, taking.left, size);
            taking.blocks.push(block);
        }
        if let Some(block) = taking.blocks.last_mut() {
            block.push(
                message.offset,
                message.timestamp_ms,
                message.key,
                message.value,
            );
            message.each_header(|name, value| block.push_header(&name.to_string_lossy(), value));
        }
    } else {
        let known = native::rd_kafka_resp_err_t::try_from(code);
        let code = known.map_or(RDKafkaErrorCode::Unknown, RDKafkaErrorCode::from);
        // SAFETY: of an error it is the reason, as text.
        let reason = unsafe { crate::record::slice((*message).payload, (*message).len) };
        let reason = String::from_utf8_lossy(reason.unwrap_or_default()).into_owned();
        taking.errors.push((code, reason));
    }
    taking.taken += 1;
    taking.left = taking.left.saturating_sub(1);
    if taking.taken >= taking.most {
        // SAFETY: the client is alive. What was not taken goes back to the head of the queue.
        unsafe { native::rd_kafka_yield(taking.client) };
    }
}

impl<C: ConsumerContext> Drop for PartitionReader<C> {
    #[expect(unsafe_code, reason = "gives the reference to the queue back")]
    fn drop(&mut self) {
        // SAFETY: it is ours, from `new`, and used no more.
        unsafe { native::rd_kafka_queue_destroy(self.queue.as_ptr()) };
    }
}
