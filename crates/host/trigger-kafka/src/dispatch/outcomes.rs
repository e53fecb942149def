//! What becomes of records after a call.

use std::time::{Duration, Instant, SystemTime};

use records::RecordRef;

use super::batches::BatchId;
use super::lane::{LaneId, Share, State};
use super::queue::Pending;
use super::{Dispatcher, Effect, FailedRecord, Flight};
use crate::handler::{Failure, Handled, Outcome};

/// Characters of a reason that are kept.
const MAX_REASON: usize = 4000;

/// The trace a record belongs to: the second field of its `traceparent` (W3C Trace Context).
fn trace_id(record: &RecordRef) -> Option<String> {
    let header = record.header("traceparent")?;
    let id = std::str::from_utf8(header).ok()?.split('-').nth(1)?;
    Some(id.to_owned())
}

fn show_partition(record: &RecordRef) -> String {
    format!("{}/{}", record.topic(), record.partition())
}

impl Dispatcher {
    /// A call ended.
    pub fn handled(&mut self, id: BatchId, handled: impl Into<Handled>, now: Instant) {
        let Some(Flight { shares, .. }) = self.in_flight.remove(&id) else {
            return;
        };
        self.meters.batches.increment(1);
        let total: usize = shares.iter().map(|share| share.count).sum();
        let Handled { result, outage } = handled.into();
        match (result, outage) {
            (Ok(outcomes), outage) => {
                let failed = |outcome: &Outcome| matches!(outcome, Outcome::Retry(_));
                let outage = outage.filter(|_| outcomes.iter().any(failed));
                let postponed = self.postponement(outage.as_deref(), total);
                self.apply(shares, outcomes, total, postponed, now);
            }
            (Err(Failure::Host(reason)), _) | (Err(Failure::Handler(_)), Some(reason)) => {
                let delay = self.postponement(Some(&reason), total).unwrap_or_default();
                self.meters.postponed.increment(total as u64);
                for share in shares {
                    self.pause_lane(share.lane, now + delay);
                }
            }
            (Err(Failure::Handler(reason)), None) if total == 1 => {
                self.host_failures = 0;
                self.isolate(&shares);
                self.apply(shares, vec![Outcome::Retry(reason)], 1, None, now);
            }
            (Err(Failure::Handler(reason)), None) => {
                // One of them may be the failing record; each goes alone to find out, and until then
                // none is charged.
                self.host_failures = 0;
                tracing::warn!(
                    group = self.config.group(),
                    records = total,
                    reason,
                    "a batch failed; its records are handled one by one"
                );
                self.meters.failed_batches.increment(1);
                self.isolate(&shares);
                for share in shares {
                    self.go_on(share.lane, now);
                }
            }
        }
        self.control_flow();
    }

    /// How long records wait that failed through no fault of theirs, where there is a reason for
    /// that: the host could not make the call, or the handler had no database.
    fn postponement(&mut self, reason: Option<&str>, records: usize) -> Option<Duration> {
        let Some(reason) = reason else {
            self.host_failures = 0;
            return None;
        };
        self.host_failures = self.host_failures.saturating_add(1);
        let delay = self.delay(self.host_failures);
        tracing::warn!(
            group = self.config.group(),
            component = self.config.component,
            records,
            reason,
            retry_ms = delay.as_millis() as u64,
            "records wait, and are charged with no attempt"
        );
        Some(delay)
    }

    fn isolate(&mut self, shares: &[Share]) {
        for share in shares {
            if let Some(lane) = self.lanes.get_mut(share.lane) {
                for pending in lane.queue.iter_mut().take(share.count) {
                    pending.alone = true;
                }
            }
        }
    }

    /// `postponed`: how long those that failed wait, if it was not their fault.
    fn apply(
        &mut self,
        shares: Vec<Share>,
        outcomes: Vec<Outcome>,
        total: usize,
        postponed: Option<Duration>,
        now: Instant,
    ) {
        let returned = outcomes.len();
        if returned != total {
            tracing::warn!(
                component = self.config.component,
                returned,
                messages = total,
                "the component did not return one outcome for each message"
            );
        }
        let missing = || Outcome::Retry(format!("{returned} outcomes for {total} messages"));
        let mut outcomes = outcomes.into_iter().chain(std::iter::repeat_with(missing));
        let mut done = 0;
        for share in shares {
            let outcomes = outcomes.by_ref().take(share.count);
            done += self.apply_to_lane(&share, outcomes, postponed, now);
        }
        self.meters.done.increment(done as u64);
    }

