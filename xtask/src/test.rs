//! `cargo xtask test` and `soak`: what tests need is built and started, then they run.

use crate::build::{self, Guests, Profile};
use crate::kafka::{self, Broker, Purpose};
use crate::postgres::{Cluster, DATABASE, Durability};
use crate::suite::{self, Need, Package, Programs, Suite};
use crate::{paths, plugins};
use anyhow::Context as _;
use std::collections::BTreeSet;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

#[derive(clap::Args)]
pub struct Options {
    /// Only tests whose name contains this
    filter: Option<String>,
    /// Only the tests of these packages; can be repeated
    #[arg(short, long, value_name = "NAME")]
    package: Vec<String>,
    /// Test programs that run at the same time
    // One: a member that hands a partition over waits a second at most for transactions that are open anywhere on the
    // server. A test of another program may leave one open for longer, and then records are handled again.
    #[arg(long, value_name = "COUNT", default_value_t = 1)]
    jobs: usize,
    /// More options for the test programs, after `--`; with `--nocapture` they run one after the other
    #[arg(last = true)]
    rest: Vec<String>,
}

#[derive(clap::Args)]
pub struct Soak {
    /// How often hosts are killed, hung and cut off in each test
    #[arg(long, value_name = "COUNT", default_value_t = 100)]
    kills: usize,
    /// The moments of an earlier run, which printed this
    #[arg(long, value_name = "NUMBER")]
    seed: Option<u64>,
}

pub fn run(options: Options) -> anyhow::Result<()> {
    let packages = chosen(&options.package)?;
    let stage = Stage::set(&packages, options.package.is_empty())?;
    let openly = options.rest.iter().any(|option| option == "--nocapture");
    let arguments: Vec<_> = options.filter.into_iter().chain(options.rest).collect();
    stage.run(&arguments, options.jobs, openly)
}

pub fn soak(options: Soak) -> anyhow::Result<()> {
    let packages = chosen(&["system-tests".to_owned()])?;
    let mut stage = Stage::set(&packages, false)?;
    let mut tell = |name: &str, value: String| stage.environment.push((name.into(), value.into()));
    tell("TEST_KILLS", options.kills.to_string());
    if let Some(seed) = options.seed {
        tell("TEST_SEED", seed.to_string());
    }
    // What strikes often is slow to end.
    tell("TEST_PATIENCE_S", "600".to_owned());
    stage.run(&["crash".to_owned(), "--nocapture".to_owned()], 1, true)
}

/// The packages with these names; without names all.
fn chosen(names: &[String]) -> anyhow::Result<Vec<Package>> {
    let mut packages = suite::packages()?;
    for name in names {
        let known = packages.iter().any(|package| package.name == *name);
        anyhow::ensure!(known, "there are no tests of a package `{name}`");
    }
    if !names.is_empty() {
        packages.retain(|package| names.contains(&package.name));
    }
    Ok(packages)
}

/// Cargo gives a dependency the features that the chosen packages ask for. Beside these each package's are those
/// of the whole workspace, so that what was built for all is not built again for one. They have few targets.
const COMPANIONS: [&str; 4] = ["taskwhisper", "bench", "xtask", "auth"];

/// Everything that tests stand on.
struct Stage {
    programs: Programs,
    environment: Vec<(String, OsString)>,
    // Fields drop in order: servers end before their folder goes.
    _broker: Option<Broker>,
    _cluster: Option<Cluster>,
    folder: Scratch,
}

