//! The thread of a member. It polls librdkafka, sends records on in batches, and executes what the
//! dispatcher and the coordinator ask for. It never runs on a thread of the async runtime.
//!
//! Each partition has a queue of its own, and a paused one is not polled. librdkafka's own pause
//! would throw away what it has fetched. It goes on fetching until the queue is full.

use std::collections::{BTreeMap, HashSet, VecDeque};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, TryRecvError};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use kafka_client::PartitionReader;
use kafka_client::rdkafka::consumer::{BaseConsumer, CommitMode, Consumer as _};
use kafka_client::rdkafka::error::{KafkaError, RDKafkaErrorCode};
use kafka_client::rdkafka::{Offset, TopicPartitionList};
use records::RecordBlock;
use tokio::sync::mpsc::UnboundedSender;

use super::commits::{Commits, Offsets};
use super::committer::Committer;
use super::context::{GroupContext, Rebalance};
use super::start;
use crate::config::Start;
use crate::transport::{Event, Run, TopicPartition, at_offsets};

/// Records in one batch, and bytes of them, about.
const BATCH: usize = 1000;
const BATCH_BYTES: usize = 1 << 20;
/// Records taken from one partition before the next has its turn.
const TURN: usize = 250;
/// Batches that were handed over and not taken.
const MAX_BATCHES: usize = 3;
/// How long the thread sleeps when nothing wakes it.
const IDLE: Duration = Duration::from_millis(100);
/// Between attempts to find out where to begin.
const RETRY: Duration = Duration::from_millis(500);

pub(super) type Consumer = BaseConsumer<GroupContext>;

/// What the group asks of the thread.
#[derive(Debug)]
pub(super) enum Command {
    Commit(TopicPartition, i64),
    Pause(TopicPartition),
    Resume(TopicPartition),
    Release(TopicPartition),
    Close,
}

/// What the thread and the transport share.
#[derive(Debug, Default)]
pub(super) struct Shared {
    /// Batches sent and not received.
    pub batches: AtomicUsize,
    /// The next record to handle of each partition that is ours, for the lag.
    pub positions: Mutex<BTreeMap<TopicPartition, i64>>,
}

struct Owned {
    reader: Option<PartitionReader<GroupContext>>,
    paused: bool,
}

pub(super) struct Member {
    group: String,
    start: Start,
    consumer: Arc<Consumer>,
    committer: Committer,
    events: UnboundedSender<anyhow::Result<Event>>,
    commands: Receiver<Command>,
    shared: Arc<Shared>,
    partitions: BTreeMap<TopicPartition, Owned>,
    /// Which partition is polled first.
    turn: usize,
    commits: Commits,
    /// Asked for and not begun, and since when not to try again.
    assigning: VecDeque<Vec<TopicPartition>>,
    assign_at: Option<Instant>,
    /// Leave together once all of them are released.
    revoking: VecDeque<Revocation>,
}

struct Revocation {
    partitions: Vec<TopicPartition>,
    waiting: HashSet<TopicPartition>,
}

impl Member {
    pub fn new(
        group: String,
        start: Start,
        consumer: Arc<Consumer>,
        committer: Committer,
        events: UnboundedSender<anyhow::Result<Event>>,
        commands: Receiver<Command>,
        shared: Arc<Shared>,
    ) -> Self {
        Self {
            group,
            start,
            consumer,
            committer,
            events,
            commands,
            shared,
            partitions: BTreeMap::new(),
            turn: 0,
            commits: Commits::default(),
            assigning: VecDeque::new(),
            assign_at: None,
            revoking: VecDeque::new(),
        }
    }

    /// Until it is told to close, or can never go on.
    pub fn run(mut self) {
        let ended = self.serve();
        if let Err(error) = ended {
            // Nobody listens any more: then nobody needs to know.
            let _unheard = self.events.send(Err(error));
        }
        self.leave();
    }

