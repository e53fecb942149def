//! One instance and its event loop. The loop stays inside one `run_concurrent` for the
//! instance's whole life: a call then costs a message, not an entry into wasmtime.

use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use futures::stream::{FuturesUnordered, StreamExt as _};
use tokio::time::Sleep;
use wasmtime::Store;

use super::dispatch::{Job, Placement, Reply};
use super::turns::Turns;
use super::{CallError, Export, Shared, Slot};
use crate::State;

/// How often deadlines are looked at while there are calls.
const CHECK: Duration = Duration::from_millis(20);

/// Turns of the event loop before others get the thread.
const MAX_TURNS: usize = 32;

/// A call the instance has begun.
struct Begun<E: Export> {
    call: u64,
    deadline: Instant,
    /// `None` once the caller was told that the deadline passed.
    reply: Option<Reply<E>>,
    slot: Slot,
}

/// What the worker saw of its instance over time.
struct Watch {
    /// Since when a guest has kept the event loop from turning.
    stuck_since: Option<Instant>,
    /// When it last had a call.
    active: Instant,
    /// Since when it has had no call and may have none.
    leaving_since: Option<Instant>,
}

/// The worker's seat in the pool; dropping it, also in a panic, leaves nobody waiting.
struct Seat<E: Export> {
    shared: Arc<Shared<E>>,
    id: u64,
    begun: Mutex<Vec<Begun<E>>>,
    /// Responses, by call, that the guest may add to before they are handed over.
    settling: Mutex<Vec<(u64, E::Response)>>,
    end: Option<CallError>,
    start_failed: bool,
}

pub(super) async fn run<E: Export>(shared: Arc<Shared<E>>, id: u64) {
    let mut seat = Seat {
        id,
        begun: Mutex::new(Vec::new()),
        settling: Mutex::new(Vec::new()),
        end: None,
        start_failed: true,
        shared,
    };
    seat.shared.live_instances.increment(1);
    let deadline = seat.shared.limits.deadline;
    match tokio::time::timeout(deadline, instantiate::<E>(&seat.shared)).await {
        Ok(Ok((mut store, export))) => {
            seat.start_failed = false;
            let end = seat.drive(&mut store, &export).await;
            seat.end = end.map(|end| seat.explain(end, &store));
            if seat.end.is_some() {
                // Before the store goes: then streaming bodies end, and must not look complete.
                seat.shared.dispatch().fail(id);
            }
        }
        Ok(Err(error)) => seat.end = Some(CallError::Instantiate(format!("{error:#}"))),
        Err(_) => {
            seat.end = Some(CallError::Instantiate(format!("not done in {deadline:?}")));
        }
    }
}

async fn instantiate<E: Export>(shared: &Shared<E>) -> anyhow::Result<(Store<State>, E)> {
    let mut store = shared.component.new_store().await?;
    let instance = shared.component.pre().instantiate_async(&mut store).await?;
    let export = E::load(&mut store, &instance)?;
    shared.started_instances.increment(1);
    Ok((store, export))
}

/// Why an instance stopped before its time.
enum End {
    Failed(wasmtime::Error),
    Overran,
}

