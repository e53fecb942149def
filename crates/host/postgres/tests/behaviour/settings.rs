use host_postgres::Options;

use crate::harness::with_host;

const GUEST: &str = "postgres-settings";

/// One connection, so that whatever sticks to it would be seen.
fn one_connection() -> Options {
    Options {
        max_connections_per_component: 1,
        ..Options::default()
    }
}

#[tokio::test]
async fn settings_hold_on_their_connection_and_end_with_it() {
    with_host(one_connection(), async |host| {
        let set = "SET search_path = elsewhere\nSHOW search_path";
        assert_eq!(host.answer(GUEST, set).await, "elsewhere");
        assert_ne!(host.answer(GUEST, "SHOW search_path").await, "elsewhere");

        let set = "SELECT set_config('probe.x', 'mine', false)\nSHOW probe.x";
        assert_eq!(host.answer(GUEST, set).await, "mine");
        let show = "SELECT coalesce(current_setting('probe.x', true), '')";
        assert_eq!(host.answer(GUEST, show).await, "");
    })
    .await;
}

#[tokio::test]
async fn temporary_tables_do_not_reach_the_next_request() {
    with_host(one_connection(), async |host| {
        let create = "CREATE TEMP TABLE mine (a int)\nSELECT to_regclass('mine')::text";
        assert_eq!(host.answer(GUEST, create).await, "mine");
        let look = "SELECT coalesce(to_regclass('mine')::text, 'gone')";
        assert_eq!(host.answer(GUEST, look).await, "gone");

        host.answer(GUEST, "SELECT 1 AS a INTO TEMP mine").await;
        assert_eq!(host.answer(GUEST, look).await, "gone");
    })
    .await;
}

#[tokio::test]
async fn session_locks_and_listening_end_with_the_request() {
    with_host(one_connection(), async |host| {
        host.answer(GUEST, "SELECT pg_advisory_lock(7)\nLISTEN probe")
            .await;
        // Other tests have locks in databases of their own.
        let locks = "SELECT count(*) FROM pg_locks l JOIN pg_database d ON d.oid = l.database
                     WHERE l.locktype = 'advisory' AND d.datname = current_database()";
        host.database.becomes(locks, 0).await;
        let listening = "SELECT count(*)::text FROM pg_listening_channels()";
        assert_eq!(host.answer(GUEST, listening).await, "0");
    })
    .await;
}

#[tokio::test]
async fn prepared_statements_of_sql_do_not_clash_with_those_of_the_next_request() {
    with_host(one_connection(), async |host| {
        for _ in 0..2 {
            let prepare = "PREPARE mine AS SELECT 'ran'\nEXECUTE mine";
            assert_eq!(host.answer(GUEST, prepare).await, "ran");
        }
    })
    .await;
}

#[tokio::test]
async fn the_drivers_own_statements_survive_a_reset() {
    with_host(one_connection(), async |host| {
        let create = "CREATE TYPE mood AS ENUM ('ok'); CREATE TYPE food AS ENUM ('egg')";
        host.database.admin.batch_execute(create).await.unwrap();
        host.answer(GUEST, "SELECT 'ok'::mood").await;
        host.answer(GUEST, "SET search_path = public").await;
        // Looking up a new type uses statements the driver prepared before the reset.
        let answer = host.answer(GUEST, "SELECT 'egg'::food").await;
        assert!(answer.contains("Unsupported"), "{answer}");
    })
    .await;
}
