//! Whether Postgres was away while a call ran. A caller that knows it can do the call again without
//! holding it against what it was called with.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

use tokio_postgres::error::SqlState;

use crate::error::describe;
use crate::pool::lock;

/// What one call has met of Postgres' absence. Clones are the same.
#[derive(Clone, Default)]
pub struct Outage(Arc<Seen>);

#[derive(Default)]
struct Seen {
    reason: Mutex<Option<String>>,
    /// Connections that are being opened for it, or waited for.
    connecting: AtomicU32,
}

impl Outage {
    /// Why the call had no Postgres, if that is so: no connection could be had, or one broke. One
    /// that is still being waited for counts too.
    pub fn reason(&self) -> Option<String> {
        let reason = lock(&self.0.reason).clone();
        reason.or_else(|| {
            let connecting = self.0.connecting.load(Ordering::Acquire) > 0;
            connecting.then(|| "no connection to Postgres in the time the call may take".to_owned())
        })
    }

    fn note(&self, reason: String) {
        // The first is the cause of the others.
        lock(&self.0.reason).get_or_insert(reason);
    }
}

/// Who is told, for all connections of an instance: the call that runs in it, if anybody asked.
#[derive(Clone, Default)]
pub(crate) struct Reporter(Arc<Mutex<Option<Outage>>>);

impl Reporter {
    pub fn report_to(&self, outage: Outage) {
        *lock(&self.0) = Some(outage);
    }

    pub fn report(&self, reason: impl FnOnce() -> String) {
        if let Some(outage) = &*lock(&self.0) {
            outage.note(reason());
        }
    }

    /// A connection is awaited until the guard is dropped.
    pub fn connecting(&self) -> Option<Connecting> {
        let outage = lock(&self.0).clone()?;
        outage.0.connecting.fetch_add(1, Ordering::AcqRel);
        Some(Connecting(outage))
    }
}

pub(crate) struct Connecting(Outage);

impl Drop for Connecting {
    fn drop(&mut self) {
        self.0.0.connecting.fetch_sub(1, Ordering::AcqRel);
    }
}

/// Why a statement that failed has met an absence and no fault of its own, if so.
pub(crate) fn of_statement(error: &tokio_postgres::Error, connected: bool) -> Option<String> {
    let gone = match error.code() {
        Some(code) => is_going(code),
        None => !connected,
    };
    gone.then(|| format!("the connection to Postgres broke: {}", describe(error)))
}

/// The server ends sessions, or has none to give: classes 08 and 57P of SQLSTATE, without what a
/// client brings on itself.
fn is_going(code: &SqlState) -> bool {
    [
        SqlState::ADMIN_SHUTDOWN,
        SqlState::CRASH_SHUTDOWN,
        SqlState::CANNOT_CONNECT_NOW,
        SqlState::TOO_MANY_CONNECTIONS,
    ]
    .contains(code)
        || code.code().starts_with("08")
}
