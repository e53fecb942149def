use std::sync::Arc;
use std::time::Duration;

use host_postgres::Options;

use crate::database::OTHERS;
use crate::harness::{Host, Ran, with_host};

const SETTINGS: &str = "postgres-settings";
/// Of a guest that sleeps in Postgres.
const ASLEEP: &str = "query LIKE '%pg_sleep%' AND state = 'active'";

impl Host {
    /// The test's database; each name has a pool of its own.
    fn address(&self, application_name: &str) -> String {
        let url = &self.database.url;
        let separator = if url.contains('?') { '&' } else { '?' };
        format!("{url}{separator}application_name={application_name}")
    }

    async fn run_in(&self, pool: &str, input: &str) -> Ran {
        let address = self.address(pool);
        self.run_at(SETTINGS, &address, input, Arc::new(|_, _| true))
            .await
    }
}

#[tokio::test]
async fn statements_beyond_the_bound_wait_for_a_connection() {
    let options = Options {
        max_connections_per_component: 2,
        ..Options::default()
    };
    with_host(options, async |host| {
        let runs = (0..20).map(|_| host.answer("postgres-statements", "repeat 20"));
        futures::future::join_all(runs).await;
        assert!(host.database.backends("true").await <= 2);
    })
    .await;
}

/// Prints what a statement costs, from a guest's call to its answer. Asserts nothing about time.
#[tokio::test(flavor = "multi_thread")]
async fn many_guests_run_many_statements_at_once() {
    const GUESTS: u32 = 16;
    const STATEMENTS: u32 = 1000;
    with_host(Options::default(), async |host| {
        host.answer("postgres-statements", "repeat 1").await;
        let repeat = format!("repeat {STATEMENTS}");
        let begun = std::time::Instant::now();
        let runs = (0..GUESTS).map(|_| host.answer("postgres-statements", &repeat));
        futures::future::join_all(runs).await;
        let statements = GUESTS * STATEMENTS;
        println!(
            "{statements} statements of {GUESTS} guests: {:.0} a second",
            f64::from(statements) / begun.elapsed().as_secs_f64()
        );
    })
    .await;
}

#[tokio::test]
async fn waiting_for_a_connection_ends_with_an_error_that_says_why() {
    let options = Options {
        max_connections_per_component: 1,
        wait_timeout: Duration::from_millis(50),
        ..Options::default()
    };
    with_host(options, async |host| {
        // Opened before, so that only the second guest's statement has to wait.
        host.answer(SETTINGS, "SELECT ''").await;
        let second = async {
            host.database.backends_become(ASLEEP, 1).await;
            host.run(SETTINGS, "SELECT 'second'").await
        };
        let error = tokio::select! {
            ran = host.run(SETTINGS, "SELECT pg_sleep(3600)") => panic!("woke up: {ran:?}"),
            ran = second => ran.unwrap().unwrap_err(),
        };
        assert!(error.contains("all 1 of component"), "{error}");
    })
    .await;
}

#[tokio::test]
async fn a_server_that_takes_no_more_connections_is_shared() {
    with_host(Options::default(), async |host| {
        let (role, url) = host.database.role_with_connections(2).await;
        let runs = (0..12).map(|_| {
            host.run_at(
                "postgres-statements",
                &url,
                "repeat 20",
                Arc::new(|_, _| true),
            )
        });
        for ran in futures::future::join_all(runs).await {
            ran.unwrap().unwrap();
        }
        host.database.drop_role(&role).await;
    })
    .await;
}

#[tokio::test]
async fn idle_connections_are_closed() {
    let options = Options {
        idle_timeout: Duration::from_millis(50),
        ..Options::default()
    };
    with_host(options, async |host| {
        host.answer(SETTINGS, "SELECT ''").await;
        host.database.backends_become("true", 0).await;
        host.answer(SETTINGS, "SELECT ''").await;
    })
    .await;
}

#[tokio::test]
async fn a_connection_the_server_has_closed_is_replaced() {
    with_host(Options::default(), async |host| {
        host.answer(SETTINGS, "SELECT ''").await;
        let terminate = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity";
        let terminate = format!("{terminate} WHERE {OTHERS}");
        assert_eq!(host.database.count(&terminate).await, 1);
        host.database.backends_become("true", 0).await;
        host.answer(SETTINGS, "SELECT ''").await;
    })
    .await;
}

#[tokio::test]
async fn addresses_share_the_connections_of_the_process_fairly() {
    let options = Options {
        max_connections: 1,
        ..Options::default()
    };
    with_host(options, async |host| {
        for name in ["a", "b", "a", "b"] {
            let ran = host.run_in(name, "SHOW application_name").await;
            assert_eq!(ran.unwrap().unwrap(), name);
        }
    })
    .await;
}

#[tokio::test]
async fn an_idle_connection_makes_room_for_a_pool_that_has_as_many() {
    let options = Options {
        max_connections: 2,
        ..Options::default()
    };
    with_host(options, async |host| {
        host.run_in("idle", "SELECT ''").await.unwrap().unwrap();
        let second = async {
            host.database.backends_become(ASLEEP, 1).await;
            host.run_in("busy", "SELECT 'second'").await
        };
        let ran = tokio::select! {
            ran = host.run_in("busy", "SELECT pg_sleep(3600)") => panic!("woke up: {ran:?}"),
            ran = second => ran,
        };
        assert_eq!(ran.unwrap().unwrap(), "second");
    })
    .await;
}

/// Forty guests, of two addresses, and two connections: each pool keeps one for all its guests. A pool
/// that gave its connection up whenever somebody waits would open one for every statement.
#[tokio::test]
async fn connections_that_all_wait_for_are_handed_on_and_not_opened_anew() {
    let options = Options {
        max_connections: 2,
        ..Options::default()
    };
    with_host(options, async |host| {
        let create = "CREATE TABLE used (name text, backend int)";
        host.database.admin.batch_execute(create).await.unwrap();
        let note =
            "INSERT INTO used VALUES (current_setting('application_name'), pg_backend_pid())";
        let notes = [note; 10].join("\n");
        let runs = (0..40).map(|guest| host.run_in(["a", "b"][guest % 2], &notes));
        for ran in futures::future::join_all(runs).await {
            ran.unwrap().unwrap();
        }
        for name in ["a", "b"] {
            let counted =
                |what: &str| format!("SELECT count({what}) FROM used WHERE name = '{name}'");
            assert_eq!(host.database.count(&counted("*")).await, 200);
            let backends = host.database.count(&counted("DISTINCT backend")).await;
            assert!(backends <= 3, "{backends} connections of {name}");
        }
    })
    .await;
}
