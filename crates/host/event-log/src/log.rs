//! One process's access to the event log.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use tokio::sync::{Mutex, watch};
use tokio_util::sync::{CancellationToken, DropGuard};
use uuid::Uuid;

use crate::connect::Connector;
use crate::dead_letter;
use crate::group::{Consumer, GroupOptions};
use crate::lease::{self, Lease, Leases};
use crate::members::{Cluster, Registry};
use crate::presence;
use crate::session::Session;
use crate::tail::{Tail, Tails};
use crate::wake_ups::WakeUps;
use crate::{Error, Options, idle, prune, rebase, ticks};
use records::DeadLetter;

/// This process's access to the event log. One per process and database.
pub struct EventLog {
    pub(crate) shared: Arc<Shared>,
    pub(crate) tails: Tails,
    /// Ends the background jobs with the last handle.
    _stop: DropGuard,
}

/// What the background jobs of one log share.
pub(crate) struct Shared {
    pub connector: Arc<Connector>,
    pub options: Options,
    pub process: Uuid,
    pub wake_ups: WakeUps,
    pub registry: Registry,
    pub leases: Leases,
    pub cluster: watch::Receiver<Arc<Cluster>>,
    /// For rare statements: leases, dead letters, ticks.
    pub session: Mutex<Session>,
    pub stop: CancellationToken,
}

/// One row for each privilege that is needed. A list of them in one call would ask for any.
const CHECK: &str = "
SELECT w.name, p.privilege, to_regclass(w.name) IS NOT NULL,
       CASE WHEN to_regclass(w.name) IS NOT NULL THEN has_table_privilege(w.name, p.privilege) END
FROM (VALUES ('outbox', '{SELECT,DELETE}'),
             ('log_positions', '{SELECT,INSERT,UPDATE,DELETE}'),
             ('log_members', '{SELECT,INSERT,UPDATE,DELETE}'),
             ('log_leases', '{SELECT,INSERT,UPDATE,DELETE}'),
             ('dead_letters', '{SELECT,INSERT}'),
             ('cron_ticks', '{SELECT,INSERT,UPDATE}')) AS w(name, privileges)
CROSS JOIN unnest(w.privileges::text[]) AS p(privilege)";

impl EventLog {
    /// Connects, checks that the schema is there, and starts to take part.
    ///
    /// # Errors
    /// When Postgres cannot be reached now, or lacks a table or a privilege; lists all of them.
    pub async fn connect(url: &str, options: Options) -> Result<Arc<Self>, Error> {
        let connector = Arc::new(Connector::new(url));
        let mut session = Session::new(connector.clone());
        check(&mut session).await?;
        if rebase::is_needed(&mut session).await? {
            return Err(Error::Restored);
        }
        let stop = CancellationToken::new();
        let (publish, cluster) = watch::channel(Arc::new(Cluster::default()));
        let shared = Arc::new(Shared {
            connector,
            options,
            process: Uuid::now_v7(),
            wake_ups: WakeUps::new(),
            registry: Registry::default(),
            leases: Leases::default(),
            cluster,
            session: Mutex::new(session),
            stop: stop.clone(),
        });
        tokio::spawn(presence::run(shared.clone(), publish, stop.clone()));
        tokio::spawn(prune::run(shared.clone(), stop.clone()));
        Ok(Arc::new(Self {
            tails: Tails::start(shared.clone()),
            shared,
            _stop: stop.drop_guard(),
        }))
    }

    /// This process has appended: its readers look now, other hosts are told. Cheap enough to
    /// call for every statement.
    pub fn wake(&self) {
        self.shared.wake_ups.appended();
    }

    /// Everything appended to these topics from now on. See [`Tail::ready`] for when now is.
    pub fn tail(self: &Arc<Self>, topics: Vec<String>) -> Tail {
        Tail::open(self, topics)
    }

