//! Consumes the event log as a member of the group and produces its records, until it must start anew.

use std::collections::{BTreeMap, VecDeque};
use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use event_log::{Consumer, DeliveryTag, Event, EventLog, Fetched, GroupOptions, PARTITIONS, Start};
use kafka_client::Cluster;
use kafka_client::rdkafka::error::RDKafkaErrorCode;
use records::{DeadLetter, Record, TopicPartition};
use tokio::time::{Instant, MissedTickBehavior};
use tokio_util::sync::CancellationToken;

use crate::meters::Meters;
use crate::options::{GROUP, Options};
use crate::producer::{Delivery, Producer};
use crate::topics::Topics;
use crate::verdict::{Verdict, is_topic_name, judge};
use crate::window::Window;

/// How often the relay looks for topics that its options do not name.
const DISCOVER: Duration = Duration::from_secs(5);
/// How long Kafka may take to acknowledge records in flight when the process stops.
const DRAIN: Duration = Duration::from_secs(5);
/// Waits after an error that only a person or time can change.
const PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

pub(crate) struct Round<'r> {
    log: &'r Arc<EventLog>,
    options: &'r Options,
    meters: &'r Meters,
    names: Vec<String>,
    consumer: Consumer,
    producer: Producer,
    topics: Topics,
    window: Window,
    /// Records to send to the producer, by number.
    pending: VecDeque<usize>,
    /// Records in flight: the producer has not reported them yet.
    in_flight: usize,
    /// While this is not 0, only one record at a time is in flight, so that a failure is its own.
    careful: usize,
    pause: Duration,
    go_on_at: Option<Instant>,
    /// Records that the producer did not accept.
    refused: Option<(usize, RDKafkaErrorCode)>,
}

/// Why a round is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    Stopped,
    /// A topic is new, or one is gone.
    Again,
}

impl<'r> Round<'r> {
    /// Reads the topics that the options name and those that the log has; `None` while there are none.
    pub async fn start(
        log: &'r Arc<EventLog>,
        cluster: &Cluster,
        options: &'r Options,
        meters: &'r Meters,
    ) -> anyhow::Result<Option<Self>> {
        let mut names = options.topics.clone();
        match log.topics().await {
            Ok(there) => names.extend(there),
            // The named topics are enough to start with. Without any, the caller asks again. The event
            // log itself reports that its database is away.
            Err(error) => tracing::debug!(%error, "cannot list the topics of the event log"),
        }
        names.sort();
        names.dedup();
        if names.is_empty() {
            return Ok(None);
        }
        let consumer = log.consume(GroupOptions {
            group: GROUP.to_owned(),
            topics: names.clone(),
            start: Start::Earliest,
        })?;
        Ok(Some(Self {
            log,
            meters,
            names,
            consumer,
            producer: Producer::new(&options.connection)?,
            topics: Topics::new(cluster.clone(), options.create_hint.clone()),
            options,
            window: Window::default(),
            pending: VecDeque::new(),
            in_flight: 0,
            careful: 0,
            pause: PAUSE,
            go_on_at: None,
            refused: None,
        }))
    }

    /// Relays until `stop`, or until it has to start anew. It waits for records in flight only while
    /// `is_ours` holds.
    pub async fn run(
        mut self,
        stop: &CancellationToken,
        is_ours: impl Fn() -> bool,
    ) -> anyhow::Result<End> {
        let mut discover = tokio::time::interval(DISCOVER);
        discover.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let end = loop {
            self.send(stop).await;
            if let Some((number, code)) = self.refused.take()
                && let ControlFlow::Break(end) = self.failed(number, code, stop).await?
            {
                break end;
            }
            let has_room = self.pending.is_empty()
                && self.window.len() < self.options.max_records
                && self.window.bytes() < self.options.max_bytes;
            let go_on_at = self.go_on_at.unwrap_or_else(Instant::now);
            tokio::select! {
                () = stop.cancelled() => break End::Stopped,
                Some(delivery) = self.producer.deliveries.recv() => {
                    if let ControlFlow::Break(end) = self.reported(delivery, stop).await? {
                        break end;
                    }
                }
                come = self.topics.next() => self.come(come),
                event = self.consumer.next(), if has_room => self.take(event?),
                () = tokio::time::sleep_until(go_on_at), if self.go_on_at.is_some() => {
                    self.go_on_at = None;
                }
                _ = discover.tick() => {
                    if self.has_new_topics().await {
                        break End::Again;
                    }
                }
            }
        };
        self.meters.missing_topics.set(0.0);
        self.leave(is_ours()).await;
        Ok(end)
    }

