//! The cron trigger with real guests; leases and last ticks in a real Postgres.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use event_log::EventLog;
use host_postgres::Postgres;
use host_runtime::Runtime;
use manifest::{App, VariableOptions, Variables};
use tokio::task::JoinHandle;
use tokio_postgres::{Client, NoTls};
use tokio_util::sync::CancellationToken;
use trigger_cron::Service;
use uuid::Uuid;

const ROLES: &str = include_str!("../../../../migrations/20261121000050_create_roles.up.sql");
const SCHEMA: &str = include_str!("../../../../migrations/20261121000100_create_event_log.up.sql");

/// A host that runs one trigger for one component.
struct Host {
    output: PathBuf,
    shutdown: CancellationToken,
    running: JoinHandle<anyhow::Result<()>>,
    _folder: tempfile::TempDir,
}

async fn prepare(
    guest: &str,
    lines: &str,
    log: Option<&Arc<EventLog>>,
) -> (tempfile::TempDir, anyhow::Result<Option<Service>>) {
    let source = artifacts().join(format!("{}.wasm", guest.replace('-', "_")));
    assert!(
        source.is_file(),
        "build the guest: cargo build --profile guest --target wasm32-wasip2 -p {guest}"
    );
    let text = format!(
        "spin_manifest_version = 2
         [application]
         name = \"cron-behaviour\"
         version = \"1.0.0\"
         [component.probe]
         source = \"{}\"
         {lines}",
        source.display()
    );
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("spin.toml");
    std::fs::write(&path, text).expect("written");
    let app = Arc::new(App::load(&path).expect("a valid application"));
    let variables = Arc::new(Variables::new(&app, VariableOptions::default()).expect("variables"));
    // Shared by all tests: the guests are compiled once.
    let state_dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join("cron");
    let postgres = Postgres::new(host_postgres::Options::default());
    let mut options = host_runtime::Options::new(state_dir, postgres);
    options.pooling = false;
    options.log_dir = Some(folder.path().to_owned());
    let runtime = Runtime::load(app.clone(), variables.clone(), options)
        .await
        .expect("a runtime");
    let service = Service::new(&app, &variables, &runtime, log).await;
    (folder, service)
}

async fn start(guest: &str, lines: &str, log: Option<&Arc<EventLog>>) -> Host {
    let trigger = "[[trigger.cron]]\ncomponent = \"probe\"\ncron_expression = \"* * * * * *\"\ndeadline_ms = 1500";
    let (folder, service) = prepare(guest, &format!("{lines}\n{trigger}"), log).await;
    let service = service.expect("a valid trigger").expect("a trigger");
    let shutdown = CancellationToken::new();
    Host {
        output: folder.path().join("probe_stdout.txt"),
        running: tokio::spawn(service.run(shutdown.clone())),
        shutdown,
        _folder: folder,
    }
}

impl Host {
    /// The ticks the guest ran for.
    fn ticks(&self) -> Vec<u64> {
        ticks_in(&self.output)
    }

