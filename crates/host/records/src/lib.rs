//! Records of a topic, in the shape they have on Kafka, and dead letters. The event log in Postgres and
//! the Kafka client share these types and nothing else.

mod block;
mod dead_letter;
mod record;

pub use block::{RecordBlock, RecordRef};
pub use dead_letter::DeadLetter;
pub use record::{Record, TopicPartition};