    fn serve(&mut self) -> anyhow::Result<()> {
        loop {
            if !self.obey() {
                return Ok(());
            }
            let served = self.poll_group()?;
            self.rebalance();
            self.commit();
            let fetched = self.fetch()?;
            if !fetched && !served {
                std::thread::park_timeout(self.idle());
            }
        }
    }

    /// False: close.
    fn obey(&mut self) -> bool {
        loop {
            match self.commands.try_recv() {
                Ok(Command::Commit(partition, next)) => {
                    if self.partitions.contains_key(&partition) {
                        self.commits.want(&partition, next);
                        let mut positions = lock(&self.shared.positions);
                        if let Some(position) = positions.get_mut(&partition) {
                            *position = next;
                        }
                    }
                }
                Ok(Command::Pause(partition)) => self.set_paused(&partition, true),
                Ok(Command::Resume(partition)) => self.set_paused(&partition, false),
                Ok(Command::Release(partition)) => self.release(&partition),
                Ok(Command::Close) | Err(TryRecvError::Disconnected) => return false,
                Err(TryRecvError::Empty) => return true,
            }
        }
    }

    fn set_paused(&mut self, partition: &TopicPartition, paused: bool) {
        if let Some(owned) = self.partitions.get_mut(partition) {
            owned.paused = paused;
        }
    }

    /// Serves callbacks. Whether there was anything.
    fn poll_group(&mut self) -> anyhow::Result<bool> {
        let mut served = false;
        // Records come by their partitions' queues; here are the group's own affairs.
        while let Some(polled) = self.consumer.poll(Duration::ZERO) {
            served = true;
            match polled {
                Ok(message) => {
                    use kafka_client::rdkafka::Message as _;
                    // Cannot be: the queue was split before the partition was begun.
                    tracing::error!(
                        topic = message.topic(),
                        partition = message.partition(),
                        offset = message.offset(),
                        "a record came by the wrong queue"
                    );
                }
                Err(error) => self.failed(error)?,
            }
        }
        Ok(served)
    }

    fn failed(&self, error: KafkaError) -> anyhow::Result<()> {
        let fatal = self.consumer.client().fatal_error();
        if let Some((code, reason)) = fatal {
            if code == RDKafkaErrorCode::FencedInstanceId {
                anyhow::bail!(
                    "another member of the group has the same `instance_id`; each process needs \
                     one of its own ({reason})"
                );
            }
            anyhow::bail!("Kafka's client cannot go on: {code}: {reason}");
        }
        // The context has logged it, and librdkafka tries again by itself.
        tracing::debug!(group = self.group, %error, "an error that passes");
        Ok(())
    }

    fn rebalance(&mut self) {
        for rebalance in self.consumer.context().take() {
            match rebalance {
                Rebalance::Assign(partitions) => self.assigning.push_back(partitions),
                Rebalance::Revoke(partitions) if self.consumer.assignment_lost() => {
                    self.lose(partitions);
                }
                Rebalance::Revoke(partitions) => self.revoke(partitions),
            }
        }
        let due = self.assign_at.is_none_or(|at| at <= Instant::now());
        if due && let Some(partitions) = self.assigning.pop_front() {
            self.assign_at = None;
            self.assign(partitions);
        }
    }

