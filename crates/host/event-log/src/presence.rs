//! The connection that proves that this process lives, by an advisory lock and a heartbeat. It also
//! exchanges wake-ups with other hosts (LISTEN, NOTIFY) and learns which members exist.
//!
//! Writers never NOTIFY, because that would serialise their commits. This connection turns many
//! wake-ups into one NOTIFY.

use std::collections::HashMap;
use std::future::poll_fn;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio::task::AbortHandle;
use tokio::time::{Instant, MissedTickBehavior};
use tokio_postgres::{AsyncMessage, Client, Statement};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::Error;
use crate::backoff::Backoff;
use crate::connect::Connector;
use crate::log::Shared;
use crate::members::{Cluster, Member};

/// The first key of the advisory locks that stand for live processes ("log").
pub(crate) const PRESENCE: i32 = 0x006c_6f67;

const CHANNEL: &str = "event_log";
const APPENDED: &str = "appended";
const MEMBERS: &str = "members";

/// Notifications are at least this far apart.
const ANNOUNCE_INTERVAL: Duration = Duration::from_millis(2);
const TIMEOUT: Duration = Duration::from_secs(5);

const HEARTBEAT: &str = "
WITH mine AS (
    SELECT * FROM jsonb_to_recordset($1::text::jsonb)
        AS r(consumer_group text, member uuid, topics text[])
), beat AS (
    INSERT INTO log_members (consumer_group, member, topics, presence, expires_at)
    SELECT consumer_group, member, topics, $2, now() + $3::float8 * interval '1 second' FROM mine
    ON CONFLICT (consumer_group, member) DO UPDATE
    SET topics = excluded.topics, presence = excluded.presence, expires_at = excluded.expires_at
), expired AS (
    DELETE FROM log_members WHERE expires_at < now() - interval '1 minute'
        AND member NOT IN (SELECT member FROM mine)
), renewed AS (
    UPDATE log_leases SET presence = $2, expires_at = now() + $3::float8 * interval '1 second'
    WHERE owner = $4 AND name = ANY($5) RETURNING name
), present AS MATERIALIZED (
    SELECT objid::bigint AS presence FROM pg_locks
    WHERE locktype = 'advisory' AND objsubid = 2 AND classid::bigint = $6 AND granted
      AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
)
SELECT (SELECT coalesce(array_agg(name), '{}') FROM renewed),
       (SELECT count(*) FROM present),
       (SELECT coalesce(jsonb_agg(to_jsonb(m)), '[]')::text FROM (
            SELECT consumer_group, member, topics FROM log_members
            WHERE consumer_group IN (SELECT consumer_group FROM mine) AND expires_at > now()
              AND ($7 OR presence::bigint IN (SELECT presence FROM present))
        ) m)";

const LEAVE: &str = "DELETE FROM log_members WHERE member = ANY($1)";

/// Keeps the connection up until `stop`.
pub(crate) async fn run(
    shared: Arc<Shared>,
    publish: watch::Sender<Arc<Cluster>>,
    stop: CancellationToken,
) {
    let mut backoff = Backoff::default();
    let mut grace = None;
    loop {
        let served = async {
            let mut connection = Presence::open(&shared).await?;
            backoff.reset();
            shared.connector.worked();
            connection.serve(&shared, &publish, grace).await
        };
        let error = tokio::select! {
            () = stop.cancelled() => return,
            served = served => match served {
                Ok(never) => match never {},
                Err(error) => error,
            },
        };
        shared.connector.failed(&error);
        // From now on others may see our lock gone and take over.
        shared.leases.lose_all();
        publish.send_modify(|cluster| Arc::make_mut(cluster).presence = None);
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(backoff.next()) => {}
        }
        grace = Some(shared.options.time_to_live);
    }
}

enum Notification {
    Appended,
    MembersChanged,
}

struct Presence {
    client: Client,
    heartbeat: Statement,
    notify: Statement,
    leave: Statement,
    presence: i32,
    heard: mpsc::UnboundedReceiver<Notification>,
    driver: AbortHandle,
    /// Processes that live, this one included.
    processes: i64,
    members: Vec<Uuid>,
}

impl Drop for Presence {
    fn drop(&mut self) {
        self.driver.abort();
    }
}

enum Never {}

impl Presence {
    async fn open(shared: &Shared) -> Result<Self, Error> {
        let (client, mut connection) = shared.connector.open().await?;
        let (tell, heard) = mpsc::unbounded_channel();
        let driver = tokio::spawn(async move {
            while let Some(Ok(message)) = poll_fn(|cx| connection.poll_message(cx)).await {
                let AsyncMessage::Notification(notification) = message else {
                    continue;
                };
                let heard = match notification.payload() {
                    APPENDED => Notification::Appended,
                    _ => Notification::MembersChanged,
                };
                if tell.send(heard).is_err() {
                    return;
                }
            }
        })
        .abort_handle();
        let opened = async {
            Connector::set_up(&client).await?;
            client.batch_execute(&format!("LISTEN {CHANNEL}")).await?;
            Ok::<_, Error>((
                take_presence(&client).await?,
                client.prepare(HEARTBEAT).await?,
                client.prepare("SELECT pg_notify($1, $2)").await?,
                client.prepare(LEAVE).await?,
            ))
        };
        let opened = tokio::time::timeout(TIMEOUT, opened).await;
        let (presence, heartbeat, notify, leave) = match opened {
            Ok(Ok(opened)) => opened,
            Ok(Err(error)) => return Err(error),
            Err(_) => {
                driver.abort();
                return Err(Error::Timeout(TIMEOUT));
            }
        };
        Ok(Self {
            client,
            heartbeat,
            notify,
            leave,
            presence,
            heard,
            driver,
            // Until the first heartbeat others may be listening.
            processes: 2,
            members: Vec::new(),
        })
    }