impl<E: Export> Seat<E> {
    /// Serve calls until there is a reason to stop; `None` if all ended well.
    async fn drive(&self, store: &mut Store<State>, export: &E) -> Option<End> {
        let turned = AtomicBool::new(false);
        let turned = &turned;
        let mut event_loop = pin!(store.run_concurrent(async |accessor| {
            let mut next_call = 0;
            let mut calls = FuturesUnordered::new();
            poll_fn(|cx| {
                turned.store(true, Ordering::Relaxed);
                let turn = self.shared.dispatch().turn(self.id, cx.waker());
                for job in turn.jobs {
                    let Job {
                        request,
                        reply,
                        deadline,
                        slot,
                    } = job;
                    let call = next_call;
                    next_call += 1;
                    lock(&self.begun).push(Begun {
                        call,
                        deadline,
                        reply: Some(reply),
                        slot,
                    });
                    calls.push(async move {
                        let response = export.call(accessor, request).await?;
                        lock(&self.settling).push((call, response));
                        wasmtime::error::Ok(())
                    });
                }
                while let Poll::Ready(Some(done)) = calls.poll_next_unpin(cx) {
                    if let Err(error) = done {
                        return Poll::Ready(Err(error));
                    }
                }
                self.settle(cx);
                let finished = turn.finished
                    && calls.is_empty()
                    && accessor.poll_no_interesting_tasks(cx).is_ready();
                if finished {
                    Poll::Ready(Ok(()))
                } else {
                    Poll::Pending
                }
            })
            .await
        }));

        let mut timer = pin!(tokio::time::sleep(CHECK));
        let mut watch = Watch {
            stuck_since: None,
            active: Instant::now(),
            leaving_since: None,
        };
        let turns = Turns::new();
        let waker = Waker::from(turns.clone());
        poll_fn(|cx| {
            for _ in 0..MAX_TURNS {
                turns.begin(cx.waker());
                turned.store(false, Ordering::Relaxed);
                let polled = event_loop.as_mut().poll(&mut Context::from_waker(&waker));
                if let Poll::Ready(ended) = polled {
                    return Poll::Ready(ended.flatten().err().map(End::Failed));
                }
                if !turned.load(Ordering::Relaxed) {
                    watch.stuck_since.get_or_insert_with(Instant::now);
                    self.pass_on_inbox();
                    self.hand_over();
                    turns.give_way();
                    return self.check(&mut watch, timer.as_mut(), cx).map(Some);
                }
                watch.stuck_since = None;
                let rest = self.shared.dispatch().rest(self.id);
                self.follow(rest.placements);
                if turns.is_waiting() && !rest.has_inbox {
                    self.hand_over();
                    return self.check(&mut watch, timer.as_mut(), cx).map(Some);
                }
            }
            turns.give_way();
            cx.waker().wake_by_ref();
            self.check(&mut watch, timer.as_mut(), cx).map(Some)
        })
        .await
    }

    fn pass_on_inbox(&self) {
        let placements = self.shared.dispatch().stuck(self.id);
        self.follow(placements);
    }

    fn follow(&self, placements: Vec<Placement>) {
        for placement in placements {
            self.shared.follow(placement);
        }
    }

    /// Look at the deadlines, as often as the timer fires; `Ready` when the instance must stop.
    fn check(
        &self,
        watch: &mut Watch,
        mut timer: Pin<&mut Sleep>,
        cx: &mut Context<'_>,
    ) -> Poll<End> {
        let soon = Instant::now() + CHECK;
        let is_busy = watch.stuck_since.is_some() || !lock(&self.begun).is_empty();
        if is_busy && timer.deadline().into_std() > soon {
            timer.as_mut().reset(soon.into());
        }
        while timer.as_mut().poll(cx).is_ready() {
            let now = Instant::now();
            if self.must_stop(watch, now) {
                return Poll::Ready(End::Overran);
            }
            let is_quiet =
                watch.leaving_since.is_none() && watch.stuck_since.is_none() && watch.active < now;
            let next = if is_quiet {
                watch.active + self.shared.limits.idle_timeout
            } else {
                now + CHECK
            };
            timer.as_mut().reset(next.into());
            if watch.leaving_since.is_some() {
                // The event loop is to see that it may end.
                cx.waker().wake_by_ref();
            }
        }
        Poll::Pending
    }