    /// Applies outcomes up to the first that is not done; later records are delivered again.
    /// Returns how many were done.
    fn apply_to_lane(
        &mut self,
        share: &Share,
        outcomes: impl Iterator<Item = Outcome>,
        postponed: Option<Duration>,
        now: Instant,
    ) -> usize {
        let id = share.lane;
        let (mut done, mut failed) = (0, None::<(bool, String)>);
        // Takes all of them, because the next lane's outcomes follow.
        for outcome in outcomes {
            match outcome {
                _ if failed.is_some() => {}
                Outcome::Done => done += 1,
                Outcome::Retry(reason) => failed = Some((false, reason)),
                Outcome::Reject(reason) => failed = Some((true, reason)),
            }
        }
        let Some((rejected, reason)) = failed else {
            self.complete(id, done, now);
            return done;
        };
        self.finish_first(id, done);
        if rejected {
            self.meters.rejected.increment(1);
            let failures = self.first(id).map_or(0, |first| first.failures);
            self.dead_letter(id, reason, failures + 1);
        } else if let Some(delay) = postponed {
            self.meters.postponed.increment(1);
            self.pause_lane(id, now + delay);
        } else {
            self.retry(id, reason, now);
        }
        done
    }

    fn retry(&mut self, id: LaneId, reason: String, now: Instant) {
        let max_attempts = self.config.retry.max_attempts;
        let Some(first) = self.first(id) else {
            return;
        };
        first.failures += 1;
        let failures = first.failures;
        if failures >= max_attempts {
            return self.dead_letter(id, reason, failures);
        }
        let appended_ms = first.timestamp_ms;
        if self.config.retry.is_too_old(appended_ms, SystemTime::now()) {
            let max_age_ms = self.config.retry.max_age_ms;
            let reason = format!("older than {max_age_ms} ms when it failed: {reason}");
            return self.dead_letter(id, reason, failures);
        }
        let Some(first) = self.first(id) else {
            return;
        };
        let partition = show_partition(&first.record);
        let offset = first.record.offset();
        let trace_id = trace_id(&first.record);
        self.meters.retried.increment(1);
        let delay = self.delay(failures);
        tracing::info!(
            group = self.config.group(),
            partition,
            offset,
            trace_id,
            attempt = failures,
            retry_ms = delay.as_millis() as u64,
            reason,
            "a record is tried again"
        );
        self.pause_lane(id, now + delay);
    }

    fn dead_letter(&mut self, id: LaneId, reason: String, attempts: u32) {
        let Some(lane) = self.lanes.get_mut(id) else {
            return;
        };
        let Some(first) = lane.queue.first() else {
            return;
        };
        lane.state = State::DeadLettering;
        let reason: String = reason.chars().take(MAX_REASON).collect();
        tracing::warn!(
            group = self.config.group(),
            partition = show_partition(&first.record),
            offset = first.record.offset(),
            trace_id = trace_id(&first.record),
            attempts,
            reason,
            "a record becomes a dead letter"
        );
        let record = first.record.clone();
        self.effects.push(Effect::DeadLetter(FailedRecord {
            lane: id,
            record,
            reason,
            attempts,
        }));
    }

    /// A dead letter was stored, or could not be. In that case its record is handled again, because
    /// the same cause may have made the handler fail.
    pub fn dead_lettered(&mut self, id: LaneId, kept: anyhow::Result<()>, now: Instant) {
        match kept {
            Ok(()) => {
                self.meters.dead_letters.increment(1);
                self.complete(id, 1, now);
            }
            Err(error) => {
                tracing::warn!(
                    group = self.config.group(),
                    "cannot keep a dead letter: {error:#}; its record is tried again"
                );
                let delay = self.delay(self.config.retry.max_attempts);
                self.pause_lane(id, now + delay);
            }
        }
        self.control_flow();
    }

    fn first(&mut self, id: LaneId) -> Option<&mut Pending> {
        self.lanes.get_mut(id)?.queue.first_mut()
    }

    /// The first so many records of a lane need no more work.
    fn finish_first(&mut self, id: LaneId, count: usize) {
        let Some(lane) = self.lanes.get_mut(id) else {
            return;
        };
        let Some(partition) = self.partitions.get_mut(&lane.partition) else {
            return;
        };
        partition.finish_first(&mut lane.queue, count);
    }
}
