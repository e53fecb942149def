//! Schema migrations, embedded in the binary.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use anyhow::{Context as _, anyhow, bail};
use sqlx::migrate::{Migrate as _, MigrateError, Migration, MigrationType, Migrator};
use sqlx::postgres::PgConnection;
use sqlx::{ConnectOptions as _, Row as _, SqlSafeStr as _};

use super::Address;

/// File name and content of each migration, from `build.rs`.
const FILES: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/migrations.rs"));
/// The table sqlx keeps its record in.
const TABLE: &str = "_sqlx_migrations";
/// The oldest PostgreSQL the schema works on, as `server_version_num`.
const OLDEST_SERVER: i32 = 150_000;

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
pub async fn up(address: &Address) -> anyhow::Result<Vec<i64>> {
    let mut connection = connect(address).await?;
    let migrator = migrator()?;
    let before = applied_versions(&mut connection).await?;
    migrator.run(&mut connection).await.map_err(explain)?;
    // A database restored from a dump stands in the future of its new server's transactions.
    event_log::rebase(address.as_str())
        .await
        .context("looking whether the database was restored from a dump")?;
    let after = applied_versions(&mut connection).await?;
    Ok(after.difference(&before).copied().collect())
}

/// Revert the last `steps` migrations, newest first. Returns the versions reverted.
pub async fn down(address: &Address, steps: usize) -> anyhow::Result<Vec<i64>> {
    let mut connection = connect(address).await?;
    let migrator = migrator()?;
    let before = applied_versions(&mut connection).await?;
    let reverted: Vec<_> = before.iter().rev().take(steps).copied().collect();
    for version in &reverted {
        let is_down = |m: &&Migration| m.migration_type.is_down_migration();
        if !migrator
            .iter()
            .filter(is_down)
            .any(|m| m.version == *version)
        {
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
    let mut connection = connect(address).await?;
    let mut applied = BTreeMap::new();
    if has_record(&mut connection).await? {
        for row in sqlx::query("SELECT version, description, checksum FROM _sqlx_migrations")
            .fetch_all(&mut connection)
            .await?
        {
            let description: String = row.try_get("description")?;
            let checksum: Vec<u8> = row.try_get("checksum")?;
            applied.insert(row.try_get::<i64, _>("version")?, (description, checksum));
        }
    }
    let migrator = migrator()?;
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

async fn connect(address: &Address) -> anyhow::Result<PgConnection> {
    let options = address.sqlx_options();
    let host = address.host_and_port();
    let place = host.unwrap_or_else(|| "its Unix socket".into());
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

fn migrator() -> anyhow::Result<Migrator> {
    let mut migrations = Vec::with_capacity(FILES.len());
    for (name, sql) in FILES.iter().copied() {
        let (stem, kind) = match name.strip_suffix(".up.sql") {
            Some(stem) => (stem, MigrationType::ReversibleUp),
            None => (
                name.trim_end_matches(".down.sql"),
                MigrationType::ReversibleDown,
            ),
        };
        let (version, description) = stem
            .split_once('_')
            .and_then(|(version, rest)| Some((version.parse().ok()?, rest.replace('_', " "))))
            .with_context(|| format!("migration `{name}` is not named <version>_<what>"))?;
        let without_transaction = sql.starts_with("-- no-transaction");
        migrations.push(Migration::new(
            version,
            description.into(),
            kind,
            sql.into_sql_str(),
            without_transaction,
        ));
    }
    Ok(Migrator::with_migrations(migrations))
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

fn explain(error: MigrateError) -> anyhow::Error {
    let advice = match &error {
        MigrateError::VersionMissing(version) => format!(
            "the database has migration {version}, which this version of the program does not \
             know; run the newer version"
        ),
        MigrateError::VersionMismatch(version) => format!(
            "migration {version} was changed after it was applied; restore its file and put the \
             change into a new migration"
        ),
        MigrateError::Dirty(version) => format!(
            "migration {version} stopped half-way; repair the schema by hand, then delete its \
             row from {TABLE}"
        ),
        _ => "a migration failed; nothing of it was kept".into(),
    };
    anyhow::Error::new(error).context(advice)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_migration_has_a_name_and_a_way_back() {
        let migrator = migrator().unwrap();
        let versions = |down: bool| -> BTreeSet<i64> {
            let of_kind = |m: &&Migration| m.migration_type.is_down_migration() == down;
            migrator.iter().filter(of_kind).map(|m| m.version).collect()
        };
        assert!(!versions(false).is_empty());
        assert_eq!(versions(false), versions(true));
    }
}
