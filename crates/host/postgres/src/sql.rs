//! What running a statement can leave behind on its connection, read from its text.
//!
//! Only statements that certainly leave nothing are [`Effect::None`] and may share connections
//! without clean-up; a doubtful one counts as leaving settings. Only BEGIN and its relatives can
//! leave a transaction open, and their first word says so. A function of the user's own that calls
//! SET inside is beyond this; its traces stay within the same component and address.

mod words;

pub(crate) use words::words;

/// What stays on a connection after a statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Effect {
    None,
    /// BEGIN and everything else after which a transaction is or may be open.
    OpensTransaction,
    /// SAVEPOINT, ROLLBACK TO: only within a transaction, which stays open.
    WithinTransaction,
    /// COMMIT, ROLLBACK: none is open after success.
    ClosesTransaction,
    /// SET, LISTEN, temporary tables, session locks: must be reset before anybody else comes.
    Settings,
    /// PREPARE, DISCARD, COPY: interferes with what the driver keeps on the connection.
    Spoils,
}

/// The facts about one statement text, worked out once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Traits {
    pub effect: Effect,
    /// Changes rows, so it is worth finishing when its reader loses interest.
    pub writes: bool,
}

impl Traits {
    pub fn of(sql: &str) -> Self {
        let mut all = words(sql);
        let first = all.next().unwrap_or_default();
        let (effect, writes) = if is_any(first, PLAIN) {
            plain(first, all)
        } else {
            (utility(first, all), true)
        };
        Self { effect, writes }
    }
}

const PLAIN: &[&str] = &[
    "select", "insert", "update", "delete", "merge", "with", "values", "table", "show",
];

/// Functions that outlive the statement they are called in.
const STICKY_FUNCTIONS: &[&str] = &[
    "set_config",
    "pg_advisory_lock",
    "pg_advisory_lock_shared",
    "pg_try_advisory_lock",
    "pg_try_advisory_lock_shared",
    "setseed",
    "dblink_connect",
    "dblink_connect_u",
];

fn plain<'a>(first: &'a str, rest: impl Iterator<Item = &'a str>) -> (Effect, bool) {
    let mut effect = Effect::None;
    let mut writes = false;
    let mut previous = "";
    for word in std::iter::once(first).chain(rest) {
        // SELECT ... INTO makes a table, perhaps a temporary one; INSERT INTO does not.
        let makes_table = is(word, "into") && !is_any(previous, &["insert", "merge"]);
        if makes_table || is_any(word, STICKY_FUNCTIONS) {
            effect = Effect::Settings;
        }
        let locks = is(word, "update") && is_any(previous, &["for", "key"]);
        writes |= !locks && is_any(word, &["insert", "update", "delete", "merge"]);
        previous = word;
    }
    (effect, writes || effect == Effect::Settings)
}

fn utility<'a>(first: &'a str, mut rest: impl Iterator<Item = &'a str>) -> Effect {
    if is_any(first, &["begin", "start"]) {
        return Effect::OpensTransaction;
    }
    if is_any(first, &["savepoint", "release"]) {
        return Effect::WithinTransaction;
    }
    if is_any(first, &["commit", "end", "rollback", "abort"]) {
        // ROLLBACK TO, COMMIT AND CHAIN, COMMIT PREPARED: anything beyond the plain forms.
        return if rest.all(|word| is_any(word, &["work", "transaction"])) {
            Effect::ClosesTransaction
        } else {
            Effect::OpensTransaction
        };
    }
    if is_any(first, &["prepare", "deallocate", "discard", "load", "copy"]) {
        return Effect::Spoils;
    }
    Effect::Settings
}

fn is(word: &str, expected: &str) -> bool {
    word.eq_ignore_ascii_case(expected)
}

fn is_any(word: &str, expected: &[&str]) -> bool {
    expected.iter().any(|expected| is(word, expected))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn effect(sql: &str) -> Effect {
        Traits::of(sql).effect
    }

    fn writes(sql: &str) -> bool {
        Traits::of(sql).writes
    }

    #[test]
    fn plain_statements_leave_nothing() {
        for sql in [
            "SELECT 1",
            " \n-- begin\n/* set /* nested */ */ (select 1)",
            "WITH a AS (INSERT INTO t VALUES ($1) RETURNING *) SELECT * FROM a",
            "insert into t select 'begin; set_config(1)'",
            "SELECT pg_advisory_xact_lock(hashtextextended($1, 1))",
            "MERGE INTO t USING s ON t.id = s.id WHEN MATCHED THEN DELETE",
            "VALUES (1)",
            "TABLE t",
            "SELECT $$ into $$ || $tag$ set_config $tag$",
        ] {
            assert_eq!(effect(sql), Effect::None, "{sql}");
        }
    }

    #[test]
    fn transaction_control_is_told_apart() {
        for sql in [
            "BEGIN",
            "start transaction",
            "/* x */ begin isolation level serializable",
        ] {
            assert_eq!(effect(sql), Effect::OpensTransaction, "{sql}");
        }
        for sql in ["COMMIT", "end", "ROLLBACK WORK;", "abort transaction"] {
            assert_eq!(effect(sql), Effect::ClosesTransaction, "{sql}");
        }
        for sql in [
            "COMMIT AND CHAIN",
            "rollback to savepoint a",
            "ROLLBACK TO a",
        ] {
            assert_eq!(effect(sql), Effect::OpensTransaction, "{sql}");
        }
        assert_eq!(effect("SAVEPOINT a"), Effect::WithinTransaction);
    }

    #[test]
    fn everything_that_sticks_to_the_session_is_seen() {
        for sql in [
            "SET search_path = x",
            "RESET ALL",
            "LISTEN a",
            "CREATE TEMP TABLE t (a int)",
            "DO $$ BEGIN END $$",
            "CALL p()",
            "EXPLAIN ANALYZE SELECT 1",
            "SELECT 1 AS a INTO TEMP t",
            "WITH a AS (SELECT 1) SELECT * INTO t FROM a",
            "SELECT set_config('a.b', 'c', false)",
            "select pg_catalog.pg_advisory_lock(1)",
            "SELECT \"pg_try_advisory_lock\"(1)",
            "SELECT 'it''s', set_config('a.b', 'c', false)",
            "SELECT E'\\'', set_config('a.b', 'c', false)",
        ] {
            assert_eq!(effect(sql), Effect::Settings, "{sql}");
        }
    }

    #[test]
    fn statements_that_meddle_with_the_driver_cost_the_connection() {
        for sql in ["PREPARE p AS SELECT 1", "discard all", "COPY t FROM STDIN"] {
            assert_eq!(effect(sql), Effect::Spoils, "{sql}");
        }
    }

    #[test]
    fn writing_is_told_from_reading_and_locking() {
        assert!(writes(
            "WITH a AS (DELETE FROM t RETURNING *) SELECT * FROM a"
        ));
        assert!(writes("UPDATE t SET a = 1"));
        assert!(!writes("SELECT * FROM t FOR UPDATE"));
        assert!(!writes("SELECT * FROM t FOR NO KEY UPDATE"));
        assert!(!writes("SELECT 'insert', \"a\" FROM t -- delete"));
    }
}
