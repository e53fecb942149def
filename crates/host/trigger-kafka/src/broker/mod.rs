//! Kafka as the transport: a member of a consumer group, with cooperative rebalances.

mod commits;
mod committer;
mod context;
mod dead_letters;
mod lag;
mod member;
mod start;

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;

use async_trait::async_trait;
use kafka_client::rdkafka::config::FromClientConfigAndContext as _;
use kafka_client::rdkafka::consumer::{BaseConsumer, Consumer as _};
use kafka_client::{Connection, KAFKAS_OWN};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio_util::sync::{CancellationToken, DropGuard};

use self::committer::Committer;
use self::context::GroupContext;
use self::dead_letters::Topics;
use self::member::{Command, Member, Shared};
use crate::config::{Membership, TriggerConfig};
use crate::transport::{DeadLetters, Event, Position, TopicPartition, Transport};

/// How long leaving the group may take.
const CLOSE: Duration = Duration::from_secs(10);

/// A member of a consumer group of a Kafka cluster.
pub(crate) struct Broker {
    events: UnboundedReceiver<anyhow::Result<Event>>,
    commands: Sender<Command>,
    thread: Option<JoinHandle<()>>,
    shared: Arc<Shared>,
    dead_letters: Arc<Topics>,
    held: Duration,
    _watching: DropGuard,
}

impl Broker {
    /// Joins the group, as soon as the brokers can be reached.
    ///
    /// # Errors
    /// Settings that make no sense.
    pub fn join(
        connection: &Connection,
        membership: &Membership,
        trigger: &TriggerConfig,
    ) -> anyhow::Result<Self> {
        let group = trigger.group().to_owned();
        let mut config = connection.consumer_config(&group)?;
        config
            // Only if the committed offset is no longer retained; a new group's start offset is
            // looked up.
            .set("auto.offset.reset", "earliest")
            .set(
                "session.timeout.ms",
                membership.session_timeout_ms.to_string(),
            )
            .set(
                "heartbeat.interval.ms",
                (membership.session_timeout_ms / 4)
                    .clamp(500, 3000)
                    .to_string(),
            )
            // Per partition: what is fetched ahead, and waits while a partition is paused.
            .set("queued.max.messages.kbytes", "8192")
            .set("queued.min.messages", "50000")
            // How soon a queue that was full is filled again. The default is a second, in which a
            // quick handler has long emptied it.
            .set("fetch.queue.backoff.ms", "5")
            // New topics of a pattern, and topics that are missing, are looked for this often.
            .set("topic.metadata.refresh.interval.ms", "10000")
            .set("enable.partition.eof", "false");
        let held = trigger.batch.at_the_brokers();
        if !held.is_zero() {
            config
                .set("fetch.wait.max.ms", held.as_millis().to_string())
                .set("fetch.min.bytes", trigger.batch.worth_a_fetch().to_string());
        }
        if trigger.has_pattern() {
            // It must match neither this trigger's dead letters nor Kafka's internal topics.
            let own = KAFKAS_OWN.map(|name| format!("^{name}$"));
            let never = [trigger.dead_letter_pattern(), own.join(",")];
            config.set("topic.blacklist", never.join(","));
        }
        if !membership.instance_id.is_empty() {
            config.set("group.instance.id", &membership.instance_id);
        }
        let context = GroupContext::new(&group);
        let mut consumer = BaseConsumer::from_config_and_context(&config, context)
            .map_err(|error| anyhow::anyhow!("cannot create a consumer: {error}"))?;
        let topics: Vec<&str> = trigger.topics.iter().map(String::as_str).collect();

        let shared = Arc::new(Shared::default());
        let (to_group, events) = unbounded_channel();
        let (commands, from_group) = channel();
        let (start, name) = (trigger.start, format!("kafka {group}"));
        let (started, starting) = channel::<Arc<BaseConsumer<GroupContext>>>();
        let member_shared = shared.clone();
        let member_group = group.clone();
        let thread = std::thread::Builder::new().name(name).spawn(move || {
            if let Ok(consumer) = starting.recv() {
                let committer =
                    Committer::start(&member_group, consumer.clone(), std::thread::current());
                match committer {
                    Ok(committer) => Member::new(
                        member_group,
                        start,
                        consumer,
                        committer,
                        to_group,
                        from_group,
                        member_shared,
                    )
                    .run(),
                    Err(error) => drop(to_group.send(Err(error.into()))),
                }
            }
        })?;
        let sleeper = thread.thread().clone();
        consumer.set_nonempty_callback(move || sleeper.unpark());
        let consumer = Arc::new(consumer);
        consumer.subscribe(&topics)?;
        let over = CancellationToken::new();
        tokio::spawn(lag::watch(
            group,
            Arc::downgrade(&consumer),
            shared.clone(),
            over.clone(),
        ));
        let _sent = started.send(consumer);
        Ok(Self {
            events,
            commands,
            thread: Some(thread),
            shared,
            dead_letters: Arc::new(Topics::new(connection)?),
            held,
            _watching: over.drop_guard(),
        })
    }

    fn tell(&self, command: Command) {
        // Where the thread has ended, `next` has said why.
        let _ended = self.commands.send(command);
        self.wake();
    }

    fn wake(&self) {
        if let Some(thread) = &self.thread {
            thread.thread().unpark();
        }
    }
}

#[async_trait]
impl Transport for Broker {
    async fn next(&mut self) -> anyhow::Result<Event> {
        let event = match self.events.recv().await {
            Some(event) => event?,
            None => anyhow::bail!("the thread of Kafka's client has ended"),
        };
        if matches!(event, Event::Records(_)) {
            self.shared.batches.fetch_sub(1, Ordering::AcqRel);
            self.wake();
        }
        Ok(event)
    }

    fn held(&self) -> Duration {
        self.held
    }

    fn commit(&mut self, partition: &TopicPartition, Position(position): Position) {
        // The offset of the next record, as Kafka counts.
        let next = i64::try_from(position).map_or(i64::MAX, |offset| offset + 1);
        // Not worth waking the thread for.
        let _ended = self.commands.send(Command::Commit(partition.clone(), next));
    }

    fn pause(&mut self, partition: &TopicPartition) {
        self.tell(Command::Pause(partition.clone()));
    }

    fn resume(&mut self, partition: &TopicPartition) {
        self.tell(Command::Resume(partition.clone()));
    }

    fn release(&mut self, partition: TopicPartition) {
        self.tell(Command::Release(partition));
    }

    fn dead_letters(&self) -> Arc<dyn DeadLetters> {
        self.dead_letters.clone()
    }

    async fn close(mut self: Box<Self>) {
        self.tell(Command::Close);
        let Some(thread) = self.thread.take() else {
            return;
        };
        let left = tokio::task::spawn_blocking(move || thread.join());
        if tokio::time::timeout(CLOSE, left).await.is_err() {
            tracing::warn!("left a consumer group without its broker's answer");
        }
    }
}
