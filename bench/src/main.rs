//! Benchmarks of the running system. Only the numbers of one run are compared with each other: both
//! sides share its machine, its database and its minutes.

mod bare;
mod events;
mod http;
mod kafka;
mod process;

use clap::Parser;
use mimalloc::MiMalloc;

/// As the host has it: `kafka` runs parts of it in this process, and `bare` is measured beside it.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

/// Benchmarks of TaskWhisper and of its triggers.
#[derive(Parser)]
#[command(version)]
enum Command {
    /// Create, get and list tasks: the running host beside a bare axum + tokio-postgres server
    Http(http::Options),
    /// From a change's commit to its handler's start, on one host and across two, by the event log and by Kafka
    Events(events::Options),
    /// Handle records: the kafka trigger beside a bare consumer loop and a POST of each record
    Kafka(kafka::Options),
    /// The bare server, started by `http`
    #[command(hide = true)]
    Bare(bare::Options),
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    match Command::parse() {
        Command::Http(options) => http::run(options).await,
        Command::Events(options) => events::run(options).await,
        Command::Kafka(options) => kafka::run(options).await,
        Command::Bare(options) => bare::run(options).await,
    }
}
