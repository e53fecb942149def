//! `bench events`: from the commit of a change to the start of its handler, through the whole system
//! under a steady load of `POST /tasks`: by the event log, and by the relay and Kafka where a broker can be
//! had. Postgres itself says when each transaction was committed.

mod application;
mod database;
mod load;
mod stamps;

use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context as _;
use hdrhistogram::Histogram;
use kafka_broker::Broker;

use self::application::Application;
use self::database::Database;
use self::load::Load;
use crate::http::people::Accounts;

/// The goals: half of the handlers start within this many milliseconds, and 99 of 100.
const GOAL_P50_MS: f64 = 10.0;
const GOAL_P99_MS: f64 = 50.0;

#[derive(clap::Args)]
pub struct Options {
    /// A server with track_commit_timestamp = on, as a role that may create databases and roles
    #[arg(long, env = "DATABASE_URL", hide_env_values = true)]
    server_url: String,
    /// The host's binary
    #[arg(long, default_value = "target/release/taskwhisper")]
    binary: PathBuf,
    /// The application; the handler that is timed is added to it
    #[arg(long, default_value = "spin.toml")]
    manifest: PathBuf,
    /// The handler that is timed: `tests/guests/stamp`, built
    #[arg(long, default_value = "target/wasm32-wasip2/guest/guest_stamp.wasm")]
    handler: PathBuf,
    /// Tasks made per second
    #[arg(long, default_value_t = 500)]
    rate: u32,
    /// How long each measurement takes, after the warm-up
    #[arg(long, default_value_t = 10)]
    seconds: u64,
    /// How long the same load warms up before: Kafka's broker compiles itself while it runs
    #[arg(long, value_name = "SECONDS", default_value_t = 10)]
    warm_up: u64,
    /// Users to spread the tasks over
    #[arg(long, default_value_t = 32)]
    users: usize,
    /// Connections that send requests
    #[arg(long, default_value_t = 32)]
    connections: usize,
}

pub async fn run(options: Options) -> anyhow::Result<()> {
    let libs = kafka_broker::libs_for_tests();
    if let Err(missing) = &libs {
        eprintln!("Not measured with Kafka: {missing}");
    }
    println!(
        "commit to handler start at {}/s, in milliseconds (goal: p50 < {GOAL_P50_MS}, p99 < {GOAL_P99_MS})\n\n\
         {:<18} {:>8} {:>8} {:>8} {:>8} {:>8}",
        options.rate, "", "events", "p50", "p90", "p99", "max"
    );
    for (name, kafka, several) in [
        ("one host", false, false),
        ("two hosts", false, true),
        ("one host, Kafka", true, false),
        ("two hosts, Kafka", true, true),
    ] {
        let libs = match (kafka, &libs) {
            (false, _) => None,
            (true, Ok(libs)) => Some(libs.clone()),
            (true, Err(_)) => continue,
        };
        let (latencies, events) = measure(&options, libs, several)
            .await
            .with_context(|| name.to_owned())?;
        let ms = |us: u64| us as f64 / 1000.0;
        let at = |quantile| ms(latencies.value_at_quantile(quantile));
        let (p50, p90, p99) = (at(0.5), at(0.9), at(0.99));
        let verdict = if p50 < GOAL_P50_MS && p99 < GOAL_P99_MS {
            "reached"
        } else {
            "missed"
        };
        println!(
            "{name:<18} {events:>8} {p50:>8.1} {p90:>8.1} {p99:>8.1} {:>8.1}  {verdict}",
            ms(latencies.max())
        );
    }
    Ok(())
}

/// In a database of its own, so that none works off what another has left. With Kafka's jars, on a broker
/// of its own too. With several hosts, one serves HTTP and the other runs the handlers.
async fn measure(
    options: &Options,
    kafka_libs: Option<PathBuf>,
    several: bool,
) -> anyhow::Result<(Histogram<u64>, usize)> {
    let folder = tempfile::tempdir()?;
    let broker = kafka_libs
        .map(|libs| {
            let data = folder.path().join("kafka");
            Broker::start(kafka_broker::Options::new(libs, data))
        })
        .transpose()?;
    let brokers = broker.as_ref().map(Broker::brokers);
    let database = Database::create(&options.server_url).await?;
    let application = Application::write(&options.manifest, &options.handler)?;
    let start =
        |triggers| application.start(&options.binary, &database.url, brokers.as_deref(), triggers);
    let (host, _handlers);
    if several {
        host = start(Some("http")).await?;
        _handlers = Some(start(Some("kafka,cron")).await?);
    } else {
        host = start(None).await?;
        _handlers = None;
    }
    let people = Accounts::new(&host.url)?.sign_up(options.users).await?;
    let load = Load {
        rate: options.rate,
        connections: options.connections,
        warm_up: Duration::from_secs(options.warm_up),
        duration: Duration::from_secs(options.seconds),
    };
    let span = load.run(host.address()?, &people.users).await?;
    let commits = stamps::commits(&database.url, span).await?;
    anyhow::ensure!(
        !commits.is_empty(),
        "no change was committed; is track_commit_timestamp on?"
    );
    let starts = stamps::starts(&application.output(), &commits).await?;
    let mut latencies = Histogram::new(3)?;
    for (id, committed) in &commits {
        let started = starts.get(id).context("not handled")?;
        latencies.record(started.saturating_sub(*committed))?;
    }
    Ok((latencies, commits.len()))
}
