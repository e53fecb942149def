//! Reads a partition of a group's member, many records at a time. rdkafka reads one at a time, and each
//! costs it an event, two clocks and a reference count: more than copying the record.

use std::ptr::NonNull;
use std::sync::Arc;

use event_log::{Record, TopicPartition};
use rdkafka::bindings as native;
use rdkafka::consumer::base_consumer::PartitionQueue;
use rdkafka::consumer::{BaseConsumer, ConsumerContext};
use rdkafka::error::KafkaError;

use crate::Copier;

/// Records taken from librdkafka at a time.
const BATCH: usize = 256;

/// The queue of one partition, apart from the consumer's own.
pub struct PartitionReader<C: ConsumerContext> {
    topic: Arc<str>,
    /// The same queue. It keeps the consumer alive, and tells when there are records.
    _split: PartitionQueue<C>,
    queue: NonNull<native::rd_kafka_queue_t>,
    taken: Vec<*mut native::rd_kafka_message_t>,
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
        use rdkafka::consumer::Consumer as _;
        let mut split = consumer.split_partition_queue(&partition.topic, partition.partition)?;
        split.set_nonempty_callback(wake);
        let name = std::ffi::CString::new(&*partition.topic).ok()?;
        let client = consumer.client().native_ptr();
        // SAFETY: the client lives: `consumer` is borrowed. The queue is given back when dropped.
        let queue = unsafe {
            native::rd_kafka_queue_get_partition(client, name.as_ptr(), partition.partition)
        };
        Some(Self {
            topic: partition.topic.clone(),
            _split: split,
            queue: NonNull::new(queue)?,
            taken: Vec::with_capacity(BATCH),
        })
    }

    /// Hands over records that are there, at most so many, without waiting. How many.
    #[expect(unsafe_code, reason = "rdkafka reads one at a time")]
    pub fn read(
        &mut self,
        most: usize,
        copier: &mut Copier,
        mut each: impl FnMut(Result<Record, KafkaError>),
    ) -> usize {
        let mut count = 0;
        while count < most {
            let room = (most - count).min(BATCH);
            // SAFETY: the queue is alive, and there is room for so many messages.
            let got = unsafe {
                let start = self.taken.as_mut_ptr();
                native::rd_kafka_consume_batch_queue(self.queue.as_ptr(), 0, start, room)
            };
            let got = usize::try_from(got).unwrap_or(0);
            // SAFETY: so many were written.
            unsafe { self.taken.set_len(got) };
            for message in self.taken.drain(..).map(Taken) {
                // SAFETY: the message is alive until it is dropped.
                let error = unsafe { (*message.0).err };
                each(
                    if error == native::rd_kafka_resp_err_t::RD_KAFKA_RESP_ERR_NO_ERROR {
                        // SAFETY: alive, and without an error.
                        Ok(unsafe { copier.copy_native(message.0, self.topic.clone()) })
                    } else {
                        Err(KafkaError::MessageConsumption(error.into()))
                    },
                );
            }
            count += got;
            if got < room {
                break;
            }
        }
        count
    }
}

impl<C: ConsumerContext> Drop for PartitionReader<C> {
    #[expect(unsafe_code, reason = "gives the reference to the queue back")]
    fn drop(&mut self) {
        // SAFETY: it is ours, from `new`, and used no more.
        unsafe { native::rd_kafka_queue_destroy(self.queue.as_ptr()) };
    }
}

/// A message that is ours to destroy.
struct Taken(*mut native::rd_kafka_message_t);

impl Drop for Taken {
    #[expect(unsafe_code, reason = "gives a message back")]
    fn drop(&mut self) {
        // SAFETY: it came from librdkafka as ours, and is used no more.
        unsafe { native::rd_kafka_message_destroy(self.0) };
    }
}
