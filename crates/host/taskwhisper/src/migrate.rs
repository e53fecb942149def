//! `taskwhisper migrate`.

use anyhow::bail;
use schema::Migration;

use crate::cli::{DatabaseUrl, Direction, MigrateArgs};
use crate::database::{self, Part};
use crate::logging::{self, Format};
use crate::{required, say};

/// Brings the schema up, back, or shows where it is.
///
/// # Errors
/// When the database cannot be reached, or a migration fails; see [`database::up`].
pub async fn run(args: MigrateArgs) -> anyhow::Result<()> {
    logging::start(Format::Human)?;
    let DatabaseUrl(database) = required(args.database.database_url)?;
    let part = match args.event_log {
        true => Part::EventLog,
        false => Part::Everything,
    };
    let done = match args.direction.unwrap_or(Direction::Up) {
        Direction::Up => {
            let applied = database::up_to_date(&database, part).await?;
            report(&applied, part)
        }
        Direction::Down { .. } if args.event_log => {
            bail!(
                "migrate down reverts the newest migrations, whatever they are; leave out --event-log"
            )
        }
        Direction::Down { steps } => match database::down(&database, steps).await?.as_slice() {
            [] => "No migration is applied.".to_owned(),
            reverted => format!("Reverted:\n{}", list(reverted)),
        },
        Direction::Status => {
            let mut all = database::status(&database).await?;
            all.retain(|status| {
                let migration = schema::find(status.version);
                !args.event_log || migration.is_some_and(Migration::is_event_log)
            });
            let lines: Vec<_> = all.iter().map(ToString::to_string).collect();
            lines.join("\n")
        }
    };
    say(&done);
    Ok(())
}

/// What was done, and for the event log alone what is left to do.
fn report(applied: &[i64], part: Part) -> String {
    let (is_there, next) = match part {
        Part::Everything => ("The schema is up to date.", ""),
        Part::EventLog => ("The event log is up to date.", NEXT),
    };
    match applied {
        [] => format!("{is_there}{next}"),
        applied => format!("Applied:\n{}{next}", list(applied)),
    }
}

/// Whom to let in, once there is an event log.
const NEXT: &str = "

Let the host in, with the role of the URL that `event_log` of spin.toml names:
  GRANT taskwhisper_host TO <role>;
Let your components append, with the role that they connect as:
  GRANT SELECT, INSERT ON outbox TO <role>;";

/// A line for each.
fn list(versions: &[i64]) -> String {
    let name = |version: &i64| match schema::find(*version) {
        Some(migration) => format!("  {migration}"),
        None => format!("  {version}"),
    };
    versions.iter().map(name).collect::<Vec<_>>().join("\n")
}