    async fn until_ticks(&self, count: usize) {
        within(async {
            while self.ticks().len() < count {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        })
        .await;
    }

    async fn stop(self) -> Vec<u64> {
        self.shutdown.cancel();
        let running = within(self.running).await;
        running.expect("no panic").expect("a clean end");
        ticks_in(&self.output)
    }
}

fn ticks_in(output: &Path) -> Vec<u64> {
    let output = std::fs::read_to_string(output).unwrap_or_default();
    let ticks = output.lines().filter_map(|line| line.strip_prefix("tick "));
    ticks.filter_map(|tick| tick.parse().ok()).collect()
}

/// A database of a test's own, if there is a server for tests.
async fn database() -> Option<(String, Client)> {
    let Ok(server) = std::env::var("TEST_DATABASE_URL") else {
        println!("skipped: set TEST_DATABASE_URL (cargo xtask test does)");
        return None;
    };
    let name = format!("cron_{}", Uuid::new_v4().simple());
    let create = format!("CREATE DATABASE {name}");
    connect(&server)
        .await
        .batch_execute(&create)
        .await
        .expect("a database");
    let slash = server.rfind('/').expect("a URL with a database");
    let url = format!("{}/{name}", &server[..slash]);
    let client = connect(&url).await;
    client.batch_execute(ROLES).await.expect("the roles");
    client.batch_execute(SCHEMA).await.expect("the schema");
    Some((url, client))
}

async fn connect(url: &str) -> Client {
    let (client, connection) = tokio_postgres::connect(url, NoTls)
        .await
        .expect("connected");
    tokio::spawn(connection);
    client
}

async fn event_log(url: &str) -> Arc<EventLog> {
    EventLog::connect(url, event_log::Options::default())
        .await
        .expect("an event log")
}

async fn within<F: Future>(future: F) -> F::Output {
    let limit = Duration::from_secs(30);
    let done = tokio::time::timeout(limit, future).await;
    done.expect("this should not take 30 s")
}

fn artifacts() -> PathBuf {
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(
        || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../target")),
        PathBuf::from,
    );
    target.join("wasm32-wasip2").join("guest")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_fires_on_each_tick_whether_its_export_is_async_or_not() {
    for guest in ["cron-probe", "cron-sync"] {
        let host = start(guest, "", None).await;
        host.until_ticks(3).await;
        let ticks = host.stop().await;
        assert!(
            ticks.windows(2).all(|pair| pair[1] == pair[0] + 1),
            "{guest}: {ticks:?}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_fails_traps_or_hangs_does_not_stop_the_next() {
    for what in ["fail", "trap", "spin"] {
        let lines = format!("environment = {{ CRON_PROBE = \"{what}\" }}");
        let host = start("cron-probe", &lines, None).await;
        host.until_ticks(2).await;
        let ticks = host.stop().await;
        // A run that hangs takes its whole deadline; ticks meanwhile are skipped, not queued.
        let least = if what == "spin" { 2 } else { 1 };
        assert!(ticks[1] - ticks[0] >= least, "{what}: {ticks:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_hosts_one_fires_and_the_other_takes_over() {
    let Some((url, _)) = database().await else {
        return;
    };
    let (first_log, second_log) = (event_log(&url).await, event_log(&url).await);
    let first = start("cron-probe", "", Some(&first_log)).await;
    first.until_ticks(1).await;
    let second = start("cron-probe", "", Some(&second_log)).await;
    first.until_ticks(4).await;
    assert!(second.ticks().is_empty());
    let mut ticks = first.stop().await;
    second.until_ticks(2).await;
    ticks.extend(second.stop().await);
    assert!(ticks.is_sorted_by(|a, b| a < b), "none twice: {ticks:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn ticks_that_were_missed_are_made_up_for_by_one_run() {
    let Some((url, client)) = database().await else {
        return;
    };
    let log = event_log(&url).await;
    let host = start("cron-probe", "", Some(&log)).await;
    host.until_ticks(1).await;
    let before = host.stop().await;
    client
        .execute(
            "UPDATE cron_ticks SET last_tick = last_tick - interval '1 hour'",
            &[],
        )
        .await
        .expect("a long night");
    let host = start("cron-probe", "", Some(&log)).await;
    host.until_ticks(2).await;
    let after = host.stop().await;
    assert!(
        after[0] >= before[0],
        "for the latest tick: {before:?} {after:?}"
    );
    assert!(
        after[1] > after[0] && after[1] - after[0] <= 2,
        "once: {after:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn every_mistake_is_listed_with_its_trigger() {
    let lines = "[[trigger.cron]]\ncomponent = \"probe\"\ncron_expression = \"often\"\n\
                 [[trigger.cron]]\ncomponent = \"probe\"\ncron_expression = \"* * * * *\"\n\
                 time_zone = \"Mars\"";
    let (_folder, service) = prepare("kafka-probe", lines, None).await;
    let Err(error) = service else {
        panic!("accepted");
    };
    let message = format!("{error:#}");
    for part in ["`often`", "`Mars`", "handle-cron-event"] {
        assert!(message.contains(part), "{part} in {message}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_had_no_database_is_made_again_and_its_tick_is_not_lost() {
    let Some((url, client)) = database().await else {
        return;
    };
    let mut proxy = testing::Proxy::to(&url).await;
    let own = proxy.url(&url);
    proxy.cut().await;
    let lines = format!(
        "environment = {{ CRON_PROBE = \"{own}\" }}\nallowed_outbound_hosts = [\"postgres://*:*\"]"
    );
    let log = event_log(&url).await;
    let host = start("cron-probe", &lines, Some(&log)).await;
    host.until_ticks(2).await;
    let dealt_with = async || -> i64 {
        let query = "SELECT extract(epoch FROM last_tick)::bigint FROM cron_ticks";
        let row = client.query_one(query, &[]).await.expect("a job");
        row.get(0)
    };
    let first = i64::try_from(host.ticks()[0]).unwrap();
    assert!(dealt_with().await < first, "it stays due");
    proxy.mend().await;
    within(async {
        while dealt_with().await < first {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    })
    .await;
    let output = std::fs::read_to_string(&host.output).unwrap();
    assert!(output.contains("connected"), "{output}");
    host.stop().await;
}
