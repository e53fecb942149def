//! `bench events`: from the commit of a change to the start of its handler, through the whole system
//! under a steady load of `POST /tasks`. Postgres itself says when each transaction was committed.

mod application;
mod load;
mod stamps;

use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context as _;
use hdrhistogram::Histogram;

use self::application::Application;
use self::load::Load;
use crate::http::people::Accounts;

/// The goals: half of the handlers start within this many milliseconds, and 99 of 100.
const GOAL_P50_MS: f64 = 10.0;
const GOAL_P99_MS: f64 = 50.0;

#[derive(clap::Args)]
pub struct Options {
    /// A database of its own, as its owner, on a server with track_commit_timestamp = on
    #[arg(long, env = "DATABASE_URL", hide_env_values = true)]
    database_url: String,
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
    /// How long each measurement takes, after a warm-up of two seconds
    #[arg(long, default_value_t = 10)]
    seconds: u64,
    /// Users to spread the tasks over
    #[arg(long, default_value_t = 32)]
    users: usize,
    /// Connections that send requests
    #[arg(long, default_value_t = 32)]
    connections: usize,
}

pub async fn run(options: Options) -> anyhow::Result<()> {
    let application = Application::write(&options.manifest, &options.handler)?;
    println!(
        "commit to handler start at {}/s, in milliseconds (goal: p50 < {GOAL_P50_MS}, p99 < {GOAL_P99_MS})\n\n\
         {:<12} {:>8} {:>8} {:>8} {:>8} {:>8}",
        options.rate, "", "events", "p50", "p90", "p99", "max"
    );
    for (name, several) in [("one host", false), ("two hosts", true)] {
        let (latencies, events) = measure(&options, &application, several)
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
            "{name:<12} {events:>8} {p50:>8.1} {p90:>8.1} {p99:>8.1} {:>8.1}  {verdict}",
            ms(latencies.max())
        );
    }
    Ok(())
}

/// With several hosts, one serves HTTP and the other runs the handlers.
async fn measure(
    options: &Options,
    application: &Application,
    several: bool,
) -> anyhow::Result<(Histogram<u64>, usize)> {
    let start = |triggers| application.start(&options.binary, &options.database_url, triggers);
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
        warm_up: Duration::from_secs(2),
        duration: Duration::from_secs(options.seconds),
    };
    let span = load.run(host.address()?, &people.users).await?;
    let commits = stamps::commits(&options.database_url, span).await?;
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
