//! `bench kafka`: the same records handled in turns by a bare consumer loop (the limit), by our trigger with a
//! handler that does nothing, at several batch sizes, and by one POST of each record to the same
//! component behind our host, which is what a sidecar does.

mod application;
mod bare;
mod meter;
mod post;
mod records;
mod report;
mod throughput;

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context as _, bail};
use kafka_broker::Broker;
use kafka_client::{Cluster, Connection, TopicSpec};

use self::application::Application;
use self::records::Topic;
use self::report::{Results, Way};

#[derive(clap::Args)]
pub struct Options {
    /// Brokers, `host:port`; left out: a private one, from the jars of --libs
    #[arg(long, env = "TEST_KAFKA_BROKERS")]
    brokers: Option<String>,
    /// The folder of Kafka's jars; left out: TEST_KAFKA_HOME/libs
    #[arg(long)]
    libs: Option<PathBuf>,
    /// The component, built: it exports a handler of records and one of HTTP requests
    #[arg(long, default_value = "target/wasm32-wasip2/guest/kafka_noop.wasm")]
    component: PathBuf,
    /// Records to handle in each measurement of throughput; ways that are slow handle a part of them
    #[arg(long, default_value_t = 4_000_000)]
    records: u64,
    /// Bytes of each record's value
    #[arg(long, default_value_t = 300)]
    bytes: usize,
    /// Keys to spread the records over
    #[arg(long, default_value_t = 10_000)]
    keys: u64,
    /// Headers of each record
    #[arg(long, default_value_t = 0)]
    headers: usize,
    /// Partitions of the topic
    #[arg(long, default_value_t = 4)]
    partitions: i32,
    /// Records in one call
    #[arg(long, value_delimiter = ',', default_values_t = [1, 10, 100, 500])]
    batches: Vec<usize>,
    /// Calls at once, POSTs included
    #[arg(long, default_value_t = 4)]
    concurrency: usize,
    /// Records per second while the lag is measured
    #[arg(long, default_value_t = 500)]
    rate: u64,
    /// How long the lag is measured, each time
    #[arg(long, default_value_t = 2)]
    seconds: u64,
    /// How often each measurement is repeated, behind a first time that does not count
    #[arg(long, default_value_t = 7)]
    rounds: u32,
    /// Print JSON instead of a table
    #[arg(long)]
    json: bool,
}

pub async fn run(options: Options) -> anyhow::Result<()> {
    if !options.component.is_file() {
        bail!(
            "{} is missing: cargo build --profile guest --target wasm32-wasip2 -p kafka-noop",
            options.component.display()
        );
    }
    let folder = tempfile::tempdir()?;
    let (_broker, brokers) = match &options.brokers {
        Some(brokers) => (None, brokers.clone()),
        None => {
            let libs = match &options.libs {
                Some(libs) => libs.clone(),
                None => kafka_broker::libs_for_tests().map_err(anyhow::Error::msg)?,
            };
            let settings = kafka_broker::Options::new(libs, folder.path().join("kafka"));
            let broker = tokio::task::spawn_blocking(|| Broker::start(settings)).await??;
            let brokers = broker.brokers();
            (Some(broker), brokers)
        }
    };
    let connection = Connection::plain(brokers);
    let cluster = Cluster::new(&connection)?;
    let meter = meter::Meter::install()?;
    let full = topic(&cluster, &connection, &options, "full").await?;
    eprintln!(
        "producing {} records of {} bytes",
        options.records, options.bytes
    );
    full.fill(options.records).await?;

    let application = Application::new(
        std::path::absolute(&options.component)?,
        connection.brokers.clone(),
        folder.path().to_owned(),
        options.concurrency,
    )
    .await?;
    let mut ways = vec![Way::Bare];
    ways.extend(options.batches.iter().map(|batch| Way::Trigger(*batch)));
    ways.push(Way::Post);
    let mut results = Results::default();
    for round in 0..=options.rounds {
        let counts = round > 0;
        // Whoever goes first finds colder caches: they take turns.
        let first = round as usize % ways.len();
        ways.rotate_left(first);
        for way in &ways {
            if counts {
                eprintln!("round {round} of {}: {way}", options.rounds);
            } else {
                eprintln!("warming up: {way}");
            }
            // Those that are slow need not handle them all.
            let count = match way {
                Way::Bare | Way::Trigger(50..) => options.records,
                Way::Trigger(_) => options.records / 8,
                Way::Post => options.records / 160,
            };
            let throughput = match way {
                Way::Bare => bare::drain(&full, count).await?,
                Way::Trigger(batch) => application.drain(&full, *batch, count, &meter).await?,
                Way::Post => post::drain(&full, &application, count).await?,
            };
            eprintln!(
                "  {:.0} records/s, {:.2} us of processor time each",
                throughput.per_second, throughput.cpu_us
            );
            let paced = topic(&cluster, &connection, &options, "paced").await?;
            let duration = Duration::from_secs(options.seconds);
            let lags = match way {
                Way::Bare => bare::follow(&paced, options.rate, duration).await?,
                Way::Trigger(batch) => {
                    application
                        .follow(&paced, *batch, options.rate, duration, &meter)
                        .await?
                }
                Way::Post => post::follow(&paced, &application, options.rate, duration).await?,
            };
            if counts {
                results.add(*way, &throughput, lags);
            }
            cluster.delete_topics(&[&paced.name]).await?;
        }
        ways.rotate_right(first);
    }
    cluster.delete_topics(&[&full.name]).await?;
    results.print(&ways, options.json).context("cannot print")
}

async fn topic(
    cluster: &Cluster,
    connection: &Connection,
    options: &Options,
    what: &str,
) -> anyhow::Result<Topic> {
    let topic = Topic {
        name: format!("bench-{what}-{}", uuid::Uuid::new_v4().simple()),
        connection: connection.clone(),
        partitions: options.partitions,
        bytes: options.bytes,
        keys: options.keys,
        headers: options.headers,
    };
    let spec = TopicSpec {
        name: topic.name.clone(),
        partitions: options.partitions,
        replication: -1,
        config: Vec::new(),
    };
    cluster.create_topics(&[spec]).await?;
    Ok(topic)
}
