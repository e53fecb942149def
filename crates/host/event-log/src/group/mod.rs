//! Consumer groups: the members of a group, in any number of processes, share the partitions of its
//! topics. A partition has one owner at a time. Only the owner commits its offset, and only behind
//! finished work.

mod assignment;
mod balance;
mod consumer;
mod given;
mod job;
mod lag;
mod positions;

pub use consumer::{Consumer, Event, Fetched};
pub use given::Place;

/// How to join a group.
#[derive(Debug, Clone)]
pub struct GroupOptions {
    /// The name under which positions are kept.
    pub group: String,
    /// The topics to read.
    pub topics: Vec<String>,
    /// Where a group begins that reads a topic for the first time.
    pub start: Start,
}

/// Where a group begins that has no position yet.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Start {
    /// At the oldest record that is kept.
    #[default]
    Earliest,
    /// At what is appended from now on.
    Latest,
}
