//! Connections of one component to one address: bounded, opened when first needed, and handed on
//! only when clean. A session that is not put back on purpose is closed.

use std::ops::{Deref, DerefMut};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::runtime::Handle;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::Error;
use crate::address::Address;
use crate::meters::Meters;
use crate::native::connect_to;
use crate::options::Options;
use crate::restore::restore;
use crate::session::Session;
use crate::slots::{Place, Slots};
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
    /// Last in, first out, so that what is not needed ages at the front.
    idle: Mutex<Vec<Idle>>,
    texts: Mutex<Texts>,
    proven: AtomicBool,
    /// Where clean-up runs when a connection is dropped.
    runtime: Handle,
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
        Self {
            meters: Meters::new(&component),
            component,
            address,
            tls,
            permits: Arc::new(Semaphore::new(options.max_connections_per_component)),
            options,
            slots,
            idle: Mutex::default(),
            texts: Mutex::new(Texts::new()),
            proven: AtomicBool::new(false),
            runtime: Handle::current(),
        }
    }

    pub fn text(&self, sql: &str) -> Arc<Text> {
        lock(&self.texts).get(sql, self.options.append_marker.as_deref())
    }

    /// Whether connecting has worked before.
    pub fn is_proven(&self) -> bool {
        self.proven.load(Ordering::Relaxed)
    }

    /// A connection of one's own until dropped. Waits, within bounds, when all are in use.
    pub async fn lease(self: &Arc<Self>) -> Result<Lease, Error> {
        let asked = Instant::now();
        let permit = match self.permits.clone().try_acquire_owned() {
            Ok(permit) => permit,
            Err(_) => self.wait_for_permit().await?,
        };
        let session = self.session().await?;
        self.meters.waited(asked.elapsed());
        self.meters.in_use.increment(1.0);
        Ok(Lease {
            session: Some(session),
            pool: self.clone(),
            permit: Some(permit),
        })
    }

    /// Closes connections that have been idle for the given time.
    pub fn close_idle(&self, longer_than: Duration) {
        let mut idle = lock(&self.idle);
        let fresh = idle
            .iter()
            .position(|entry| entry.since.elapsed() < longer_than)
            .unwrap_or(idle.len());
        let old: Vec<_> = idle.drain(..fresh).collect();
        drop(idle);
        for entry in old {
            self.close(entry.session);
        }
    }

    /// Gives up the connection not used for longest. False: none is idle.
    pub fn close_one_idle(&self) -> bool {
        let mut idle = lock(&self.idle);
        if idle.is_empty() {
            return false;
        }
        let entry = idle.remove(0);
        drop(idle);
        self.close(entry.session);
        true
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

    /// An idle one, or a new one. A server that is full is asked again until one of ours or one of
    /// somebody else's becomes free.
    async fn session(&self) -> Result<Session, Error> {
        let asked = Instant::now();
        loop {
            if let Some(session) = self.take_idle() {
                return Ok(session);
            }
            match self.open().await {
                Err(Error::Full { .. }) if asked.elapsed() < self.options.wait_timeout => {
                    self.slots.close_one_idle();
                    tokio::time::sleep(ASK_AGAIN).await;
                }
                opened => return opened,
            }
        }
    }

    fn take_idle(&self) -> Option<Session> {
        loop {
            let mut entry = lock(&self.idle).pop()?;
            if entry.session.is_open() {
                return Some(entry.session);
            }
        }
    }

    async fn open(&self) -> Result<Session, Error> {
        let slot = self.slots.acquire(self.options.wait_timeout).await;
        let slot = slot.ok_or_else(|| Error::Busy {
            target: self.address.describe(),
            waited: self.options.wait_timeout,
            limit: self.options.max_connections,
            user: "this host".to_owned(),
        })?;
        let connected = connect_to(&self.address, self.tls.clone()).await?;
        self.proven.store(true, Ordering::Relaxed);
        Ok(Session::new(
            connected,
            self.tls.clone(),
            self.options.max_statements_per_connection,
            Place::new(slot, self.meters.connections.clone()),
        ))
    }

    /// Only for clean sessions.
    pub fn put_back(&self, session: Session) {
        if self.slots.are_wanted() {
            self.close(session);
            return;
        }
        lock(&self.idle).push(Idle {
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
