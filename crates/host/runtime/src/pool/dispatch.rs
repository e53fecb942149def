//! Which call goes to which instance. It only decides; nothing in here waits or runs guests. Never
//! drop a job while the dispatch is locked: its slot takes the lock again.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Waker;
use std::thread::available_parallelism;
use std::time::Instant;

use tokio::sync::oneshot;

use super::recent_calls::{Began, RecentCalls};
use super::{Assignment, CallError, Export, PoolLimits, Slot};

/// Instances that may close, finishing their calls, while new ones start, even if few instances are
/// allowed.
const MIN_CLOSING: usize = 8;

/// Recent calls for each core, at least. More would only make each of them slower.
const MIN_RECENT_CALLS: usize = 16;

pub(super) type Reply<E> = oneshot::Sender<Result<(<E as Export>::Response, Slot), CallError>>;

/// A call that no instance has begun.
pub(super) struct Job<E: Export> {
    pub(super) request: E::Request,
    pub(super) reply: Reply<E>,
    pub(super) deadline: Instant,
    pub(super) slot: Slot,
}

/// What is to be done, outside the lock, for a job that was placed.
pub(super) enum Placement {
    /// It is in the inbox of a running worker.
    Woken(Waker),
    /// It is in the inbox of a worker that is to be started.
    Start(u64),
    /// It waits for a worker to have room.
    Waiting,
}

#[derive(Clone, Copy, PartialEq)]
enum Status {
    /// Its event loop turned and waits: a call would begin at once.
    Ready,
    /// It has work to do before it looks at its inbox again.
    Busy,
    /// A guest holds it: its event loop did not turn when it was last asked to.
    Stuck,
    /// It takes no more calls.
    Closing,
}

struct WorkerEntry<E: Export> {
    id: u64,
    status: Status,
    /// Calls begun or in the inbox, and responses still streaming.
    load: usize,
    /// Calls given to it in its life.
    calls: usize,
    inbox: Vec<Job<E>>,
    waker: Waker,
    failed: Arc<AtomicBool>,
}

/// What to do after a worker has nothing left to poll.
#[derive(Default)]
pub(super) struct Rest {
    /// It took a job after all.
    pub(super) has_inbox: bool,
    pub(super) placements: Vec<Placement>,
}

pub(super) struct Dispatch<E: Export> {
    limits: PoolLimits,
    /// Instances to start before calls share one: more could not compute at once.
    spread: usize,
    recent_calls: RecentCalls,
    workers: Vec<WorkerEntry<E>>,
    waiting: VecDeque<Job<E>>,
    in_flight: usize,
    /// Since when there has been no room, or hardly any.
    full_since: Option<Instant>,
    next_id: u64,
}

impl<E: Export> Dispatch<E> {
    pub(super) fn new(limits: PoolLimits) -> Self {
        let cores = available_parallelism().map_or(1, usize::from);
        Self {
            limits,
            spread: cores.min(limits.max_instances),
            recent_calls: RecentCalls::new(Instant::now()),
            workers: Vec::new(),
            waiting: VecDeque::new(),
            in_flight: 0,
            full_since: None,
            next_id: 0,
        }
    }

    /// Count one more call, if there is room for it.
    pub(super) fn admit(&mut self) -> bool {
        let admitted = self.in_flight < self.limits.max_in_flight;
        self.in_flight += usize::from(admitted);
        if self.in_flight >= self.limits.max_in_flight {
            self.full_since.get_or_insert_with(Instant::now);
        }
        admitted
    }

    pub(super) fn full_since(&self) -> Option<Instant> {
        self.full_since
    }

    /// Give a job to the instance that will begin it soonest.
    pub(super) fn place(&mut self, job: Job<E>) -> Placement {
        self.waiting.push_back(job);
        self.place_next()
    }

    fn place_next(&mut self) -> Placement {
        if self.waiting.is_empty() {
            return Placement::Waiting;
        }
        let has_idle_cores = self.has_idle_cores();
        let Some(index) = self.choose(has_idle_cores) else {
            return Placement::Waiting;
        };
        let Some(job) = self.waiting.pop_front() else {
            return Placement::Waiting;
        };
        if index < self.workers.len() {
            let waker = self.assign(index, job);
            return Placement::Woken(waker);
        }
        let id = self.next_id;
        self.next_id += 1;
        self.workers.push(WorkerEntry {
            id,
            status: Status::Busy,
            load: 0,
            calls: 0,
            inbox: Vec::new(),
            waker: Waker::noop().clone(),
            failed: Arc::new(AtomicBool::new(false)),
        });
        self.assign(index, job);
        Placement::Start(id)
    }

