//! `cargo xtask test`: everything built, a database server of its own, every test.

use crate::build::{self, Guests};
use crate::postgres::{Cluster, DATABASE, Durability};
use crate::{paths, plugins, process};
use std::path::{Path, PathBuf};
use std::process::Command;

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
    build::all(Guests::WithTests)?;
    let folder = Scratch::new()?;
    let cluster = Cluster::start(&folder.0, Durability::ThrownAway)?;

    let mut tests = tests(&cluster)?;
    if options.package.is_empty() {
        build::exclude_guests(tests.arg("--workspace"))?;
    }
    for package in &options.package {
        tests.args(["--package", package]);
    }
    tests.args(&options.filter).arg("--").args(&options.rest);
    let ours = process::step(&mut tests);

    // All of it was asked for: also what only another host can show.
    if options.package.is_empty() && options.filter.is_none() {
        under_spin(&cluster, &folder.0)?;
    }
    ours
}

/// `cargo test` with what the tests find their servers by.
fn tests(cluster: &Cluster) -> anyhow::Result<Command> {
    let mut cargo = build::cargo_test();
    cargo
        .arg("--no-fail-fast")
        .env("TEST_DATABASE_URL", cluster.url(DATABASE))
        .env("TASKWHISPER_BIN", paths::binary("taskwhisper"));
    Ok(cargo)
}

/// The black-box tests of one slice through everything, once more with Spin itself as the host.
fn under_spin(cluster: &Cluster, folder: &Path) -> anyhow::Result<()> {
    if !plugins::spin_is_there() {
        println!("skipped: the tests under the real Spin: install Spin 4 and put it on the PATH");
        return Ok(());
    }
    println!("\nThe same application under the real Spin");
    let data_dir = folder.join("spin");
    plugins::install_into(&data_dir)?;
    let mut tests = tests(cluster)?;
    build::exclude_guests(tests.arg("--workspace"))?;
    tests
        .args(["--test", "behaviour", "slice::"])
        .env("TEST_SPIN_DATA_DIR", &data_dir);
    process::step(&mut tests)
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
