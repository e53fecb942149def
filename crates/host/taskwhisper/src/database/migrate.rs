//! Schema migrations, embedded in the binary.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use anyhow::{Context as _, anyhow, bail};
use schema::MIGRATIONS;
use sqlx::migrate::{Migrate as _, MigrateError, Migration, MigrationType, Migrator};
use sqlx::postgres::{PgConnection, PgDatabaseError};
use sqlx::{ConnectOptions as _, Row as _, SqlSafeStr as _};

use super::{Address, OlderSchema};

/// The table sqlx keeps its record in.
const TABLE: &str = "_sqlx_migrations";
/// The oldest PostgreSQL the schema works on, as `server_version_num`.
const OLDEST_SERVER: i32 = 150_000;

/// Which migrations.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// All of them.
    Everything,
    /// Those that the event log needs, for applications of others.
    EventLog,
}

/// One migration and whether the database has it.
#[derive(Debug, PartialEq, Eq)]
pub struct Status {
    pub version: i64,
    pub description: String,
    pub state: State,
}

/// Whether a migration is in the database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    Applied,
    Pending,
    /// Applied, but its file reads differently today.
    Changed,
    /// Applied by a newer version of this program.
    Unknown,
}

impl Status {
    /// As people name a migration: its version and what it does.
    fn name(&self) -> String {
        format!("{} {}", self.version, self.description)
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = match self.state {
            State::Applied => "applied",
            State::Pending => "pending",
            State::Changed => "CHANGED",
            State::Unknown => "unknown",
        };
        write!(f, "{state}  {}  {}", self.version, self.description)
    }
}

/// Apply what is pending; several processes may try at once. Returns the versions applied.
///
/// # Errors
/// [`OlderSchema`] when no way leads from what the database has to what this program knows; nothing
/// was changed then.
pub async fn up(address: &Address) -> anyhow::Result<Vec<i64>> {
    up_to_date(address, Part::Everything).await
}

/// As [`up`], for a part of the schema. What else the database has stays as it is.
///
/// # Errors
/// As [`up`].
pub async fn up_to_date(address: &Address, part: Part) -> anyhow::Result<Vec<i64>> {
    let mut connection = connect(address).await?;
    let list = list(&mut connection).await?;
    check_versions(address, &mut connection, &list).await?;
    let migrator = migrator(part);
    let before = applied_versions(&mut connection).await?;
    migrator.run(&mut connection).await.map_err(explain)?;
    // A database restored from a dump stands in the future of its new server's transactions.
    event_log::rebase(address.as_str())
        .await
        .context("looking whether the database was restored from a dump")?;
    let after = applied_versions(&mut connection).await?;
    Ok(after.difference(&before).copied().collect())
}

/// Migrations that the database has and this program has not, or has otherwise.
async fn check_versions(
    address: &Address,
    connection: &mut PgConnection,
    list: &[Status],
) -> anyhow::Result<()> {
    let newest = MIGRATIONS.last().map_or(0, |migration| migration.version);
    let in_state = |state| list.iter().filter(move |status| status.state == state);
    if let Some(newer) = in_state(State::Unknown).find(|status| status.version > newest) {
        bail!(
            "the database has migration {}, which this version of the program does not know; run \
             the newer version",
            newer.version
        );
    }
    let changed: Vec<_> = in_state(State::Changed).map(Status::name).collect();
    let gone: Vec<_> = in_state(State::Unknown).map(Status::name).collect();
    if changed.is_empty() && gone.is_empty() {
        return Ok(());
    }
    let database = sqlx::query_scalar("SELECT current_database()::text")
        .fetch_one(connection)
        .await?;
    Err(OlderSchema {
        database,
        place: place(address),
        changed,
        gone,
    }
    .into())
}

/// Revert the last `steps` migrations, newest first. Returns the versions reverted.
pub async fn down(address: &Address, steps: usize) -> anyhow::Result<Vec<i64>> {
    let mut connection = connect(address).await?;
    let migrator = migrator(Part::Everything);
    let before = applied_versions(&mut connection).await?;
    let reverted: Vec<_> = before.iter().rev().take(steps).copied().collect();
    for version in &reverted {
        if schema::find(*version).is_none() {
            bail!("migration {version} has no .down.sql file in this version of the program");
        }
    }
    let target = before.iter().rev().nth(steps).copied().unwrap_or(0);
    migrator
        .undo(&mut connection, target)
        .await
        .map_err(explain)?;
    Ok(reverted)
}

