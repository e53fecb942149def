//! `bench http`: the same requests to the running host and to the bare server, in turns.

mod load;
pub mod people;
mod report;
mod servers;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use url::Url;

use self::load::{Load, Sample};
use self::people::Person;
use self::servers::{BareServer, Server};
use crate::process;

#[derive(clap::Args)]
pub struct Options {
    /// The running host; everything it runs besides `auth` and `tasks` costs time that the bare
    /// server does not spend (start it with --component-id auth --component-id tasks)
    #[arg(long, default_value = "http://127.0.0.1:3000")]
    url: Url,
    /// The database of that host, as a role that may do what its components do
    #[arg(long, env = "DATABASE_URL", hide_env_values = true)]
    database_url: String,
    /// What to measure
    #[arg(long, value_enum, value_delimiter = ',', default_values_t = OPERATIONS)]
    operations: Vec<Operation>,
    /// Connections that send requests, one request at a time each
    #[arg(long, value_delimiter = ',', default_values_t = [1, 32, 256])]
    connections: Vec<usize>,
    /// How often each measurement is repeated
    #[arg(long, default_value_t = 3)]
    rounds: u32,
    /// How long each measurement takes, after a warm-up of a second
    #[arg(long, default_value_t = 3)]
    seconds: u64,
    /// Users to spread the requests over
    #[arg(long, default_value_t = 64)]
    users: usize,
    /// Print JSON instead of a table
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, clap::ValueEnum, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Operation {
    Create,
    Get,
    List,
}

/// What is compared: both servers under the same load.
#[derive(Default)]
pub struct Pair {
    pub host: Sample,
    pub bare: Sample,
}

const OPERATIONS: [Operation; 3] = [Operation::Create, Operation::Get, Operation::List];

pub async fn run(options: Options) -> anyhow::Result<()> {
    let host = Server::running(&options.url)?;
    let accounts = people::Accounts::new(&options.url)?;
    let mut people = accounts.sign_up(options.users).await?;
    let keys = accounts.public_keys().await?;
    let bare = BareServer::start(&options.database_url, &keys, &people.issuer()?).await?;

    let mut results: BTreeMap<(Operation, usize), Pair> = BTreeMap::new();
    for round in 0..options.rounds {
        accounts.keep_signed_in(&mut people).await?;
        let users: Arc<[Person]> = people.users.as_slice().into();
        for &operation in &options.operations {
            for &connections in &options.connections {
                let pair = results.entry((operation, connections)).or_default();
                let load = Load {
                    operation,
                    connections,
                    people: users.clone(),
                    duration: Duration::from_secs(options.seconds),
                };
                eprintln!(
                    "round {} of {}: {operation:?} on {connections} connections",
                    round + 1,
                    options.rounds
                );
                // Whoever goes second finds warmer caches: they take turns.
                let mut turns = [(&host, &mut pair.host), (&bare.server, &mut pair.bare)];
                if round % 2 == 1 {
                    turns.reverse();
                }
                for (server, sample) in turns {
                    process::settle(&[&host.process, &bare.server.process]).await?;
                    sample.add(load.run(server).await?);
                }
            }
        }
    }
    report::print(&results, options.json)
}