    async fn has_new_topics(&self) -> bool {
        let topics = self.log.topics().await.unwrap_or_default();
        topics.iter().any(|topic| !self.names.contains(topic))
    }

    fn take(&mut self, event: Event) {
        match event {
            Event::Assigned(_) => {}
            Event::Lost(partitions) => self.forget(&partitions),
            // The other member produces what is not finished by now.
            Event::Revoked(partitions) => {
                self.forget(&partitions);
                self.consumer.release(partitions);
            }
            Event::Records(records) => {
                for fetched in records {
                    let topic = &fetched.record.topic;
                    let partition = fetched.partition.clone();
                    if self.topics.has(topic) || !is_topic_name(topic) {
                        self.add(fetched);
                    } else if self.topics.hold(fetched) {
                        self.consumer.pause(&partition);
                    }
                }
            }
        }
    }

    fn add(&mut self, fetched: Fetched) {
        let number = self.window.add(fetched);
        self.pending.push_back(number);
    }

    fn forget(&mut self, partitions: &[TopicPartition]) {
        self.window.forget(partitions);
        self.topics.forget(partitions);
        self.tell_missing();
        let window = &self.window;
        self.pending
            .retain(|number| window.record(*number).is_some());
    }

    fn come(&mut self, come: Vec<(String, VecDeque<Fetched>)>) {
        for (topic, held) in come {
            held.into_iter().for_each(|fetched| self.add(fetched));
            for partition in partitions_of(&topic.as_str().into()) {
                self.consumer.resume(&partition);
            }
        }
        self.tell_missing();
    }

    fn tell_missing(&self) {
        self.meters.missing_topics.set(self.topics.missing() as f64);
    }

    /// Sends records to the producer, as many as may be in flight.
    async fn send(&mut self, stop: &CancellationToken) {
        while self.go_on_at.is_none()
            && (self.careful == 0 || self.in_flight == 0)
            && let Some(number) = self.pending.front().copied()
        {
            if let Some(record) = self.window.record(number).cloned() {
                let sent = match is_topic_name(&record.topic) {
                    true => self.producer.send(number, &record),
                    false => Err(RDKafkaErrorCode::InvalidTopic),
                };
                match sent {
                    Ok(()) => self.in_flight += 1,
                    // The producer's queue is full: it has room again after its next report.
                    Err(RDKafkaErrorCode::QueueFull) => break,
                    Err(code) if judge(code) == Verdict::Record => {
                        if !self.dead_letter(number, &record, code, stop).await {
                            break;
                        }
                    }
                    Err(code) => {
                        self.refused = Some((number, code));
                        break;
                    }
                }
            }
            self.pending.pop_front();
        }
        self.meters.in_flight.set(self.in_flight as f64);
    }

    /// Takes this report and those already waiting.
    async fn reported(
        &mut self,
        first: Delivery,
        stop: &CancellationToken,
    ) -> anyhow::Result<ControlFlow<End>> {
        let mut moved = BTreeMap::new();
        let mut next = Some(first);
        let mut failed = None;
        while let Some(Delivery { number, result }) = next {
            self.in_flight = self.in_flight.saturating_sub(1);
            match result {
                Ok(()) => self.arrived(number, &mut moved),
                Err(code) => {
                    failed = Some((number, code));
                    break;
                }
            }
            next = self.producer.deliveries.try_recv().ok();
        }
        self.commit(moved);
        match failed {
            None => Ok(ControlFlow::Continue(())),
            Some((number, code)) => self.failed(number, code, stop).await,
        }
    }

    fn arrived(&mut self, number: usize, moved: &mut BTreeMap<TopicPartition, DeliveryTag>) {
        if let Some(record) = self.window.record(number) {
            let now_ms = SystemTime::now()
                .duration_since(UNIX_EPOCH)
                .map_or(0, |since| since.as_millis() as i64);
            let delay_ms = now_ms.saturating_sub(record.timestamp_ms).max(0);
            self.meters.delay.record(delay_ms as f64 / 1000.0);
        }
        self.meters.records.increment(1);
        self.careful = self.careful.saturating_sub(1);
        self.pause = PAUSE;
        moved.extend(self.window.finish(number));
    }

    fn commit(&self, moved: BTreeMap<TopicPartition, DeliveryTag>) {
        for (partition, tag) in moved {
            self.consumer.commit(&partition, tag);
        }
    }