    /// Joins a consumer group.
    ///
    /// # Errors
    /// When the group has no name or no topics.
    pub fn consume(self: &Arc<Self>, group: GroupOptions) -> Result<Consumer, Error> {
        Consumer::join(self, group)
    }

    /// Waits until this process alone holds the lease of this name.
    pub async fn lease(&self, name: &str) -> Lease {
        let mut cluster = self.shared.cluster.clone();
        loop {
            cluster.mark_unchanged();
            match lease::try_acquire(&self.shared, name).await {
                Ok(Some(lease)) => return lease,
                Ok(None) => {}
                Err(error) => self.shared.connector.failed(&error),
            }
            // Changes arrive with each heartbeat, and when somebody releases a lease.
            if cluster.changed().await.is_err() {
                std::future::pending::<()>().await;
            }
        }
    }

    /// Dead-dead letters a record: once, however often this is called for it. When this has returned,
    /// committing the record's offset cannot lose the dead letter.
    ///
    /// # Errors
    /// When Postgres cannot be reached.
    pub async fn dead_letter(&self, dead_letter: &DeadLetter) -> Result<(), Error> {
        let mut session = self.shared.session.lock().await;
        dead_letter::insert(&mut session, dead_letter).await
    }

    /// The last handled tick of a cron job; `now` for a new job.
    ///
    /// # Errors
    /// When Postgres cannot be reached.
    pub async fn last_tick(&self, name: &str, now: DateTime<Utc>) -> Result<DateTime<Utc>, Error> {
        let mut session = self.shared.session.lock().await;
        ticks::load(&mut session, name, now).await
    }

    /// All ticks of the job up to this one are handled.
    ///
    /// # Errors
    /// When Postgres cannot be reached.
    pub async fn save_tick(&self, name: &str, tick: DateTime<Utc>) -> Result<(), Error> {
        let mut session = self.shared.session.lock().await;
        ticks::save(&mut session, name, tick).await
    }

    /// Deletes rows past their retention that every group has read, now instead of in the
    /// background. Returns how many.
    ///
    /// # Errors
    /// When Postgres cannot be reached.
    pub async fn prune(&self) -> Result<u64, Error> {
        let mut session = Session::new(self.shared.connector.clone());
        prune::prune(&mut session, self.shared.options.retention).await
    }

    /// Every topic that has records, by name.
    ///
    /// # Errors
    /// When Postgres cannot be reached.
    pub async fn topics(&self) -> Result<Vec<String>, Error> {
        prune::topics(&mut *self.shared.session.lock().await).await
    }

    /// Deletes the offsets of a group without members, so that it no longer retains old rows. If it
    /// ever comes back, it starts anew. Returns whether there was such a group.
    ///
    /// # Errors
    /// When Postgres cannot be reached.
    pub async fn forget_group(&self, group: &str) -> Result<bool, Error> {
        idle::forget(&mut *self.shared.session.lock().await, group).await
    }

    /// Deletes the offsets of a group without members in the partitions that the group `by` reads
    /// instead, so that rows are retained for `by` only. Returns whether there were any.
    ///
    /// # Errors
    /// When Postgres cannot be reached.
    pub async fn supersede_group(&self, group: &str, by: &str) -> Result<bool, Error> {
        idle::supersede(&mut *self.shared.session.lock().await, group, by).await
    }
}

pub(crate) async fn check(session: &mut Session) -> Result<(), Error> {
    let mut wrong = Vec::new();
    for row in session.query(CHECK, &[]).await? {
        let (table, privilege): (&str, &str) = (row.try_get(0)?, row.try_get(1)?);
        let lack = if !row.try_get::<_, bool>(2)? {
            format!("there is no table `{table}`")
        } else if row.try_get::<_, Option<bool>>(3)? == Some(false) {
            format!("no privilege to {privilege} on the table `{table}`")
        } else {
            continue;
        };
        if wrong.last() != Some(&lack) {
            wrong.push(lack);
        }
    }
    if wrong.is_empty() {
        Ok(())
    } else {
        Err(Error::Unusable(wrong))
    }
}
