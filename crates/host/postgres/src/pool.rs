//! Connections of one component to one address: bounded, opened when first needed, and handed on
//! only when clean. A session that is not put back on purpose is closed.

use std::collections::VecDeque;
use std::ops::{Deref, DerefMut};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::runtime::Handle;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};

use crate::Error;
use crate::address::Address;
use crate::appending::Appending;
use crate::meters::Meters;
use crate::native::connect_to;
use crate::options::Options;
use crate::outage::Reporter;
use crate::restore::restore;
use crate::session::Session;
use crate::slots::{Open, Slot, Slots};
use crate::text::{Text, Texts};
use crate::tls::Tls;

/// How often a server that takes no more connections is asked whether it does now.
const ASK_AGAIN: Duration = Duration::from_millis(25);

pub(crate) struct Pool {
    pub component: Arc<str>,
    pub address: Address,
    pub options: Arc<Options>,
    pub meters: Meters,
    tls: Tls,
    permits: Arc<Semaphore>,
    slots: Arc<Slots>,
    open: Arc<Open>,
    unused: Mutex<Unused>,
    texts: Mutex<Texts>,
    appending: Arc<Appending>,
    proven: AtomicBool,
    /// Where clean-up runs when a connection is dropped.
    runtime: Handle,
}

#[derive(Default)]
struct Unused {
    /// Last in, first out, so that what is not needed ages at the front.
    idle: Vec<Idle>,
    /// Who gets the next ones that come back, while none is idle. Those that gave up are still
    /// among them.
    waiting: VecDeque<oneshot::Sender<Session>>,
}

struct Idle {
    session: Session,
    since: Instant,
}

impl Pool {
    /// Must be called within a tokio runtime.
    pub fn new(
        component: Arc<str>,
        address: Address,
        tls: Tls,
        options: Arc<Options>,
        slots: Arc<Slots>,
    ) -> Self {
        let meters = Meters::new(&component);
        let appending = Arc::new(Appending::new(options.append_table.clone()));
        Self {
            open: Open::new(meters.connections.clone()),
            meters,
            component,
            address,
            tls,
            permits: Arc::new(Semaphore::new(options.max_connections_per_component)),
            options,
            slots,
            unused: Mutex::default(),
            texts: Mutex::new(Texts::new(appending.clone())),
            appending,
            proven: AtomicBool::new(false),
            runtime: Handle::current(),
        }
    }

    pub fn text(&self, sql: &str) -> Arc<Text> {
        lock(&self.texts).get(sql)
    }

    /// Whether connecting has worked before.
    pub fn is_proven(&self) -> bool {
        self.proven.load(Ordering::Relaxed)
    }

    /// A connection of one's own until dropped. Waits, within bounds, when all are in use.
    pub async fn lease(self: &Arc<Self>, reporter: &Reporter) -> Result<Lease, Error> {
        let asked = Instant::now();
        let (permit, session) = match self.lease_at_once() {
            Some(leased) => leased,
            None => Box::pin(self.wait_for_lease(reporter)).await?,
        };
        self.meters.waited(asked.elapsed());
        self.meters.in_use.increment(1.0);
        Ok(Lease {
            session: Some(session),
            pool: self.clone(),
            permit: Some(permit),
            reporter: reporter.clone(),
        })
    }

    fn lease_at_once(&self) -> Option<(OwnedSemaphorePermit, Session)> {
        let permit = self.permits.clone().try_acquire_owned().ok()?;
        Some((permit, self.take_idle(None)?))
    }

    async fn wait_for_lease(
        &self,
        reporter: &Reporter,
    ) -> Result<(OwnedSemaphorePermit, Session), Error> {
        let _connecting = reporter.connecting();
        let leased = async {
            let permit = self.wait_for_permit().await?;
            Ok((permit, self.session().await?))
        };
        let leased = leased.await;
        if let Err(error) = &leased {
            reporter.report(|| Error::to_string(error));
        }
        leased
    }

    /// The server may be gone: the next statement connects anew, and does not wait for an answer on a
    /// connection that has none to give.
    pub fn distrust(&self) {
        self.proven.store(false, Ordering::Relaxed);
        self.close_idle(Duration::ZERO);
    }

    /// Closes connections that have been idle for the given time.
    pub fn close_idle(&self, longer_than: Duration) {
        let old: Vec<_> = {
            let idle = &mut lock(&self.unused).idle;
            let fresh = idle
                .iter()
                .position(|entry| entry.since.elapsed() < longer_than)
                .unwrap_or(idle.len());
            idle.drain(..fresh).collect()
        };
        for entry in old {
            self.close(entry.session);
        }
    }

    /// Gives up the connection not used for longest. False: none is idle.
    pub fn close_one_idle(&self) -> bool {
        let oldest = {
            let idle = &mut lock(&self.unused).idle;
            (!idle.is_empty()).then(|| idle.remove(0))
        };
        let Some(oldest) = oldest else { return false };
        self.close(oldest.session);
        true
    }

    pub fn open_connections(&self) -> usize {
        self.open.count()
    }

