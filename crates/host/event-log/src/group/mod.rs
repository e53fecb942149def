//! Consumer groups: the members of a group, in any number of processes, share the partitions of its
//! topics. A partition has one owner at a time. Only the owner commits its offset, and only behind
//! finished work.

mod assignment;
mod balance;
mod consumer;
mod in_flight;
mod job;
mod lag;
mod positions;

pub use consumer::{Consumer, Event, Fetched};
pub use in_flight::DeliveryTag;

/// How to join a group.
#[derive(Debug, Clone)]
pub struct GroupOptions {
    /// The name under which offsets are stored.
    pub group: String,
    /// The topics to read.
    pub topics: Vec<String>,
    /// Where the group starts in a topic that it has never read.
    pub start: Start,
}

/// Where a group without an offset starts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Start {
    /// At the oldest retained record.
    #[default]
    Earliest,
    /// At the next record that is appended.
    Latest,
}