    fn assign(&mut self, partitions: Vec<TopicPartition>) {
        let begin = if partitions.is_empty() {
            Ok(TopicPartitionList::new())
        } else {
            start::offsets(&self.consumer, &partitions, self.start)
        };
        let begin = match begin {
            Ok(begin) => begin,
            Err(error) => {
                tracing::warn!(
                    group = self.group,
                    %error,
                    "cannot find out where to begin; trying again"
                );
                self.assigning.push_front(partitions);
                self.assign_at = Some(Instant::now() + RETRY);
                return;
            }
        };
        for partition in &partitions {
            // Before the first fetch: nothing goes to the common queue.
            let thread = std::thread::current();
            let owned = Owned {
                reader: PartitionReader::new(&self.consumer, partition, move || thread.unpark()),
                paused: false,
            };
            self.partitions.insert(partition.clone(), owned);
        }
        if let Err(error) = self.consumer.incremental_assign(&begin) {
            tracing::warn!(group = self.group, %error, "cannot take partitions");
        }
        let mut positions = lock(&self.shared.positions);
        for element in begin.elements() {
            if let Offset::Offset(next) = element.offset() {
                let (topic, partition) = (element.topic().into(), element.partition());
                positions.insert(TopicPartition { topic, partition }, next);
            }
        }
        drop(positions);
        tracing::info!(group = self.group, partitions = %show(&partitions), "assigned");
        self.tell(Event::Assigned(partitions));
    }

    /// They are gone already: another member may have them.
    fn lose(&mut self, partitions: Vec<TopicPartition>) {
        tracing::warn!(
            group = self.group,
            partitions = %show(&partitions),
            "lost partitions: the group took this member for dead"
        );
        // Those that were never begun go with them.
        self.assigning.clear();
        for partition in &partitions {
            self.forget(partition);
        }
        self.unassign(&partitions);
        self.tell(Event::Lost(partitions));
    }

    fn revoke(&mut self, partitions: Vec<TopicPartition>) {
        for pending in &mut self.assigning {
            // Not begun yet: librdkafka still waits for our word on them.
            let begun = partitions.iter().all(|p| !pending.contains(p));
            if !begun {
                pending.retain(|partition| !partitions.contains(partition));
            }
        }
        let mut waiting = HashSet::new();
        for partition in &partitions {
            if let Some(owned) = self.partitions.get_mut(partition) {
                owned.reader = None;
                waiting.insert(partition.clone());
            }
        }
        tracing::info!(group = self.group, partitions = %show(&partitions), "revoked; draining");
        let told: Vec<_> = waiting.iter().cloned().collect();
        self.revoking.push_back(Revocation {
            partitions,
            waiting,
        });
        if told.is_empty() {
            self.finish_revocations();
        } else {
            self.tell(Event::Revoked(told));
        }
    }

    fn release(&mut self, partition: &TopicPartition) {
        if let Some(owned) = self.partitions.get_mut(partition) {
            owned.reader = None;
        }
        for revocation in &mut self.revoking {
            revocation.waiting.remove(partition);
        }
        self.finish_revocations();
    }

    fn finish_revocations(&mut self) {
        while let Some(revocation) = self.revoking.front()
            && revocation.waiting.is_empty()
            && let Some(revocation) = self.revoking.pop_front()
        {
            // The next owner begins behind what was handled here. A commit under way has older
            // offsets: it must not end after that one.
            if self.commits.is_under_way() {
                let worked = self.committer.wait();
                self.commits.done(worked, Instant::now());
            }
            let mut offsets = Offsets::new();
            for partition in &revocation.partitions {
                if let Some(next) = self.commits.remove(partition) {
                    offsets.insert(partition.clone(), next);
                }
                self.forget(partition);
            }
            self.commit_now(&offsets);
            self.unassign(&revocation.partitions);
        }
    }

    fn forget(&mut self, partition: &TopicPartition) {
        self.partitions.remove(partition);
        self.commits.remove(partition);
        lock(&self.shared.positions).remove(partition);
    }

    fn unassign(&self, partitions: &[TopicPartition]) {
        let answer = self.consumer.incremental_unassign(&start::list(partitions));
        if let Err(error) = answer {
            tracing::warn!(group = self.group, %error, "cannot give partitions back");
        }
    }

    fn commit(&mut self) {
        for worked in self.committer.ended() {
            self.commits.done(worked, Instant::now());
        }
        if let Some(offsets) = self.commits.take(Instant::now()) {
            self.committer.commit(list(&offsets));
        }
    }

