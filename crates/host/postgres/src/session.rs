//! One connection to Postgres with its prepared statements, and a record of what its user leaves
//! behind. A session that is dropped without a check of [`Session::is_clean`] closes, which is
//! always safe.

use std::collections::HashSet;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio_postgres::error::SqlState;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, Row, RowStream, Statement};

use crate::appending;
use crate::bindings::wit::Error as GuestError;
use crate::failure;
use crate::lru::Lru;
use crate::native::Connection;
use crate::outage;
use crate::slots::Slot;
use crate::sql::Effect;
use crate::text::Text;
use crate::tls::Tls;
use crate::values::{Parameter, check_types};
use crate::wire::Wire;

/// Everything a session can be reset by, except the driver's own prepared statements.
const RESET: &str = "CLOSE ALL; SET SESSION AUTHORIZATION DEFAULT; RESET ALL; UNLISTEN *; \
                     SELECT pg_advisory_unlock_all(); DISCARD TEMP; DISCARD SEQUENCES";

pub(crate) struct Session {
    client: Client,
    wire: Wire,
    statements: Lru<u64, Statement>,
    tls: Tls,
    left: Left,
    /// Why the connection broke under a statement.
    broken: Option<String>,
    _slot: Slot,
}

/// What the users of a session have left on it so far.
#[derive(Debug, Default)]
struct Left {
    /// A statement is being executed or its rows are being read.
    running: Option<Running>,
    /// A transaction is or may be open.
    transaction: bool,
    /// It has appended to the event log.
    appended: bool,
    settings: bool,
    /// Not to be used again.
    spoilt: bool,
}

/// How far a statement got.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Running {
    /// Its first answer has arrived: it would go on to its end by itself.
    pub answered: bool,
    pub writes: bool,
    pub appends: bool,
}

/// A statement whose execution has begun.
pub(crate) struct Started {
    pub statement: Statement,
    pub rows: Pin<Box<RowStream>>,
}

impl Session {
    pub fn new(
        (client, connection): (Client, Connection),
        tls: Tls,
        max_statements: usize,
        slot: Slot,
    ) -> Self {
        Self {
            client,
            wire: Wire::new(connection),
            statements: Lru::new(max_statements),
            tls,
            left: Left::default(),
            broken: None,
            _slot: slot,
        }
    }

    /// Asks the catalog which functions append to this table.
    pub async fn appending_functions(
        &mut self,
        table: &str,
    ) -> Result<HashSet<String>, tokio_postgres::Error> {
        let parameters: [&(dyn ToSql + Sync); 1] = [&table];
        let asked = self.client.query(appending::FUNCTIONS, &parameters);
        let rows = self.wire.drive(asked).await?;
        rows.iter().map(|row| row.try_get(0)).collect()
    }

    /// Still connected, as far as can be told without asking the server.
    pub fn is_open(&mut self) -> bool {
        self.wire.is_open()
    }

    /// Nothing runs, and nothing of its user is left.
    pub fn is_clean(&self) -> bool {
        let Left {
            running,
            transaction,
            settings,
            spoilt,
            ..
        } = &self.left;
        running.is_none() && !transaction && !settings && !spoilt
    }

    /// Why the connection broke under the last statement, if it did. Said once.
    pub fn take_broken(&mut self) -> Option<String> {
        self.broken.take()
    }

    pub fn running(&self) -> Option<Running> {
        self.left.running
    }

    /// Starts a statement: one round trip when it is prepared already. Statements that met a
    /// changed table are prepared anew, once; nothing had been executed then.
    pub async fn start(
        &mut self,
        text: &Text,
        parameters: &[Parameter],
    ) -> Result<Started, GuestError> {
        self.note_start(text);
        let mut result = self.try_start(text, parameters).await;
        if matches!(result, Err(StartError::Stale)) {
            self.statements.remove(&text.id);
            result = Box::pin(self.try_start(text, parameters)).await;
        }
        match result {
            Ok(started) => {
                if let Some(running) = &mut self.left.running {
                    running.answered = true;
                }
                Ok(started)
            }
            Err(StartError::Stale) => {
                self.left.running = None;
                Err(failure::other("the statement's tables keep changing"))
            }
            Err(StartError::Guest(error)) => {
                self.left.running = None;
                Err(error)
            }
            Err(StartError::Postgres(error)) => {
                self.left.running = None;
                Err(self.failed(&error))
            }
        }
    }

    /// The next row; `None` when the statement is complete, committed if it stood alone.
    pub fn poll_row(
        &mut self,
        cx: &mut Context<'_>,
        rows: &mut Pin<Box<RowStream>>,
    ) -> Poll<Option<Result<Row, GuestError>>> {
        let next = self
            .wire
            .poll_with(cx, |cx| futures::Stream::poll_next(rows.as_mut(), cx));
        next.map(|row| row.map(|row| row.map_err(|error| self.failed(&error))))
    }