    /// Tell callers that wait too long, close an instance that is idle or late, and say
    /// whether it must stop now.
    fn must_stop(&self, watch: &mut Watch, now: Instant) -> bool {
        let limits = &self.shared.limits;
        let expired = self.shared.dispatch().expired(now);
        for job in expired {
            _ = job.reply.send(Err(CallError::Deadline(limits.deadline)));
        }
        let (overdue, begun) = self.expire(now);
        let is_idle = now.duration_since(watch.active) >= limits.idle_timeout;
        let (load, closing) = self.shared.dispatch().look(self.id, overdue > 0 || is_idle);
        if load > 0 {
            watch.active = now;
        }
        match load {
            0 if closing => drop(watch.leaving_since.get_or_insert(now)),
            _ => watch.leaving_since = None,
        }
        let too_long =
            |since: Option<Instant>| since.is_some_and(|since| now - since > limits.deadline);
        let all_overdue = overdue > 0 && overdue == begun && load == begun;
        let late_and_stuck = overdue > 0 && watch.stuck_since.is_some();
        all_overdue
            || late_and_stuck
            || too_long(watch.stuck_since)
            || too_long(watch.leaving_since)
    }

    /// Hand over the responses that are settled.
    fn settle(&self, cx: &mut Context<'_>) {
        let mut settling = lock(&self.settling);
        let settled =
            settling.extract_if(.., |(_, response)| E::poll_settled(response, cx).is_ready());
        for (call, response) in settled {
            self.answer(call, response);
        }
    }

    /// The instance waits: hand over the responses it may still add to.
    fn hand_over(&self) {
        for (call, response) in lock(&self.settling).drain(..) {
            self.answer(call, response);
        }
    }

    fn answer(&self, call: u64, response: E::Response) {
        let begun = {
            let mut begun = lock(&self.begun);
            let index = begun.iter().position(|begun| begun.call == call);
            index.map(|index| begun.swap_remove(index))
        };
        if let Some(Begun {
            reply: Some(reply),
            slot,
            ..
        }) = begun
        {
            // If nobody waits any more, the response, its body and the slot end here.
            _ = reply.send(Ok((response, slot)));
        }
    }

    /// Tell the callers whose deadline has passed. Returns how many calls are overdue, and
    /// how many have begun.
    fn expire(&self, now: Instant) -> (usize, usize) {
        let mut begun = lock(&self.begun);
        let mut overdue = 0;
        for begun in begun.iter_mut().filter(|begun| begun.deadline <= now) {
            overdue += 1;
            if let Some(reply) = begun.reply.take() {
                _ = reply.send(Err(CallError::Deadline(self.shared.limits.deadline)));
            }
        }
        (overdue, begun.len())
    }

    fn explain(&self, end: End, store: &Store<State>) -> CallError {
        let deadline = self.shared.limits.deadline;
        match end {
            End::Overran => CallError::Deadline(deadline),
            End::Failed(error) => {
                tracing::debug!(component = self.shared.component.id(), "{error:?}");
                let cause = error.root_cause().to_string();
                CallError::Trap(match store.data().limits.exceeded() {
                    Some(limit) => format!("{cause}; before that it was refused memory: {limit}"),
                    None => cause,
                })
            }
        }
    }
}

impl<E: Export> Drop for Seat<E> {
    fn drop(&mut self) {
        self.shared.live_instances.decrement(1);
        let mut end = self.end.take();
        if std::thread::panicking() {
            self.shared.dispatch().fail(self.id);
            end = Some(CallError::Trap("the host panicked".into()));
        }
        let (unstarted, placements) = self.shared.dispatch().leave(self.id, self.start_failed);
        self.follow(placements);
        let Some(end) = end else { return };
        let begun = std::mem::take(&mut *lock(&self.begun));
        self.shared.failed_instances.increment(1);
        tracing::error!(
            component = self.shared.component.id(),
            calls = begun.len() + unstarted.len(),
            "instance stopped: {end}"
        );
        for job in unstarted {
            _ = job.reply.send(Err(end.clone()));
        }
        for begun in begun {
            if let Some(reply) = begun.reply {
                _ = reply.send(Err(match &end {
                    CallError::Deadline(_) => {
                        CallError::Trap("another call of its instance overran its deadline".into())
                    }
                    end => end.clone(),
                }));
            }
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