    /// The worker for the next job: one past the last means a new one, `None` to wait.
    /// The first with room wins, so that the last ones fall idle when there is less to do.
    fn choose(&self, has_idle_cores: bool) -> Option<usize> {
        let concurrency = self.limits.max_concurrent_calls;
        let usable = self.usable(has_idle_cores);
        let has_room = |(_, worker): &(usize, &WorkerEntry<E>)| worker.load < concurrency;
        let ready = self
            .open()
            .take(usable)
            .find(|open| open.1.status == Status::Ready && has_room(open));
        // One that has just answered its last call is as good: it is about to be ready.
        let almost = || {
            self.open()
                .take(usable)
                .find(|(_, worker)| worker.load == 0)
        };
        if let Some((index, _)) = ready.or_else(almost) {
            return Some(index);
        }
        let open = self.workers.len() - self.closing();
        if open < self.spread {
            return Some(self.workers.len());
        }
        let busy = self.open().take(usable).filter(has_room);
        match busy.min_by_key(|(_, worker)| worker.load) {
            Some((index, _)) => Some(index),
            None => {
                let is_useful = open < self.limits.max_instances && has_idle_cores;
                is_useful.then_some(self.workers.len())
            }
        }
    }

    /// The workers whose event loops turn, the first ones first.
    fn open(&self) -> impl Iterator<Item = (usize, &WorkerEntry<E>)> {
        let is_open =
            |worker: &WorkerEntry<E>| matches!(worker.status, Status::Ready | Status::Busy);
        self.workers
            .iter()
            .enumerate()
            .filter(move |(_, worker)| is_open(worker))
    }

    /// How many of the open workers may take calls. Extra instances, made while calls waited for I/O,
    /// would only compete for the cache when cores are short.
    fn usable(&self, has_idle_cores: bool) -> usize {
        match has_idle_cores {
            true => usize::MAX,
            false => self.spread,
        }
    }

    /// Whether calls wait for I/O, so that one more could compute.
    fn has_idle_cores(&mut self) -> bool {
        let enough = self.spread * self.limits.max_concurrent_calls.max(MIN_RECENT_CALLS);
        self.recent_calls.count(Instant::now()) < enough
    }

    /// Instances that only finish their calls, such as long streams. They do not count as
    /// instances; otherwise a few streams could block everything else.
    fn closing(&self) -> usize {
        let is_closing = |worker: &&WorkerEntry<E>| worker.status == Status::Closing;
        self.workers.iter().filter(is_closing).count()
    }

    fn assign(&mut self, index: usize, mut job: Job<E>) -> Waker {
        let may_close = self.closing() < self.limits.max_instances.max(MIN_CLOSING);
        let began = self.recent_calls.begin(Instant::now());
        let worker = &mut self.workers[index];
        worker.load += 1;
        worker.calls += 1;
        worker.status = if may_close && worker.calls >= self.limits.max_calls_per_instance {
            Status::Closing
        } else {
            Status::Busy
        };
        job.slot.assignment = Some(Assignment {
            id: worker.id,
            began,
            failed: worker.failed.clone(),
        });
        worker.inbox.push(job);
        worker.waker.clone()
    }

    fn worker(&mut self, id: u64) -> Option<&mut WorkerEntry<E>> {
        self.workers.iter_mut().find(|worker| worker.id == id)
    }

    /// The worker's event loop turns: it takes its inbox, for an empty one. Returns whether
    /// it takes no more calls and has none left.
    pub(super) fn turn(&mut self, id: u64, waker: &Waker, inbox: &mut Vec<Job<E>>) -> bool {
        let Some(worker) = self.worker(id) else {
            return true;
        };
        worker.waker.clone_from(waker);
        std::mem::swap(&mut worker.inbox, inbox);
        worker.status == Status::Closing && worker.load == 0
    }

    /// The worker has nothing more to do for now: it takes what waits, as far as it has room.
    pub(super) fn rest(&mut self, id: u64) -> Rest {
        let concurrency = self.limits.max_concurrent_calls;
        let mut rest = Rest::default();
        let Some(index) = self.workers.iter().position(|worker| worker.id == id) else {
            return rest;
        };
        loop {
            let worker = &mut self.workers[index];
            if worker.status == Status::Closing {
                rest.placements = self.place_waiting();
                break;
            }
            worker.status = Status::Ready;
            if worker.load >= concurrency || self.waiting.is_empty() {
                break;
            }
            let has_idle_cores = self.has_idle_cores();
            let mut usable = self.open().take(self.usable(has_idle_cores));
            if !usable.any(|(open, _)| open == index) {
                break;
            }
            drop(usable);
            match self.waiting.pop_front() {
                Some(job) => drop(self.assign(index, job)),
                None => break,
            }
        }
        rest.has_inbox = !self.workers[index].inbox.is_empty();
        rest
    }

    /// Place what waits, as far as there is room for it.
    pub(super) fn place_waiting(&mut self) -> Vec<Placement> {
        let mut placements = Vec::new();
        loop {
            match self.place_next() {
                Placement::Waiting => return placements,
                placement => placements.push(placement),
            }
        }
    }

    /// A guest holds the worker: what is in its inbox goes to others.
    pub(super) fn stuck(&mut self, id: u64) -> Vec<Placement> {
        let Some(worker) = self.worker(id) else {
            return Vec::new();
        };
        if worker.status != Status::Closing {
            worker.status = Status::Stuck;
        }
        let jobs = std::mem::take(&mut worker.inbox);
        worker.load -= jobs.len();
        self.place_again(jobs)
    }