    /// A record was not produced, so none behind it was. Another producer sends what is not
    /// acknowledged again, in order.
    async fn failed(
        &mut self,
        number: usize,
        code: RDKafkaErrorCode,
        stop: &CancellationToken,
    ) -> anyhow::Result<ControlFlow<End>> {
        self.meters.restarts.increment(1);
        let alone = self.careful > 0;
        let producer = Producer::new(&self.options.connection)?;
        let mut moved = BTreeMap::new();
        for late in std::mem::replace(&mut self.producer, producer)
            .close()
            .await
        {
            if late.result.is_ok() {
                self.arrived(late.number, &mut moved);
            }
        }
        self.commit(moved);
        self.in_flight = 0;
        let record = self.window.record(number).cloned();
        self.pending = self.window.unfinished().into();
        match (judge(code), record) {
            (Verdict::Topic, record) => {
                let topic = record.map(|record| record.topic.clone());
                tracing::error!(?topic, "Kafka lost a topic while records were sent to it");
                return Ok(ControlFlow::Break(End::Again));
            }
            (Verdict::Record, Some(record)) if alone => {
                if self.dead_letter(number, &record, code, stop).await {
                    self.pending.retain(|other| *other != number);
                }
            }
            (Verdict::Record, _) => {
                tracing::warn!(
                    reason = describe(code),
                    records = self.pending.len(),
                    "Kafka refused a batch: its records are sent one at a time"
                );
                self.careful = self.pending.len();
            }
            (Verdict::Producer, _) => {
                tracing::warn!(reason = describe(code), "begins anew with another producer");
                self.wait();
            }
            (Verdict::Outside, record) => {
                tracing::error!(
                    topic = record.as_deref().map(|record| &*record.topic),
                    reason = describe(code),
                    "Kafka takes no records; trying again until it does"
                );
                self.wait();
            }
        }
        Ok(ControlFlow::Continue(()))
    }

    fn wait(&mut self) {
        self.go_on_at = Some(Instant::now() + self.pause);
        self.pause = (self.pause * 2).min(LONGEST_PAUSE);
    }

    /// Dead-letters a record that Kafka will never accept, so that it does not block all others for
    /// ever. False if the process stops before that is done.
    async fn dead_letter(
        &mut self,
        number: usize,
        record: &Arc<Record>,
        code: RDKafkaErrorCode,
        stop: &CancellationToken,
    ) -> bool {
        let bytes = record.size();
        let reason = format!("Kafka will not take it: {} ({bytes} bytes)", describe(code));
        let letter = DeadLetter {
            dead_letter_topic: format!("{}.dead-letter", record.topic),
            group: GROUP.to_owned(),
            handler: GROUP.to_owned(),
            reason: reason.clone(),
            attempts: 1,
            record: record.clone(),
        };
        while let Err(error) = self.log.dead_letter(&letter).await {
            tracing::warn!(%error, "cannot keep a dead letter; trying again");
            let wait = stop.run_until_cancelled(tokio::time::sleep(PAUSE));
            if wait.await.is_none() {
                return false;
            }
        }
        tracing::error!(
            topic = &*record.topic,
            id = %record.id,
            "a record became a dead letter: {reason}"
        );
        self.meters.dead_letters.increment(1);
        self.careful = 0;
        let moved = self.window.finish(number);
        self.commit(moved.into_iter().collect());
        true
    }

    /// Waits for records in flight, if they are still ours to produce, and leaves the group.
    async fn leave(mut self, is_ours: bool) {
        let mut moved = BTreeMap::new();
        let deadline = Instant::now() + DRAIN;
        while is_ours && self.in_flight > 0 {
            let next = tokio::time::timeout_at(deadline, self.producer.deliveries.recv());
            let Ok(Some(Delivery { number, result })) = next.await else {
                break;
            };
            self.in_flight = self.in_flight.saturating_sub(1);
            if result.is_err() {
                break;
            }
            moved.extend(self.window.finish(number));
        }
        for late in self.producer.close().await {
            if late.result.is_ok() {
                moved.extend(self.window.finish(late.number));
            }
        }
        for (partition, tag) in moved {
            self.consumer.commit(&partition, tag);
        }
        self.meters.in_flight.set(0.0);
        self.consumer.close().await;
    }
}

fn partitions_of(topic: &Arc<str>) -> impl Iterator<Item = TopicPartition> {
    (0..PARTITIONS).map(|partition| TopicPartition {
        topic: topic.clone(),
        partition: i32::from(partition),
    })
}

/// "MessageSizeTooLarge (Broker: Message size too large)"
fn describe(code: RDKafkaErrorCode) -> String {
    format!("{code:?} ({code})")
}
