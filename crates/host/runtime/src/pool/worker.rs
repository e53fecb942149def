//! One instance and its event loop. The loop stays inside one `run_concurrent` for the instance's
//! whole life, so a call costs a message instead of an entry into wasmtime.

mod watch;

use std::future::poll_fn;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::time::Instant;

use futures::stream::{FuturesUnordered, StreamExt as _};
use wasmtime::Store;

use self::watch::Watch;
use super::dispatch::{Job, Placement, Reply};
use super::loop_waker::LoopWaker;
use super::{CallError, Export, Shared, Slot, lock};
use crate::State;

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

/// The worker. Dropping it, even in a panic, answers every call that waits for it.
struct Worker<E: Export> {
    shared: Arc<Shared<E>>,
    id: u64,
    /// Calls begun in its life: each one's number.
    started: AtomicU64,
    begun: Mutex<Vec<Begun<E>>>,
    /// Responses, by call, that the guest may still add to before their callers get them.
    settling: Mutex<Vec<(u64, E::Response)>>,
    end: Option<CallError>,
    start_failed: bool,
}

pub(super) async fn run<E: Export>(shared: Arc<Shared<E>>, id: u64) {
    let mut worker = Worker {
        id,
        started: AtomicU64::new(0),
        begun: Mutex::new(Vec::new()),
        settling: Mutex::new(Vec::new()),
        end: None,
        start_failed: true,
        shared,
    };
    worker.shared.live_instances.increment(1);
    let deadline = worker.shared.limits.deadline;
    match tokio::time::timeout(deadline, instantiate::<E>(&worker.shared)).await {
        Ok(Ok((mut store, export))) => {
            worker.start_failed = false;
            let end = worker.drive(&mut store, &export).await;
            worker.end = end.map(|end| worker.explain(end, &store));
            if worker.end.is_some() {
                // Before the store goes: then streaming bodies end, and must not look complete.
                lock(&worker.shared.dispatch).fail(id);
            }
        }
        Ok(Err(error)) => worker.end = Some(CallError::Instantiate(format!("{error:#}"))),
        Err(_) => {
            worker.end = Some(CallError::Instantiate(format!("not done in {deadline:?}")));
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

impl<E: Export> Worker<E> {
    /// Serve calls until there is a reason to stop; `None` if all ended well.
    async fn drive(&self, store: &mut Store<State>, export: &E) -> Option<End> {
        let turned = AtomicBool::new(false);
        let turned = &turned;
        let mut event_loop = pin!(store.run_concurrent(async |accessor| {
            let mut inbox = Vec::new();
            let mut calls = FuturesUnordered::new();
            poll_fn(|cx| {
                turned.store(true, Ordering::Relaxed);
                let dispatch = &self.shared.dispatch;
                let finished = lock(dispatch).turn(self.id, cx.waker(), &mut inbox);
                for job in inbox.drain(..) {
                    let (call, request) = self.begin(job);
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
                if finished && calls.is_empty() && accessor.poll_no_interesting_tasks(cx).is_ready()
                {
                    return Poll::Ready(Ok(()));
                }
                Poll::Pending
            })
            .await
        }));

        let mut watch = Watch::new(&self.shared.limits);
        let loop_waker = LoopWaker::new();
        let waker = Waker::from(loop_waker.clone());
        poll_fn(|cx| {
            for _ in 0..MAX_TURNS {
                loop_waker.begin(cx.waker());
                turned.store(false, Ordering::Relaxed);
                let polled = event_loop.as_mut().poll(&mut Context::from_waker(&waker));
                if let Poll::Ready(ended) = polled {
                    return Poll::Ready(ended.flatten().err().map(End::Failed));
                }
                watch.turned(turned.load(Ordering::Relaxed));
                if watch.is_stuck() {
                    // Unsettled responses stay: if the instance must stop, they become errors. If
                    // they were handed over, they would break off.
                    self.pass_on_inbox();
                    loop_waker.yield_now();
                    return watch.poll_overrun(self, cx).map(Some);
                }
                let rest = lock(&self.shared.dispatch).rest(self.id);
                self.follow(rest.placements);
                if loop_waker.is_waiting() && !rest.has_inbox {
                    self.hand_over();
                    return watch.poll_overrun(self, cx).map(Some);
                }
            }
            // There is more to do, but let others have the thread first.
            self.hand_over();
            loop_waker.yield_now();
            cx.waker().wake_by_ref();
            watch.poll_overrun(self, cx).map(Some)
        })
        .await
    }

    fn begin(&self, job: Job<E>) -> (u64, E::Request) {
        let call = self.started.fetch_add(1, Ordering::Relaxed);
        lock(&self.begun).push(Begun {
            call,
            deadline: job.deadline,
            reply: Some(job.reply),
            slot: job.slot,
        });
        (call, job.request)
    }

    fn pass_on_inbox(&self) {
        let placements = lock(&self.shared.dispatch).stuck(self.id);
        self.follow(placements);
    }

    fn follow(&self, placements: Vec<Placement>) {
        for placement in placements {
            self.shared.follow(placement);
        }
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

impl<E: Export> Drop for Worker<E> {
    fn drop(&mut self) {
        self.shared.live_instances.decrement(1);
        let mut end = self.end.take();
        if std::thread::panicking() {
            lock(&self.shared.dispatch).fail(self.id);
            end = Some(CallError::Trap("the host panicked".into()));
        }
        let (unstarted, placements) = lock(&self.shared.dispatch).leave(self.id, self.start_failed);
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
