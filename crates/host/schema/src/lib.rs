//! The migrations of the repository's `migrations` folder, embedded: all of them, and which of them
//! set up the event log alone, for applications that know no tasks. Runs nothing.

use std::fmt;

/// Every migration, in the order in which they are applied.
pub const MIGRATIONS: &[Migration] = include!(concat!(env!("OUT_DIR"), "/migrations.rs"));

/// How a comment at the top of a file says that the event log needs it. Such a file uses nothing
/// that files without this mark make.
const EVENT_LOG: &str = "-- event-log:";
/// How a file says that its statements run without a transaction around them.
const NO_TRANSACTION: &str = "-- no-transaction";

/// One step of the schema, and the way back.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Migration {
    /// `YYYYMMDDHHMMSS`.
    pub version: i64,
    /// `create_event_log`.
    pub name: &'static str,
    /// The SQL that makes it.
    pub up: &'static str,
    /// The SQL that takes it back.
    pub down: &'static str,
}

impl Migration {
    /// Whether the event log needs it.
    pub fn is_event_log(&self) -> bool {
        has_mark(self.up)
    }
}

/// Those that set up the event log alone, in their order.
pub fn event_log() -> impl Iterator<Item = &'static Migration> {
    MIGRATIONS
        .iter()
        .filter(|migration| migration.is_event_log())
}

/// The migration of this version.
pub fn find(version: i64) -> Option<&'static Migration> {
    MIGRATIONS
        .iter()
        .find(|migration| migration.version == version)
}

/// Whether this SQL must run without a transaction around it.
pub fn is_without_transaction(sql: &str) -> bool {
    sql.starts_with(NO_TRANSACTION)
}

/// As people name it: `20261121000100 create event log`.
impl fmt::Display for Migration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.version, self.name.replace('_', " "))
    }
}

impl fmt::Debug for Migration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

fn has_mark(sql: &str) -> bool {
    sql.lines()
        .take_while(|line| line.starts_with("--"))
        .any(|line| line.starts_with(EVENT_LOG))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn migrations_are_in_order_and_each_version_is_there_once() {
        let in_order = |pair: &[Migration]| pair[0].version < pair[1].version;
        assert!(MIGRATIONS.windows(2).all(in_order));
    }

    #[test]
    fn the_mark_stands_in_the_comment_at_the_top() {
        assert!(has_mark(
            "-- event-log: applied alone, too\nCREATE TABLE t ();"
        ));
        assert!(has_mark(
            "-- no-transaction\n-- event-log: yes\nCREATE INDEX …"
        ));
        assert!(!has_mark(
            "-- What it is.\nCREATE TABLE t ();\n-- event-log: too late"
        ));
    }

    #[test]
    fn the_event_log_is_some_of_them_and_not_all() {
        let some = event_log().count();
        assert!((1..MIGRATIONS.len()).contains(&some), "{some}");
        assert!(event_log().any(|one| one.up.contains("CREATE TABLE outbox")));
    }

    #[test]
    fn a_migration_is_shown_with_its_version_and_words() {
        let first = MIGRATIONS.first().expect("there is one");
        assert_eq!(find(first.version), Some(first));
        assert!(first.to_string().starts_with(&first.version.to_string()));
    }
}
