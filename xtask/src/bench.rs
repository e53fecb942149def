//! `cargo xtask bench`: the running system measured, beside something to compare it with.

use crate::build::{self, Guests, Profile};
use crate::postgres::{Cluster, DATABASE, Durability};
use crate::process::{self, Service};
use crate::test::Scratch;
use crate::{paths, up};
use anyhow::bail;
use rustix::process::Signal;
use std::net::{TcpListener, TcpStream};
use std::process::Command;
use std::time::{Duration, Instant};

#[derive(clap::Args)]
pub struct Options {
    /// What to measure
    #[command(subcommand)]
    subject: Subject,
}

#[derive(clap::Subcommand)]
enum Subject {
    /// Create, get and list: our host beside a bare axum + tokio-postgres server
    Http {
        /// More options for the measuring program (see `-- --help`), after `--`
        #[arg(last = true)]
        rest: Vec<String>,
    },
    /// Handle Kafka's records: our trigger beside a bare consumer loop and a POST of each record
    Kafka {
        /// More options for the measuring program (see `-- --help`), after `--`
        #[arg(last = true)]
        rest: Vec<String>,
    },
    /// From a change's commit to its handler's start at 500 events/s, on one host and across two, by the
    /// event log and by Kafka
    Events {
        /// More options for the measuring program (see `-- --help`), after `--`
        #[arg(last = true)]
        rest: Vec<String>,
    },
}

pub fn run(options: Options) -> anyhow::Result<()> {
    match options.subject {
        Subject::Http { rest } => http(&rest),
        Subject::Kafka { rest } => kafka(&rest),
        Subject::Events { rest } => events(&rest),
    }
}

fn http(rest: &[String]) -> anyhow::Result<()> {
    build::to_be_measured(Guests::Components)?;
    let folder = Scratch::new()?;
    let cluster = Cluster::start(&folder.0, Durability::Kept)?;
    let listen = TcpListener::bind("127.0.0.1:0")?.local_addr()?.to_string();
    let mut host = up::host(
        Profile::Dist,
        &folder.0.join("state"),
        &cluster.url(DATABASE),
        &listen,
        None,
    );
    // Only what is measured: event handlers would spend time the bare server does not.
    host.args(["-c", "auth", "-c", "tasks"])
        .env("RUST_LOG", "warn");
    let mut host = Service::start(&mut host, Signal::TERM, Duration::from_secs(30))?;
    let deadline = Instant::now() + Duration::from_secs(120);
    while TcpStream::connect(&listen).is_err() {
        if host.ended()?.is_some() || Instant::now() > deadline {
            bail!("the host did not start");
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    let mut bench = Command::new(paths::binary(Profile::Dist, "bench"));
    bench
        .args(["http", "--url", &format!("http://{listen}")])
        .args(["--database-url", &cluster.url(DATABASE)])
        .args(rest);
    process::step(&mut bench)
}

fn kafka(rest: &[String]) -> anyhow::Result<()> {
    build::to_be_measured(Guests::WithTests)?;
    let mut bench = Command::new(paths::binary(Profile::Dist, "bench"));
    bench
        .arg("kafka")
        .arg("--component")
        .arg(paths::guests(Profile::Dist).join("kafka_noop.wasm"))
        .args(rest)
        .env("TEST_KAFKA_HOME", crate::kafka::home()?)
        .current_dir(paths::root());
    process::step(&mut bench)
}

fn events(rest: &[String]) -> anyhow::Result<()> {
    build::to_be_measured(Guests::WithTests)?;
    let folder = Scratch::new()?;
    let commits = ["track_commit_timestamp=on"];
    let cluster = Cluster::start_with(&folder.0, Durability::Kept, &commits)?;
    let kafka = crate::kafka::home_if_possible();
    let mut bench = Command::new(paths::binary(Profile::Dist, "bench"));
    bench
        .arg("events")
        .arg("--binary")
        .arg(paths::binary(Profile::Dist, "taskwhisper"))
        .arg("--handler")
        .arg(paths::guests(Profile::Dist).join("guest_stamp.wasm"))
        .args(rest)
        .env("DATABASE_URL", cluster.url(DATABASE))
        .current_dir(paths::root());
    match kafka {
        Ok(home) => _ = bench.env("TEST_KAFKA_HOME", home),
        Err(reason) => eprintln!("Kafka is not measured. {reason}"),
    }
    process::step(&mut bench)
}
