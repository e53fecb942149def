//! Records of a topic, in the shape they have on Kafka, and records that a handler gave up on. The event
//! log in Postgres and the Kafka client share them, and know nothing else of each other.

mod block;
mod dead_letter;
mod record;

pub use block::{RecordBlock, RecordRef};
pub use dead_letter::DeadLetter;
pub use record::{Record, TopicPartition};
