//! `cargo xtask test`: everything built, a database server of its own, every test.

use crate::build::{self, Guests, Profile};
use crate::kafka::{self, Broker, Purpose};
use crate::postgres::{Cluster, DATABASE, Durability};
use crate::{paths, plugins, process};
use std::path::PathBuf;

#[derive(clap::Args)]
pub struct Options {
    /// Only tests whose name contains this
    filter: Option<String>,
    /// Only the tests of these packages; can be repeated
    #[arg(short, long, value_name = "NAME")]
    package: Vec<String>,
    /// More options for the test programs, after `--`
    #[arg(last = true)]
    rest: Vec<String>,
}

pub fn run(options: Options) -> anyhow::Result<()> {
    build::all(Profile::Release, Guests::WithTests)?;
    let folder = Scratch::new()?;
    let cluster = Cluster::start(&folder.0.join("postgres"), Durability::ThrownAway)?;
    let kafka = match kafka::home_if_possible() {
        Ok(home) => {
            let broker = Broker::start(&home, &folder.0.join("kafka"), Purpose::Test)?;
            Some((broker, home))
        }
        Err(reason) => {
            eprintln!(
                "Kafka's tests run on the broker of TEST_KAFKA_BROKERS, which they empty, or on the client's \
                 own in their process, and say what they skip. {reason}"
            );
            None
        }
    };

    let mut cargo = build::cargo_test();
    if options.package.is_empty() {
        build::exclude_guests(cargo.arg("--workspace"))?.args(build::openssl());
    }
    for package in &options.package {
        cargo.args(["--package", package]);
    }
    cargo
        .arg("--no-fail-fast")
        .args(options.filter)
        .arg("--")
        .args(options.rest)
        .env("TEST_DATABASE_URL", cluster.url(DATABASE))
        .env(
            "TASKWHISPER_BIN",
            paths::binary(Profile::Release, "taskwhisper"),
        );
    if let Some((broker, home)) = &kafka {
        cargo
            .env("TEST_KAFKA_BROKERS", broker.address())
            .env("TEST_KAFKA_HOME", home);
    }
    if plugins::spin_is_there() {
        let data_dir = folder.0.join("spin");
        plugins::install_into(&data_dir)?;
        cargo.env("TEST_SPIN_DATA_DIR", data_dir);
    } else {
        eprintln!("Tests under the real Spin are skipped. Install Spin 4 and put it on the PATH.");
    }
    process::step(&mut cargo)
}

/// A folder that goes with us.
pub struct Scratch(pub PathBuf);

impl Scratch {
    pub fn new() -> anyhow::Result<Self> {
        let name = format!("taskwhisper-{:016x}", rand::random::<u64>());
        let folder = std::env::temp_dir().join(name);
        std::fs::create_dir(&folder)?;
        Ok(Self(folder))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        if let Err(error) = std::fs::remove_dir_all(&self.0) {
            eprintln!("cannot remove {}: {error}", self.0.display());
        }
    }
}
