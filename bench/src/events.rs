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
use kafka_broker::{Broker, Compiler};

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
    /// How long each round takes, after the warm-up
    #[arg(long, default_value_t = 10)]
    seconds: u64,
    /// Rounds, one behind the other under the same load; medians are reported
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u64).range(1..))]
    rounds: u64,
    /// How long the same load warms up before: Kafka's broker compiles itself while it runs
    #[arg(long, value_name = "SECONDS", default_value_t = 60)]
    warm_up: u64,
    /// Users to spread the tasks over
    #[arg(long, default_value_t = 32)]
    users: usize,
    /// Connections that send requests
    #[arg(long, default_value_t = 32)]
    connections: usize,
    /// Only by this transport [default: by each]
    #[arg(long)]
    transport: Option<Transport>,
}

/// What brings an event from the outbox to its handler.
#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Transport {
    Log,
    Kafka,
}

pub async fn run(options: Options) -> anyhow::Result<()> {
    let libs = kafka_broker::libs_for_tests();
    if let Err(missing) = &libs {
        eprintln!("Not measured with Kafka: {missing}");
    }
    println!(
        "commit to handler start at {}/s, in milliseconds: medians of {} rounds of {} s, and the p99 of the \
         slowest round (goal: p50 < {GOAL_P50_MS}, p99 < {GOAL_P99_MS})\n\n\
         {:<18} {:>8} {:>8} {:>8} {:>8} {:>8} {:>8}",
        options.rate,
        options.rounds,
        options.seconds,
        "",
        "events",
        "p50",
        "p90",
        "p99",
        "slowest",
        "max"
    );
    for (name, transport, several) in [
        ("one host", Transport::Log, false),
        ("two hosts", Transport::Log, true),
        ("one host, Kafka", Transport::Kafka, false),
        ("two hosts, Kafka", Transport::Kafka, true),
    ] {
        if options.transport.is_some_and(|only| only != transport) {
            continue;
        }
        let libs = match (transport, &libs) {
            (Transport::Log, _) => None,
            (Transport::Kafka, Ok(libs)) => Some(libs.clone()),
            (Transport::Kafka, Err(_)) => continue,
        };
        let rounds = measure(&options, libs, several)
            .await
            .with_context(|| name.to_owned())?;
        let row = Row::of(&rounds);
        let verdict = if row.p50 < GOAL_P50_MS && row.p99 < GOAL_P99_MS {
            "reached"
        } else {
            "missed"
        };
        println!(
            "{name:<18} {:>8} {:>8.1} {:>8.1} {:>8.1} {:>8.1} {:>8.1}  {verdict}",
            row.events, row.p50, row.p90, row.p99, row.slowest, row.max
        );
    }
    Ok(())
}

/// What the rounds of one measurement came to, in milliseconds.
struct Row {
    events: u64,
    p50: f64,
    p90: f64,
    p99: f64,
    /// The p99 of the slowest round.
    slowest: f64,
    /// Of all rounds.
    max: f64,
}

impl Row {
    fn of(rounds: &[Histogram<u64>]) -> Self {
        let sorted = |quantile| {
            let mut values: Vec<_> = rounds
                .iter()
                .map(|round| round.value_at_quantile(quantile) as f64 / 1000.0)
                .collect();
            values.sort_by(f64::total_cmp);
            values
        };
        let median = |quantile| sorted(quantile)[rounds.len() / 2];
        let last = |quantile| sorted(quantile)[rounds.len() - 1];
        Self {
            events: rounds.iter().map(Histogram::len).sum(),
            p50: median(0.5),
            p90: median(0.9),
            p99: median(0.99),
            slowest: last(0.99),
            max: last(1.0),
        }
    }
}

/// By round, in microseconds. In a database of its own, so that none works off what another has left.
/// With Kafka's jars, on a broker of its own too, compiled as brokers in use are. With several hosts, one
/// serves HTTP and the other runs the handlers.
async fn measure(
    options: &Options,
    kafka_libs: Option<PathBuf>,
    several: bool,
) -> anyhow::Result<Vec<Histogram<u64>>> {
    let folder = tempfile::tempdir()?;
    let broker = kafka_libs
        .map(|libs| {
            let data = folder.path().join("kafka");
            Broker::start(kafka_broker::Options {
                compiler: Compiler::Optimizing,
                ..kafka_broker::Options::new(libs, data)
            })
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
        duration: Duration::from_secs(options.seconds * options.rounds),
    };
    let span = load.run(host.address()?, &people.users).await?;
    let commits = stamps::commits(&database.url, span).await?;
    anyhow::ensure!(
        !commits.is_empty(),
        "no change was committed; is track_commit_timestamp on?"
    );
    let starts = stamps::starts(&application.output(), &commits).await?;
    let mut rounds = vec![Histogram::new(3)?; usize::try_from(options.rounds)?];
    for (id, committed) in &commits {
        let started = starts.get(id).context("not handled")?;
        let since = committed.saturating_sub(u64::try_from(span.from)?);
        let round = usize::try_from(since / (options.seconds * 1_000_000))?;
        // What was still under way when the load ended.
        let round = round.min(rounds.len() - 1);
        rounds[round].record(started.saturating_sub(*committed))?;
    }
    Ok(rounds)
}