impl Stage {
    /// Build what these packages' tests need and start the servers meanwhile.
    fn set(packages: &[Package], whole: bool) -> anyhow::Result<Self> {
        let needs = |need| packages.iter().any(|package| package.needs.contains(&need));
        let folder = Scratch::new()?;
        let temporary = folder.0.join("tmp");
        std::fs::create_dir(&temporary)?;
        let postgres = needs(Need::Postgres).then(|| {
            let folder = folder.0.join("postgres");
            std::thread::spawn(move || Cluster::start(&folder, Durability::ThrownAway))
        });
        let kafka = needs(Need::Kafka).then(|| {
            let folder = folder.0.join("kafka");
            std::thread::spawn(move || broker(&folder))
        });
        let built = programs(packages, whole, needs);
        let cluster = postgres.map(joined).transpose()?;
        let broker = kafka.map(joined).transpose()?.flatten();
        let programs = built?;

        let guests = paths::guests(Profile::Dev);
        let host = paths::binary(Profile::Dev, "taskwhisper");
        let mut environment: Vec<(String, OsString)> = vec![
            ("TMPDIR".into(), temporary.into()),
            ("TEST_GUESTS_DIR".into(), guests.into()),
            ("TASKWHISPER_BIN".into(), host.into()),
        ];
        if let Some(cluster) = &cluster {
            environment.push(("TEST_DATABASE_URL".into(), cluster.url(DATABASE).into()));
        }
        if let Some((broker, home)) = &broker {
            environment.push(("TEST_KAFKA_BROKERS".into(), broker.address().into()));
            environment.push(("TEST_KAFKA_HOME".into(), home.into()));
        }
        if needs(Need::Application) {
            match plugins::spin_is_there() {
                true => {
                    let data_dir = folder.0.join("spin");
                    plugins::install_into(&data_dir)?;
                    environment.push(("TEST_SPIN_DATA_DIR".into(), data_dir.into()));
                }
                false => eprintln!(
                    "Tests under the real Spin are skipped. Install Spin 4 and put it on the PATH."
                ),
            }
        }
        Ok(Self {
            programs,
            environment,
            _broker: broker.map(|(broker, _)| broker),
            _cluster: cluster,
            folder,
        })
    }

    fn run(&self, arguments: &[String], jobs: usize, openly: bool) -> anyhow::Result<()> {
        let suite = Suite {
            arguments,
            environment: &self.environment,
            jobs: jobs.max(1),
            folder: &self.folder.0,
        };
        match openly {
            true => suite.run_openly(&self.programs),
            false => suite.run(&self.programs),
        }
    }
}

/// Test programs, and before them what they run.
fn programs(
    packages: &[Package],
    whole: bool,
    needs: impl Fn(Need) -> bool,
) -> anyhow::Result<Programs> {
    let application = needs(Need::Application);
    if application || needs(Need::Guests) {
        let guests = match (application, needs(Need::Guests)) {
            (true, true) => Guests::WithTests,
            (true, false) => Guests::Components,
            _ => Guests::Tests,
        };
        build::for_tests(guests, application && !whole)?;
    }
    let mut cargo = build::cargo();
    if whole {
        // Programs too: what tests run is built in the same turn. Not the libraries by themselves: a component
        // is one that can be linked for wasm only.
        cargo.args(["build", "--workspace", "--tests", "--bins", "--examples"]);
        build::exclude_guests(&mut cargo)?.args(build::openssl());
    } else {
        cargo.args(["test", "--no-run"]);
        let companions = COMPANIONS.iter().copied();
        for name in companions.chain(packages.iter().map(|package| package.name.as_str())) {
            cargo.args(["--package", name]);
        }
        let targets = packages.iter().flat_map(|package| &package.targets);
        // Each once: cargo refuses a repeated `--lib`.
        for (option, name) in targets.collect::<BTreeSet<_>>() {
            cargo.arg(option).args(name);
        }
    }
    cargo.args(["--locked", "--profile", Profile::Dev.name()]);
    suite::built_by(&mut cargo, packages)
}

/// A broker and the jars it is run from; none, with a word about it, where none can run.
fn broker(folder: &Path) -> anyhow::Result<Option<(Broker, PathBuf)>> {
    match kafka::home_if_possible() {
        Ok(home) => Ok(Some((Broker::start(&home, folder, Purpose::Test)?, home))),
        Err(reason) => {
            eprintln!(
                "Kafka's tests run on the broker of TEST_KAFKA_BROKERS or on the client's own in their \
                 process, and say what they skip. {reason}"
            );
            Ok(None)
        }
    }
}

fn joined<T>(thread: std::thread::JoinHandle<anyhow::Result<T>>) -> anyhow::Result<T> {
    thread.join().ok().context("starting a server panicked")?
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
