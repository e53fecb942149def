//! Runs one group: brings together the transport, the dispatcher that decides, and the handler.

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::config::TriggerConfig;
use crate::dispatch::{Batch, BatchId, Dispatcher, Effect, FailedRecord, LaneId};
use crate::handler::{Handled, Handler};
use crate::meters::Meters;
use crate::transport::{DeadLetter, DeadLetters, Event, Transport};

/// How long calls in flight may take to end when a partition leaves or the host stops.
pub(crate) const DRAIN: Duration = Duration::from_secs(20);

type Call = (BatchId, Handled);

/// A group of a trigger, ready to run.
pub(crate) struct Group {
    config: TriggerConfig,
    transport: Box<dyn Transport>,
    handler: Arc<dyn Handler>,
    dead_letters: Arc<dyn DeadLetters>,
    dispatcher: Dispatcher,
    meters: Meters,
    calls: JoinSet<Call>,
    dead_letter_writes: JoinSet<(LaneId, anyhow::Result<()>)>,
    drain: Duration,
}

impl Group {
    pub fn new(
        config: TriggerConfig,
        transport: Box<dyn Transport>,
        handler: Arc<dyn Handler>,
        drain: Duration,
    ) -> Self {
        let meters = Meters::new(config.group(), &config.component);
        let mut what_is_left = config.clone();
        let held = u64::try_from(transport.held().as_millis()).unwrap_or(u64::MAX);
        let wait = &mut what_is_left.batch.max_wait_ms;
        *wait = wait.saturating_sub(held);
        Self {
            dispatcher: Dispatcher::new(what_is_left, meters.clone()),
            dead_letters: transport.dead_letters(),
            config,
            transport,
            handler,
            meters,
            calls: JoinSet::new(),
            dead_letter_writes: JoinSet::new(),
            drain,
        }
    }

    /// Handles records until `shutdown`, then ends what is in flight, commits and leaves.
    pub async fn run(mut self, shutdown: CancellationToken) -> anyhow::Result<()> {
        let mut stopping = false;
        let ended = loop {
            let now = Instant::now();
            self.dispatcher.tick(now);
            while let Some(batch) = self.dispatcher.next_batch(now) {
                self.call(batch);
            }
            self.perform();
            if stopping && self.dispatcher.is_empty() {
                break Ok(());
            }
            let timer = self.dispatcher.next_timer();
            tokio::select! {
                () = shutdown.cancelled(), if !stopping => {
                    stopping = true;
                    self.dispatcher.stop(Instant::now() + self.drain);
                }
                event = self.transport.next(), if !stopping => match event {
                    Ok(event) => self.take(event),
                    Err(error) => break Err(error),
                },
                Some(call) = self.calls.join_next() => {
                    // A call that panics is a bug of the host; without its id the group cannot
                    // continue.
                    let (id, handled) = call?;
                    self.dispatcher.handled(id, handled, Instant::now());
                }
                Some(failed_record) = self.dead_letter_writes.join_next() => {
                    let (lane, kept) = failed_record?;
                    self.dispatcher.dead_lettered(lane, kept, Instant::now());
                }
                () = until(timer) => {}
            }
        };
        self.transport.close().await;
        ended
    }

    fn take(&mut self, event: Event) {
        if !matches!(event, Event::Records(_)) {
            self.meters.rebalances.increment(1);
        }
        match event {
            Event::Assigned(partitions) => self.dispatcher.assigned(partitions),
            Event::Lost(partitions) => self.dispatcher.lost(&partitions),
            Event::Revoked(partitions) => {
                let drain_until = Instant::now() + self.drain;
                self.dispatcher.revoked(&partitions, drain_until);
            }
            Event::Records(runs) => self.dispatcher.arrived(runs, Instant::now()),
        }
    }

    fn call(&mut self, batch: Batch) {
        let now_ms = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .map_or(0, |since| since.as_millis() as i64);
        for (appended_ms, count) in batch.appended {
            let delay_ms = now_ms.saturating_sub(appended_ms).max(0);
            let delay = delay_ms as f64 / 1000.0;
            self.meters.delay.record_many(delay, count);
        }
        let call = self.handler.handle(batch.messages);
        let seconds = self.meters.seconds.clone();
        self.calls.spawn(async move {
            let started = Instant::now();
            let handled = call.await;
            seconds.record(started.elapsed());
            (batch.id, handled)
        });
    }

    fn perform(&mut self) {
        for effect in self.dispatcher.effects() {
            match effect {
                Effect::Commit(partition, position) => self.transport.commit(&partition, position),
                Effect::Pause(partition) => self.transport.pause(&partition),
                Effect::Resume(partition) => self.transport.resume(&partition),
                Effect::Release(partition) => self.transport.release(partition),
                Effect::DeadLetter(failed_record) => self.dead_letter(failed_record),
            }
        }
    }

    fn dead_letter(&mut self, failed_record: FailedRecord) {
        let FailedRecord {
            lane,
            record,
            reason,
            attempts,
        } = failed_record;
        let dead_letter = DeadLetter {
            dead_letter_topic: self.config.dead_letter_topic(record.topic()),
            group: self.config.group().to_owned(),
            handler: self.config.component.clone(),
            reason,
            attempts,
            record: Arc::new(record.to_record()),
        };
        let dead_letters = self.dead_letters.clone();
        self.dead_letter_writes
            .spawn(async move { (lane, dead_letters.keep(dead_letter).await) });
    }
}

async fn until(timer: Option<Instant>) {
    match timer {
        Some(at) => tokio::time::sleep_until(at.into()).await,
        None => std::future::pending().await,
    }
}