    /// Call when the statement has ended. True: something appended is now visible to others.
    pub fn note_end(&mut self, text: &Text, succeeded: bool) -> bool {
        self.left.running = None;
        if !succeeded {
            return false;
        }
        self.left.appended |= text.appends();
        if text.traits.effect == Effect::ClosesTransaction {
            self.left.transaction = false;
        }
        !self.left.transaction && std::mem::take(&mut self.left.appended)
    }

    /// Whether what runs has ended within the time.
    pub async fn settles_within(&mut self, patience: Duration) -> bool {
        let idle = self.wire.drive(self.client.check_connection());
        matches!(tokio::time::timeout(patience, idle).await, Ok(Ok(())))
    }

    /// Asks the server to stop what runs. The request may arrive late and hit whatever runs by
    /// then, so the session must not be used afterwards.
    pub async fn cancel(&mut self) {
        self.left.spoilt = true;
        if let Err(error) = self
            .client
            .cancel_token()
            .cancel_query(self.tls.clone())
            .await
        {
            tracing::warn!(reason = %crate::error::describe(&error), "cannot cancel a statement");
        }
    }

    /// Undoes what was left behind. Afterwards the session is clean, or not usable.
    pub async fn restore(&mut self) -> Result<(), tokio_postgres::Error> {
        self.left.running = None;
        if self.left.transaction {
            self.wire
                .drive(self.client.batch_execute("ROLLBACK"))
                .await?;
            self.left.transaction = false;
            self.left.appended = false;
        }
        if self.left.settings {
            self.wire.drive(self.client.batch_execute(RESET)).await?;
            self.left.settings = false;
        }
        Ok(())
    }

    /// Closes in good manners instead of just hanging up.
    pub async fn close(self) {
        let Self { client, wire, .. } = self;
        drop(client);
        wire.finish().await;
    }

    fn note_start(&mut self, text: &Text) {
        self.left.running = Some(Running {
            answered: false,
            writes: text.traits.writes,
            appends: text.appends(),
        });
        match text.traits.effect {
            Effect::None | Effect::WithinTransaction | Effect::ClosesTransaction => {}
            Effect::OpensTransaction => self.left.transaction = true,
            Effect::Settings => self.left.settings = true,
            Effect::Spoils => self.left.spoilt = true,
        }
    }

    async fn try_start(
        &mut self,
        text: &Text,
        parameters: &[Parameter],
    ) -> Result<Started, StartError> {
        let cached = self.statements.get(&text.id).cloned();
        let was_cached = cached.is_some();
        let statement = match cached {
            Some(statement) => statement,
            None => {
                // Rare, and large: the future of every statement would have room for it.
                let prepared = Box::pin(self.wire.drive(self.client.prepare(&text.sql)));
                let statement = prepared.await?;
                self.statements.insert(text.id, statement.clone());
                statement
            }
        };
        check_types(parameters, statement.params()).map_err(StartError::Guest)?;
        let started = self.client.query_raw(&statement, parameters);
        match self.wire.drive(started).await {
            Ok(rows) => Ok(Started {
                statement,
                rows: Box::pin(rows),
            }),
            // Within a transaction the error has already ended it.
            Err(error) if was_cached && !self.left.transaction && is_stale(&error) => {
                Err(StartError::Stale)
            }
            Err(error) => Err(error.into()),
        }
    }

    fn failed(&mut self, error: &tokio_postgres::Error) -> GuestError {
        if error.as_db_error().is_none() {
            // Out of step with the server, or disconnected.
            self.left.spoilt = true;
        }
        self.broken = outage::of_statement(error, self.wire.is_connected());
        failure::query_failed(error, self.wire.closed_because())
    }
}

enum StartError {
    Stale,
    Guest(GuestError),
    Postgres(tokio_postgres::Error),
}

impl From<tokio_postgres::Error> for StartError {
    fn from(error: tokio_postgres::Error) -> Self {
        Self::Postgres(error)
    }
}

/// The server refused to bind a statement it had prepared: "cached plan must not change result
/// type" (told by the routine, the text is translated), or it no longer knows the statement.
fn is_stale(error: &tokio_postgres::Error) -> bool {
    error.as_db_error().is_some_and(|db| {
        let plan_changed = *db.code() == SqlState::FEATURE_NOT_SUPPORTED
            && db.routine() == Some("RevalidateCachedQuery");
        plan_changed || *db.code() == SqlState::INVALID_SQL_STATEMENT_NAME
    })
}