    fn commit_now(&self, offsets: &Offsets) {
        if offsets.is_empty() {
            return;
        }
        if let Err(error) = self.consumer.commit(&list(offsets), CommitMode::Sync) {
            tracing::warn!(
                group = self.group,
                %error,
                "cannot commit what was handled; some records will be handled again"
            );
        }
    }

    /// Hands records over. Whether there may be more.
    fn fetch(&mut self) -> anyhow::Result<bool> {
        if self.shared.batches.load(Ordering::Acquire) >= MAX_BATCHES {
            return Ok(false);
        }
        let count = self.partitions.len();
        if count == 0 {
            return Ok(false);
        }
        let mut runs = Vec::new();
        let (mut records, mut bytes) = (0, 0);
        let mut errors = Vec::new();
        self.turn = (self.turn + 1) % count;
        let mut turns = self.partitions.iter_mut().collect::<Vec<_>>();
        turns.rotate_left(self.turn);
        for (name, owned) in turns {
            let Some(reader) = owned.reader.as_mut().filter(|_| !owned.paused) else {
                continue;
            };
            let (read, failed) = reader.read(TURN);
            errors.extend(failed);
            if read.is_empty() {
                continue;
            }
            let mut deliveries = Vec::with_capacity(read.iter().map(RecordBlock::len).sum());
            for block in read.into_iter().map(Arc::new) {
                deliveries.extend(at_offsets(&block));
            }
            records += deliveries.len();
            bytes += deliveries
                .iter()
                .map(|delivery| delivery.size)
                .sum::<usize>();
            runs.push(Run {
                partition: name.clone(),
                deliveries,
            });
            if records >= BATCH || bytes >= BATCH_BYTES {
                break;
            }
        }
        for error in errors {
            self.failed(error)?;
        }
        if runs.is_empty() {
            return Ok(false);
        }
        self.shared.batches.fetch_add(1, Ordering::AcqRel);
        self.tell(Event::Records(runs));
        Ok(true)
    }

    /// How long there is nothing to do unless somebody wakes us.
    fn idle(&self) -> Duration {
        let now = Instant::now();
        let until = |at: Option<Instant>| at.map(|at| at.saturating_duration_since(now));
        [until(self.commits.due()), until(self.assign_at)]
            .into_iter()
            .flatten()
            .fold(IDLE, Duration::min)
    }

    fn tell(&self, event: Event) {
        // The receiver is gone when the group is; the next command says so.
        let _unheard = self.events.send(Ok(event));
    }

    fn leave(mut self) {
        self.committer.finish();
        let offsets = self.commits.drain();
        self.commit_now(&offsets);
        self.consumer.context().close();
        // They keep the consumer alive.
        self.partitions.clear();
        for revocation in std::mem::take(&mut self.revoking) {
            self.unassign(&revocation.partitions);
        }
        for partitions in std::mem::take(&mut self.assigning) {
            // librdkafka waits for an answer before it lets us go.
            let _refused = self.consumer.incremental_assign(&start::list(&partitions));
        }
        for rebalance in self.consumer.context().take() {
            let _refused = match rebalance {
                Rebalance::Assign(all) => self.consumer.incremental_assign(&start::list(&all)),
                Rebalance::Revoke(all) => self.consumer.incremental_unassign(&start::list(&all)),
            };
        }
        // Dropping the consumer leaves the group.
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn list(offsets: &Offsets) -> TopicPartitionList {
    let mut list = TopicPartitionList::new();
    for (TopicPartition { topic, partition }, next) in offsets {
        let added = list.add_partition_offset(topic, *partition, Offset::Offset(*next));
        if let Err(error) = added {
            tracing::error!(%topic, partition, next, %error, "no offset to commit");
        }
    }
    list
}

fn show(partitions: &[TopicPartition]) -> String {
    let names: Vec<_> = partitions.iter().map(TopicPartition::to_string).collect();
    names.join(" ")
}