    async fn serve(
        &mut self,
        shared: &Shared,
        publish: &watch::Sender<Arc<Cluster>>,
        grace: Option<Duration>,
    ) -> Result<Never, Error> {
        let grace_ends = grace.map(|grace| Instant::now() + grace);
        let mut beat = tokio::time::interval(shared.options.heartbeat);
        beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut next_announcement = Instant::now();
        // We may have missed wake-ups while the connection was down.
        shared.wake_ups.woken();
        loop {
            tokio::select! {
                heard = self.heard.recv() => match heard {
                    Some(Notification::Appended) => shared.wake_ups.woken(),
                    Some(Notification::MembersChanged) => beat.reset_immediately(),
                    None => return Err(Error::Postgres("the connection was closed".to_owned())),
                },
                outbound = async {
                    tokio::time::sleep_until(next_announcement).await;
                    shared.wake_ups.outbound().await
                } => {
                    next_announcement = Instant::now() + ANNOUNCE_INTERVAL;
                    if outbound.members_changed {
                        self.announce(MEMBERS).await?;
                        beat.reset_immediately();
                    }
                    // A process that is alone has nobody to wake.
                    if outbound.appended && self.processes > 1 {
                        self.announce(APPENDED).await?;
                    }
                }
                _ = beat.tick() => {
                    let in_grace = grace_ends.is_some_and(|end| Instant::now() < end);
                    let cluster = self.beat(shared, in_grace).await?;
                    publish.send_replace(Arc::new(cluster));
                }
            }
        }
    }

    async fn announce(&self, what: &str) -> Result<(), Error> {
        answer(self.client.execute(&self.notify, &[&CHANNEL, &what]))
            .await
            .map(drop)
    }

    async fn beat(&mut self, shared: &Shared, in_grace: bool) -> Result<Cluster, Error> {
        let own = shared.registry.all();
        self.remove_left(&own).await?;
        let own_json = serde_json::to_string(&own).unwrap_or_else(|_| "[]".to_owned());
        let leases = shared.leases.names();
        let row = answer(self.client.query_one(
            &self.heartbeat,
            &[
                &own_json,
                &self.presence,
                &shared.options.time_to_live.as_secs_f64(),
                &shared.process,
                &leases,
                &i64::from(PRESENCE),
                &in_grace,
            ],
        ))
        .await?;
        shared
            .leases
            .renewed(&leases, &row.try_get::<_, Vec<String>>(0)?);
        self.processes = row.try_get(1)?;
        let seen: Vec<Member> = serde_json::from_str(row.try_get(2)?)
            .map_err(|error| Error::Postgres(format!("unreadable members: {error}")))?;
        let mut members: HashMap<String, Vec<Member>> = HashMap::new();
        // The statement does not see what it wrote itself.
        let others = seen
            .into_iter()
            .filter(|seen| own.iter().all(|own| own.member != seen.member));
        for member in others.chain(own.iter().cloned()) {
            members
                .entry(member.consumer_group.clone())
                .or_default()
                .push(member);
        }
        Ok(Cluster {
            presence: Some(self.presence),
            in_grace,
            members,
        })
    }

    /// Removes members that left since the last heartbeat, so that they need not expire.
    async fn remove_left(&mut self, own: &[Member]) -> Result<(), Error> {
        let own: Vec<Uuid> = own.iter().map(|member| member.member).collect();
        let gone: Vec<Uuid> = std::mem::take(&mut self.members)
            .into_iter()
            .filter(|member| !own.contains(member))
            .collect();
        self.members = own;
        if !gone.is_empty() {
            answer(self.client.execute(&self.leave, &[&gone])).await?;
            self.announce(MEMBERS).await?;
        }
        Ok(())
    }
}

async fn answer<T>(
    query: impl Future<Output = Result<T, tokio_postgres::Error>>,
) -> Result<T, Error> {
    match tokio::time::timeout(TIMEOUT, query).await {
        Ok(answer) => Ok(answer?),
        Err(_) => Err(Error::Timeout(TIMEOUT)),
    }
}

/// Takes a session lock of a random number. Postgres releases it when the process is gone.
async fn take_presence(client: &Client) -> Result<i32, Error> {
    loop {
        let presence = rand::random_range(1..i32::MAX);
        let row = client
            .query_one(
                "SELECT pg_try_advisory_lock($1, $2)",
                &[&PRESENCE, &presence],
            )
            .await?;
        if row.try_get(0)? {
            return Ok(presence);
        }
    }
}
