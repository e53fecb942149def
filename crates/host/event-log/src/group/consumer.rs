//! The handle of one member. It only talks to the member's job, which does all the work.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};
use uuid::Uuid;

use super::GroupOptions;
use super::in_flight::DeliveryTag;
use super::job::{Batch, Command, Job};
use super::positions::Positions;
use crate::members::Member;
use crate::{Error, EventLog};
use records::{Record, TopicPartition};

/// How long leaving a group may take. Other members take over what is not released by then.
const CLOSE_DEADLINE: Duration = Duration::from_secs(5);

/// What happens to a member of a group.
#[derive(Debug)]
pub enum Event {
    /// These partitions are ours now; their records follow.
    Assigned(Vec<TopicPartition>),
    /// These go to another member after [`Consumer::release`]. Finish and commit what is in flight; no
    /// more of their records arrive.
    Revoked(Vec<TopicPartition>),
    /// Another member owns these already. What is in flight may be handled twice.
    Lost(Vec<TopicPartition>),
    /// Records to handle; never none.
    Records(Vec<Fetched>),
}

/// A record with the tag to commit when it, and all records received before it, are handled.
#[derive(Debug, Clone)]
pub struct Fetched {
    /// Its partition.
    pub partition: TopicPartition,
    /// Its number among the records that this member has received.
    pub tag: DeliveryTag,
    /// The record.
    pub record: Arc<Record>,
}

/// One member of a consumer group. Dropping it leaves the group without releasing partitions; others
/// take over when they notice. [`Consumer::close`] is quicker.
pub struct Consumer {
    commands: mpsc::UnboundedSender<Command>,
    changes: mpsc::UnboundedReceiver<Change>,
    batches: mpsc::Receiver<Batch>,
    /// Partitions that the user knows to be ours, with the epoch of the ownership.
    epochs: HashMap<TopicPartition, i64>,
    log: Arc<EventLog>,
    member: Uuid,
}

pub(super) enum Change {
    Assigned(Vec<(TopicPartition, i64)>),
    Revoked(Vec<TopicPartition>),
    Lost(Vec<TopicPartition>),
}

impl Consumer {
    pub(crate) fn join(log: &Arc<EventLog>, options: GroupOptions) -> Result<Self, Error> {
        let GroupOptions {
            group,
            mut topics,
            start,
        } = options;
        topics.sort();
        topics.dedup();
        check(&group, &topics)?;
        let member = Uuid::now_v7();
        let (commands, incoming) = mpsc::unbounded_channel();
        let (change, changes) = mpsc::unbounded_channel();
        // One batch may wait while the previous one is handled.
        let (fetched, batches) = mpsc::channel(1);
        let shared = log.shared.clone();
        shared.registry.join(Member {
            consumer_group: group.clone(),
            member,
            topics: topics.clone(),
        });
        shared.wake_ups.members_changed();
        let positions = Positions { group, member };
        let job = Job::new(shared, positions, topics, start, change, fetched);
        tokio::spawn(job.run(incoming));
        Ok(Self {
            commands,
            changes,
            batches,
            epochs: HashMap::new(),
            log: log.clone(),
            member,
        })
    }

    /// What happens next. Dropping the future loses nothing.
    ///
    /// # Errors [`Error::Closed`] when the log is closed. It waits for the end of an outage of
    /// Postgres.
    pub async fn next(&mut self) -> Result<Event, Error> {
        loop {
            tokio::select! {
                // Ownership comes first: records are useless before it is known.
                biased;
                change = self.changes.recv() => return match change {
                    Some(change) => Ok(self.apply(change)),
                    None => Err(Error::Closed),
                },
                batch = self.batches.recv() => {
                    let Some(batch) = batch else { return Err(Error::Closed) };
                    let records = self.current(batch);
                    if !records.is_empty() {
                        return Ok(Event::Records(records));
                    }
                }
            }
        }
    }

    fn apply(&mut self, change: Change) -> Event {
        match change {
            Change::Assigned(assigned) => {
                self.epochs.extend(assigned.iter().cloned());
                Event::Assigned(assigned.into_iter().map(|(tp, _)| tp).collect())
            }
            Change::Revoked(partitions) => Event::Revoked(partitions),
            Change::Lost(partitions) => {
                for partition in &partitions {
                    self.epochs.remove(partition);
                }
                Event::Lost(partitions)
            }
        }
    }

    /// Drops records that were fetched under an ownership that has ended.
    fn current(&self, batch: Batch) -> Vec<Fetched> {
        batch
            .into_iter()
            .filter(|(epoch, fetched)| self.epochs.get(&fetched.partition) == Some(epoch))
            .map(|(_, fetched)| fetched)
            .collect()
    }

    /// All records of the partition up to and including `tag` are handled. Offsets are written in
    /// batches; nothing happens to a partition that is no longer ours.
    pub fn commit(&self, partition: &TopicPartition, tag: DeliveryTag) {
        if let Some(epoch) = self.epochs.get(partition) {
            let partition = partition.clone();
            self.send(Command::Commit(partition, *epoch, tag));
        }
    }

    /// Pauses the partition. A batch that was already fetched still arrives.
    pub fn pause(&self, partition: &TopicPartition) {
        self.send(Command::Pause(partition.clone()));
    }

    /// Resumes the partition.
    pub fn resume(&self, partition: &TopicPartition) {
        self.send(Command::Resume(partition.clone()));
    }

    /// Releases revoked partitions, which are drained and committed.
    pub fn release(&mut self, partitions: Vec<TopicPartition>) {
        for partition in &partitions {
            self.epochs.remove(partition);
        }
        self.send(Command::Release(partitions));
    }

    /// Writes the committed offsets, releases everything and leaves the group.
    pub async fn close(self) {
        let (closed, done) = oneshot::channel();
        self.send(Command::Close(closed));
        if tokio::time::timeout(CLOSE_DEADLINE, done).await.is_err() {
            tracing::warn!("left a consumer group without releasing its partitions");
        }
    }

    /// A job that is gone was stopped with the log; `next` reports it.
    fn send(&self, command: Command) {
        let _ = self.commands.send(command);
    }
}

impl Drop for Consumer {
    fn drop(&mut self) {
        self.log.shared.registry.leave(self.member);
    }
}

fn check(group: &str, topics: &[String]) -> Result<(), Error> {
    let reason = if group.is_empty() || group.len() > 255 {
        "its name must have 1 to 255 characters"
    } else if topics.is_empty() {
        "it needs a topic"
    } else if topics.iter().any(|t| t.is_empty() || t.len() > 249) {
        "the name of a topic must have 1 to 249 characters"
    } else {
        return Ok(());
    };
    Err(Error::Group {
        group: group.to_owned(),
        reason: reason.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_group_without_a_name_or_topics_is_refused() {
        assert!(check("g", &["t".to_owned()]).is_ok());
        assert!(check("", &["t".to_owned()]).is_err());
        assert!(check("g", &[]).is_err());
        assert!(check("g", &[String::new()]).is_err());
    }
}
