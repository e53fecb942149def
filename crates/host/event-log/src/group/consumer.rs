//! The handle of one member. It only talks to the member's job, which does all the work.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};
use uuid::Uuid;

use super::GroupOptions;
use super::given::Place;
use super::job::{Batch, Command, Job};
use super::positions::Positions;
use crate::members::Member;
use crate::{Error, EventLog};
use records::{Record, TopicPartition};

/// How long leaving a group may take; what is not released by then is taken over by others.
const CLOSE_DEADLINE: Duration = Duration::from_secs(5);

/// What happens to a member of a group.
#[derive(Debug)]
pub enum Event {
    /// These partitions are ours now; their records follow.
    Assigned(Vec<TopicPartition>),
    /// These go to another member once [`Consumer::release`] is called for them: finish what was
    /// begun and commit it. No more of their records come.
    Revoked(Vec<TopicPartition>),
    /// These are another member's already. What is in flight may be handled twice.
    Lost(Vec<TopicPartition>),
    /// Records to handle; never none.
    Records(Vec<Fetched>),
}

/// A record with the place to commit when it, and all given before it, are handled.
#[derive(Debug, Clone)]
pub struct Fetched {
    /// Its partition.
    pub partition: TopicPartition,
    /// Its place among what this member was given.
    pub place: Place,
    /// The record.
    pub record: Arc<Record>,
}

/// One member of a consumer group. Dropping it leaves the group without releasing: others take
/// over when they see it gone. [`Consumer::close`] is quicker.
pub struct Consumer {
    commands: mpsc::UnboundedSender<Command>,
    changes: mpsc::UnboundedReceiver<Change>,
    batches: mpsc::Receiver<Batch>,
    /// Partitions the user knows to be ours, with the epoch of that ownership.
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
        // One batch on its way while the one before is worked on.
        let (fetched, batches) = mpsc::channel(1);
        let shared = log.shared.clone();
        shared.registry.join(Member {
            consumer_group: group.clone(),
            member,
            topics: topics.clone(),
        });
        shared.pulse.members_changed();
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
    /// # Errors
    /// [`Error::Closed`] when the log is closed. Outages of Postgres are waited out.
    pub async fn next(&mut self) -> Result<Event, Error> {
        loop {
            tokio::select! {
                // Records are only of use once it is known whose they are.
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

    /// Without what was fetched under an ownership that has ended since.
    fn current(&self, batch: Batch) -> Vec<Fetched> {
        batch
            .into_iter()
            .filter(|(epoch, fetched)| self.epochs.get(&fetched.partition) == Some(epoch))
            .map(|(_, fetched)| fetched)
            .collect()
    }

    /// Everything that was given of the partition up to and including `place` is handled. Written
    /// in batches; a partition that is not ours any more is left alone.
    pub fn commit(&self, partition: &TopicPartition, place: Place) {
        if let Some(epoch) = self.epochs.get(partition) {
            let partition = partition.clone();
            self.send(Command::Commit(partition, *epoch, place));
        }
    }

    /// Fetch no more of the partition for now. A batch that was on its way still comes.
    pub fn pause(&self, partition: &TopicPartition) {
        self.send(Command::Pause(partition.clone()));
    }

    /// Fetch the partition again.
    pub fn resume(&self, partition: &TopicPartition) {
        self.send(Command::Resume(partition.clone()));
    }

    /// Revoked partitions are drained, and what was handled is committed: let them go.
    pub fn release(&mut self, partitions: Vec<TopicPartition>) {
        for partition in &partitions {
            self.epochs.remove(partition);
        }
        self.send(Command::Release(partitions));
    }

    /// Write what was committed, release everything and leave the group.
    pub async fn close(self) {
        let (closed, done) = oneshot::channel();
        self.send(Command::Close(closed));
        if tokio::time::timeout(CLOSE_DEADLINE, done).await.is_err() {
            tracing::warn!("left a consumer group without releasing its partitions");
        }
    }

    /// A job that is gone was stopped with the log; `next` says so.
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