/// What is applied and what is not.
pub async fn status(address: &Address) -> anyhow::Result<Vec<Status>> {
    list(&mut connect(address).await?).await
}

async fn list(connection: &mut PgConnection) -> anyhow::Result<Vec<Status>> {
    let mut applied = BTreeMap::new();
    if has_record(connection).await? {
        for row in sqlx::query("SELECT version, description, checksum FROM _sqlx_migrations")
            .fetch_all(connection)
            .await?
        {
            let description: String = row.try_get("description")?;
            let checksum: Vec<u8> = row.try_get("checksum")?;
            applied.insert(row.try_get::<i64, _>("version")?, (description, checksum));
        }
    }
    let migrator = migrator(Part::Everything);
    let mut list = Vec::new();
    for migration in migrator
        .iter()
        .filter(|m| m.migration_type.is_up_migration())
    {
        let state = match applied.remove(&migration.version) {
            None => State::Pending,
            Some((_, checksum)) if checksum == *migration.checksum => State::Applied,
            Some(_) => State::Changed,
        };
        list.push(Status {
            version: migration.version,
            description: migration.description.to_string(),
            state,
        });
    }
    list.extend(
        applied
            .into_iter()
            .map(|(version, (description, _))| Status {
                version,
                description,
                state: State::Unknown,
            }),
    );
    list.sort_by_key(|status| status.version);
    Ok(list)
}

fn place(address: &Address) -> String {
    let host = address.host_and_port();
    host.unwrap_or_else(|| "its Unix socket".into())
}

async fn connect(address: &Address) -> anyhow::Result<PgConnection> {
    let options = address.sqlx_options();
    let place = place(address);
    let mut connection = options.connect().await.map_err(|error| {
        let reason = match error.as_database_error() {
            Some(refused) => refused.message().to_owned(),
            None => error.to_string(),
        };
        anyhow!("cannot connect to Postgres at {place}: {reason}")
    })?;
    let version: i32 = sqlx::query_scalar("SELECT current_setting('server_version_num')::int")
        .fetch_one(&mut connection)
        .await?;
    if version < OLDEST_SERVER {
        bail!(
            "PostgreSQL {} is too old; version {} or later is needed",
            version / 10_000,
            OLDEST_SERVER / 10_000
        );
    }
    Ok(connection)
}

fn migrator(part: Part) -> Migrator {
    let wanted = MIGRATIONS.iter().filter(|migration| match part {
        Part::Everything => true,
        Part::EventLog => migration.is_event_log(),
    });
    let migrations = wanted.flat_map(|migration| {
        let one = |kind, sql: &'static str| {
            Migration::new(
                migration.version,
                migration.name.replace('_', " ").into(),
                kind,
                sql.into_sql_str(),
                schema::is_without_transaction(sql),
            )
        };
        [
            one(MigrationType::ReversibleUp, migration.up),
            one(MigrationType::ReversibleDown, migration.down),
        ]
    });
    let mut migrator = Migrator::with_migrations(migrations.collect());
    // The rest of the schema may be there.
    migrator.set_ignore_missing(part == Part::EventLog);
    migrator
}

async fn has_record(connection: &mut PgConnection) -> anyhow::Result<bool> {
    let found = sqlx::query_scalar("SELECT to_regclass($1) IS NOT NULL")
        .bind(TABLE)
        .fetch_one(connection)
        .await?;
    Ok(found)
}

async fn applied_versions(connection: &mut PgConnection) -> anyhow::Result<BTreeSet<i64>> {
    if !has_record(connection).await? {
        return Ok(BTreeSet::new());
    }
    let applied = connection.list_applied_migrations(TABLE).await?;
    Ok(applied
        .into_iter()
        .map(|migration| migration.version)
        .collect())
}

/// What to do about an error, and what Postgres itself advises.
pub fn explain(error: MigrateError) -> anyhow::Error {
    let advice = match &error {
        MigrateError::Dirty(version) => format!(
            "migration {version} stopped half-way; repair the schema by hand, then delete its \
             row from {TABLE}"
        ),
        MigrateError::ExecuteMigration(cause, version) => {
            let refused = cause.as_database_error();
            let hint = refused
                .and_then(|refused| refused.try_downcast_ref::<PgDatabaseError>()?.hint())
                .map_or_else(String::new, |hint| format!(" ({hint})"));
            format!("migration {version} failed, and nothing of it was kept{hint}")
        }
        _ => "a migration failed, and nothing of it was kept".into(),
    };
    anyhow::Error::new(error).context(advice)
}