    async fn wait_for_permit(&self) -> Result<OwnedSemaphorePermit, Error> {
        let waiting = self.permits.clone().acquire_owned();
        match tokio::time::timeout(self.options.wait_timeout, waiting).await {
            Ok(Ok(permit)) => Ok(permit),
            _ => Err(Error::Busy {
                target: self.address.describe(),
                waited: self.options.wait_timeout,
                limit: self.options.max_connections_per_component,
                user: format!("component {:?}", self.component),
            }),
        }
    }

    /// One that comes back, or a new one, whichever there is first. A server that is full is asked
    /// again until one of ours or one of somebody else's becomes free.
    async fn session(&self) -> Result<Session, Error> {
        let asked = Instant::now();
        loop {
            let (sender, mut returned) = oneshot::channel();
            if let Some(session) = self.take_idle(Some(sender)) {
                return Ok(session);
            }
            let slot = tokio::select! {
                biased;
                Ok(session) = &mut returned => return Ok(session),
                slot = self.slot() => slot?,
            };
            returned.close();
            if let Ok(session) = returned.try_recv() {
                return Ok(session);
            }
            match self.open(slot).await {
                Err(Error::Full { .. }) if asked.elapsed() < self.options.wait_timeout => {
                    self.slots.close_one_idle(&self.open);
                    tokio::time::sleep(ASK_AGAIN).await;
                }
                opened => return opened,
            }
        }
    }

    /// Without one, `or_wait` is told of the next that comes back.
    fn take_idle(&self, or_wait: Option<oneshot::Sender<Session>>) -> Option<Session> {
        let mut unused = lock(&self.unused);
        while let Some(mut entry) = unused.idle.pop() {
            if entry.session.is_open() {
                return Some(entry.session);
            }
        }
        unused.waiting.extend(or_wait);
        None
    }

    async fn slot(&self) -> Result<Slot, Error> {
        let patience = self.options.wait_timeout;
        let slot = tokio::time::timeout(patience, self.slots.acquire(&self.open));
        slot.await.map_err(|_| Error::Busy {
            target: self.address.describe(),
            waited: patience,
            limit: self.options.max_connections,
            user: "this host".to_owned(),
        })
    }

    async fn open(&self, slot: Slot) -> Result<Session, Error> {
        let connected = connect_to(&self.address, self.tls.clone()).await?;
        self.proven.store(true, Ordering::Relaxed);
        let mut session = Session::new(
            connected,
            self.tls.clone(),
            self.options.max_statements_per_connection,
            slot,
        );
        if let Some(table) = self.appending.due() {
            match session.appending_functions(table).await {
                Ok(functions) => self.appending.set_functions(functions),
                Err(error) => tracing::debug!(
                    component = &*self.component,
                    reason = %crate::error::describe(&error),
                    "cannot ask which functions append to {table}"
                ),
            }
        }
        Ok(session)
    }

    /// Only for clean sessions.
    pub fn put_back(&self, mut session: Session) {
        if self.slots.should_yield(&self.open) {
            self.close(session);
            return;
        }
        let mut unused = lock(&self.unused);
        while let Some(waiting) = unused.waiting.pop_front() {
            match waiting.send(session) {
                Ok(()) => return,
                Err(refused) => session = refused,
            }
        }
        unused.idle.push(Idle {
            session,
            since: Instant::now(),
        });
    }

    fn close(&self, session: Session) {
        self.runtime.spawn(async move {
            let _ = tokio::time::timeout(Duration::from_secs(1), session.close()).await;
        });
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        self.close_idle(Duration::ZERO);
    }
}

/// Exclusive use of a session. When dropped, the session goes back to the pool: at once if clean,
/// else after a job of the host has ended what runs and undone what was left.
pub(crate) struct Lease {
    session: Option<Session>,
    pub pool: Arc<Pool>,
    permit: Option<OwnedSemaphorePermit>,
    pub reporter: Reporter,
}

impl Lease {
    /// If the connection broke under its statement: whoever called learns of it, and no other
    /// connection to this server is trusted to be better.
    pub fn report_broken(&mut self) {
        if let Some(reason) = self.take_broken() {
            self.pool.distrust();
            self.reporter.report(|| reason);
        }
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.pool.meters.in_use.decrement(1.0);
        let Some(session) = self.session.take() else {
            return;
        };
        if session.is_clean() {
            self.pool.put_back(session);
        } else {
            let (pool, permit) = (self.pool.clone(), self.permit.take());
            self.pool.runtime.spawn(async move {
                if let Some(session) = restore(session, &pool).await {
                    pool.put_back(session);
                }
                drop(permit);
            });
        }
    }
}

impl Deref for Lease {
    type Target = Session;

    #[expect(clippy::expect_used, reason = "only drop takes it")]
    fn deref(&self) -> &Session {
        self.session.as_ref().expect("a lease has its session")
    }
}

impl DerefMut for Lease {
    #[expect(clippy::expect_used, reason = "only drop takes it")]
    fn deref_mut(&mut self) -> &mut Session {
        self.session.as_mut().expect("a lease has its session")
    }
}

/// Nothing that holds these locks can panic half-way through a change.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
