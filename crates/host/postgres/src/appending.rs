//! Which statements append to the event log, so that its readers can be woken once they are committed.
//!
//! Told from a statement's words, without strings and comments: it inserts into the log's table, or
//! calls a function that does, by itself or through others. Which functions do is asked of the
//! catalog. A trigger that raises a notice would tell it too, also for dynamic SQL, but costs each
//! append 30 us of processor time at the server (a statement-level trigger alone 11, of 60 in all) and
//! wakes this host a second time. Whatever is not seen here is found by polling.

use std::collections::HashSet;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::pool::lock;
use crate::sql::words;

/// New connections ask for the functions again after this time: they change with migrations.
const FRESH: Duration = Duration::from_secs(60);

/// Functions that insert into the table, or call one that does. `$1` is the table's name.
pub(crate) const FUNCTIONS: &str = r#"
WITH RECURSIVE own AS MATERIALIZED (
    SELECT p.proname::text AS name, coalesce(pg_get_function_sqlbody(p.oid), p.prosrc) AS body
    FROM pg_proc p
    JOIN pg_language l ON l.oid = p.prolang
    JOIN pg_namespace n ON n.oid = p.pronamespace
    WHERE l.lanname IN ('sql', 'plpgsql') AND n.nspname NOT IN ('pg_catalog', 'information_schema')
), appending AS (
    SELECT name FROM own WHERE body ~* ('\m(insert|merge)\s+into\s+(\w+\.)?"?' || $1 || '"?\M')
    UNION
    SELECT own.name FROM own JOIN appending called
    ON own.body ~* ('\m' || regexp_replace(called.name, '(\W)', '\\\1', 'g') || '"?\s*\(')
)
SELECT name FROM appending"#;

/// What appends in one database.
#[derive(Default)]
pub(crate) struct Appending {
    /// `None`: nobody wants to know.
    table: Option<String>,
    /// Counts the changes of `functions`, from 1.
    generation: AtomicU64,
    functions: Mutex<HashSet<String>>,
    asked: Mutex<Option<Instant>>,
}

impl Appending {
    pub fn new(table: Option<String>) -> Self {
        Self {
            table,
            generation: AtomicU64::new(1),
            ..Self::default()
        }
    }

    /// The table to ask the catalog about, if it is time to.
    pub fn due(&self) -> Option<&str> {
        let table = self.table.as_deref()?;
        let mut asked = lock(&self.asked);
        if asked.is_some_and(|asked| asked.elapsed() < FRESH) {
            return None;
        }
        *asked = Some(Instant::now());
        Some(table)
    }

    /// What the catalog says.
    pub fn set_functions(&self, names: HashSet<String>) {
        let mut functions = lock(&self.functions);
        if *functions != names {
            *functions = names;
            self.generation.fetch_add(1, Ordering::AcqRel);
        }
    }

    /// Whether a statement appends. `known` is its own: what was found for it, and when.
    pub fn includes(&self, sql: &str, known: &AtomicU64) -> bool {
        let Some(table) = &self.table else {
            return false;
        };
        let generation = self.generation.load(Ordering::Acquire);
        let found = known.load(Ordering::Relaxed);
        if found >> 1 == generation {
            return found & 1 == 1;
        }
        let functions = self
            .functions
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let appends = appends(sql, table, &functions);
        known.store(generation << 1 | u64::from(appends), Ordering::Relaxed);
        appends
    }
}

fn appends(sql: &str, table: &str, functions: &HashSet<String>) -> bool {
    let is = |word: &str, other: &str| word.eq_ignore_ascii_case(other);
    // `INSERT INTO`, perhaps a schema, and the table.
    let (mut verb, mut into, mut schema) = (false, false, false);
    for word in words(sql) {
        if (into || schema) && is(word, table) {
            return true;
        }
        if functions.contains(word) || functions.contains(&word.to_ascii_lowercase()) {
            return true;
        }
        schema = into;
        into = verb && is(word, "into");
        verb = is(word, "insert") || is(word, "merge");
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    fn appends_to_log(sql: &str) -> bool {
        appends(sql, "log", &HashSet::from(["note".to_owned()]))
    }

    #[test]
    fn a_statement_that_inserts_or_calls_what_does_appends() {
        for sql in [
            "INSERT INTO log VALUES (1)",
            "insert into \"log\" select 1",
            "WITH x AS (INSERT INTO public.log (a) VALUES ($1) RETURNING a) SELECT a FROM x",
            "MERGE INTO log USING s ON true WHEN NOT MATCHED THEN INSERT VALUES (1)",
            "SELECT Note(1)",
            "SELECT a FROM t, note(t.a)",
        ] {
            assert!(appends_to_log(sql), "{sql}");
        }
    }

    #[test]
    fn one_that_only_mentions_the_table_does_not() {
        for sql in [
            "SELECT * FROM log",
            "DELETE FROM log WHERE a < 1",
            "UPDATE t SET log = 1",
            "INSERT INTO t SELECT a FROM log",
            "SELECT 'insert into log' -- note(1)",
            "/* INSERT INTO log */ SELECT 1",
            "INSERT INTO logs VALUES (1)",
        ] {
            assert!(!appends_to_log(sql), "{sql}");
        }
    }

    #[test]
    fn what_was_found_is_found_again_when_functions_change() {
        let appending = Appending::new(Some("log".to_owned()));
        let known = AtomicU64::new(0);
        assert!(!appending.includes("SELECT note()", &known));
        appending.set_functions(HashSet::from(["note".to_owned()]));
        assert!(appending.includes("SELECT note()", &known));
        assert!(!Appending::new(None).includes("INSERT INTO log", &known));
    }
}