    fn place_again(&mut self, jobs: Vec<Job<E>>) -> Vec<Placement> {
        for mut job in jobs.into_iter().rev() {
            self.unassign(&mut job);
            self.waiting.push_front(job);
        }
        self.place_waiting()
    }

    fn unassign(&mut self, job: &mut Job<E>) {
        if let Some(assignment) = job.slot.assignment.take() {
            self.recent_calls.end(assignment.began);
        }
    }

    /// Close the worker to more calls if it is late, or idle and indeed without a call.
    /// Returns how many calls and streaming responses it has, and whether it is closed.
    pub(super) fn look(&mut self, id: u64, late: bool, idle: bool) -> (usize, bool) {
        let Some(worker) = self.worker(id) else {
            return (0, true);
        };
        if late || (idle && worker.load == 0) {
            worker.status = Status::Closing;
        }
        (worker.load, worker.status == Status::Closing)
    }

    /// The worker's instance failed: streaming responses learn of it.
    pub(super) fn fail(&mut self, id: u64) {
        if let Some(worker) = self.worker(id) {
            worker.status = Status::Closing;
            worker.failed.store(true, Ordering::Release);
        }
    }

    /// The worker is gone. Returns its unstarted jobs if it never started; otherwise they go to
    /// other workers, with the waiting jobs.
    pub(super) fn leave(&mut self, id: u64, start_failed: bool) -> (Vec<Job<E>>, Vec<Placement>) {
        let Some(index) = self.workers.iter().position(|worker| worker.id == id) else {
            return (Vec::new(), Vec::new());
        };
        let mut worker = self.workers.remove(index);
        if start_failed {
            for job in &mut worker.inbox {
                self.unassign(job);
            }
            return (worker.inbox, Vec::new());
        }
        (Vec::new(), self.place_again(worker.inbox))
    }

    /// Jobs that waited past their deadline.
    pub(super) fn expired(&mut self, now: Instant) -> Vec<Job<E>> {
        let mut expired = Vec::new();
        while self.waiting.front().is_some_and(|job| job.deadline <= now) {
            expired.extend(self.waiting.pop_front());
        }
        expired
    }

    /// A call is over: there is room for another.
    pub(super) fn release(&mut self, assignment: Option<(u64, Began)>) -> Vec<Placement> {
        self.in_flight -= 1;
        // A single call that ended does not make room: another takes its place at once.
        let spare = self.limits.max_in_flight / 8;
        if self.in_flight < self.limits.max_in_flight - spare {
            self.full_since = None;
        }
        let Some((id, began)) = assignment else {
            return Vec::new();
        };
        self.recent_calls.end(began);
        let finished = self.worker(id).and_then(|worker| {
            worker.load -= 1;
            let is_finished = worker.status == Status::Closing && worker.load == 0;
            is_finished.then(|| Placement::Woken(worker.waker.clone()))
        });
        let mut placements = self.place_waiting();
        placements.extend(finished);
        placements
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::HttpHandler;

    /// Two cores, two calls for each instance; instances by their status and how many calls they have.
    fn dispatch(workers: &[(Status, usize)]) -> Dispatch<HttpHandler> {
        let mut dispatch = Dispatch::new(PoolLimits {
            max_instances: 4,
            max_concurrent_calls: 2,
            max_calls_per_instance: 100,
            max_in_flight: 100,
            deadline: Duration::from_secs(1),
            idle_timeout: Duration::from_secs(1),
        });
        dispatch.spread = 2;
        for (id, &(status, load)) in (0..).zip(workers) {
            dispatch.workers.push(WorkerEntry {
                id,
                status,
                load,
                calls: load,
                inbox: Vec::new(),
                waker: Waker::noop().clone(),
                failed: Arc::default(),
            });
        }
        dispatch
    }

    #[test]
    fn while_cores_are_short_only_as_many_instances_as_cores_take_calls() {
        let full = dispatch(&[(Status::Busy, 2), (Status::Busy, 2), (Status::Ready, 0)]);
        assert_eq!(full.choose(true), Some(2));
        assert_eq!(full.choose(false), None);
        let one_place = dispatch(&[(Status::Busy, 2), (Status::Busy, 1), (Status::Ready, 0)]);
        assert_eq!(one_place.choose(false), Some(1));
    }

    #[test]
    fn an_instance_that_a_guest_holds_keeps_no_other_from_taking_calls() {
        let held = dispatch(&[(Status::Stuck, 1), (Status::Busy, 2), (Status::Ready, 0)]);
        assert_eq!(held.choose(false), Some(2));
    }

    #[test]
    fn more_instances_are_made_only_while_cores_are_idle() {
        let full = dispatch(&[(Status::Busy, 2), (Status::Busy, 2)]);
        assert_eq!(full.choose(true), Some(2));
        assert_eq!(full.choose(false), None);
        let most = dispatch(&[(Status::Busy, 2); 4]);
        assert_eq!(most.choose(true), None);
    }
}
