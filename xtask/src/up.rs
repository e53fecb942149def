//! `cargo xtask up`: from a fresh checkout to a served application, and back to nothing on Ctrl-C.

use crate::build::{self, Profile};
use crate::kafka::{self, Broker, Purpose};
use crate::paths;
use crate::postgres::{Cluster, DATABASE, Durability};
use crate::process::Service;
use crate::supervise::Supervised;
use anyhow::{Context as _, bail};
use rustix::process::Signal;
use signal_hook::consts::{SIGINT, SIGTERM};
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

#[derive(clap::Args)]
pub struct Options {
    /// Where to serve the page, the API and the WebSocket
    #[arg(long, value_name = "ADDR:PORT", default_value = "127.0.0.1:3000")]
    listen: String,
    /// Where to serve /livez, /readyz and /metrics [default: nowhere]
    #[arg(long, value_name = "ADDR:PORT")]
    admin_listen: Option<String>,
    /// Where the database, the keys and the compiled components are kept
    #[arg(long, value_name = "DIR", default_value = ".taskwhisper")]
    state_dir: PathBuf,
    /// A database of your own, as its owner, instead of the embedded one
    #[arg(long, value_name = "URL", env = "DATABASE_URL", hide_env_values = true)]
    database_url: Option<String>,
    /// Carry events through Kafka: the brokers in KAFKA_BROKERS, or else a private one, which needs
    /// Java 17 and, at its first start, Maven
    #[arg(long)]
    kafka: bool,
    /// First delete the database, the broker and the keys in the state folder, with everything that was
    /// ever stored there
    #[arg(long, conflicts_with = "database_url")]
    reset: bool,
    /// More options for `taskwhisper up`, after `--`
    #[arg(last = true)]
    rest: Vec<String>,
}

pub fn run(options: Options) -> anyhow::Result<()> {
    let asked = Signals::listen()?;
    let state = std::path::absolute(&options.state_dir)?;
    std::fs::create_dir_all(&state)
        .with_context(|| format!("cannot make the state folder {}", state.display()))?;

    if options.reset {
        reset(&state)?;
    }
    // The server starts while cargo looks for what changed.
    let own = options.database_url.is_none();
    let folder = state.join("postgres");
    let starting =
        own.then(|| std::thread::spawn(move || Cluster::start(&folder, Durability::Kept)));
    let kafka = options.kafka.then(|| Kafka::start(&state));
    let built = build::all(Profile::Dev, build::Guests::Components);
    let cluster = match starting.map(std::thread::JoinHandle::join) {
        None => None,
        Some(Ok(started)) => Some(started?),
        Some(Err(_)) => bail!("starting the database panicked"),
    };
    let kafka = kafka.map(Kafka::ready).transpose()?;
    built?;
    if asked.count() > 0 {
        return Ok(());
    }
    let url = match (&cluster, options.database_url) {
        (Some(cluster), _) => cluster.url(DATABASE),
        (None, Some(url)) => url,
        (None, None) => bail!("there is no database"),
    };
    let _cluster = cluster.map(Supervised::new);
    let mut host = host(
        Profile::Dev,
        &state,
        &url,
        &options.listen,
        options.admin_listen.as_deref(),
    );
    if let Some(kafka) = &kafka {
        host.env(BROKERS_VARIABLE, &kafka.brokers);
    }
    if std::env::var_os(RUNTIME_CONFIG_VARIABLE).is_none() {
        host.env(
            RUNTIME_CONFIG_VARIABLE,
            paths::root().join("runtime-config.toml"),
        );
    }
    host.args(options.rest);
    match wait(host, &asked)? {
        Ended::Well => Ok(()),
        Ended::Badly(status) if own && status.code() == Some(OLDER_SCHEMA) => bail!(
            "this database is the one in {state}, and an older version made it. To begin anew, with all \
             accounts and tasks in it deleted, run\n\n  cargo xtask up --reset --state-dir {state}\n",
            state = state.display()
        ),
        Ended::Badly(status) => bail!("the host ended ({status})"),
    }
}

/// Where `taskwhisper up` looks for its runtime configuration; an option after `--` stands before it.
const RUNTIME_CONFIG_VARIABLE: &str = "RUNTIME_CONFIG_FILE";
/// The host's exit status when the database has the schema of an older version.
const OLDER_SCHEMA: i32 = 3;

/// Deletes what an older version may have left, but for compiled components, which are found by their
/// content.
fn reset(state: &Path) -> anyhow::Result<()> {
    Cluster::delete(&state.join("postgres"))?;
    for name in ["kafka", "secrets.env", "sqlite_key_value.db"] {
        let path = state.join(name);
        let deleted = match path.is_dir() {
            true => std::fs::remove_dir_all(&path),
            false if path.exists() => std::fs::remove_file(&path),
            false => Ok(()),
        };
        deleted.with_context(|| format!("cannot delete {}", path.display()))?;
    }
    Ok(())
}

/// The variable of spin.toml that makes Kafka the transport.
const BROKERS_VARIABLE: &str = "SPIN_VARIABLE_KAFKA_BROKERS";

/// The brokers events go through: somebody's, or a private one.
struct Kafka {
    brokers: String,
    _own: Option<Supervised>,
    /// Tells `taskwhisper lag` and its like where the brokers are, while this runs.
    _brokers_file: BrokersFile,
}

enum Starting {
    Given(String, PathBuf),
    Own(std::thread::JoinHandle<anyhow::Result<Broker>>, PathBuf),
}

impl Kafka {
    fn start(state: &Path) -> Starting {
        match std::env::var("KAFKA_BROKERS") {
            Ok(brokers) if !brokers.is_empty() => Starting::Given(brokers, state.join("kafka.env")),
            _ => {
                let folder = state.join("kafka");
                let starting = std::thread::spawn(move || {
                    Broker::start(&kafka::home()?, &folder, Purpose::Use)
                });
                Starting::Own(starting, state.join("kafka.env"))
            }
        }
    }

    fn ready(starting: Starting) -> anyhow::Result<Self> {
        match starting {
            Starting::Given(brokers, file) => Ok(Self {
                _own: None,
                _brokers_file: BrokersFile::write(
                    file,
                    &format!("{BROKERS_VARIABLE}={brokers}\n"),
                )?,
                brokers,
            }),
            Starting::Own(starting, file) => {
                let Ok(broker) = starting.join() else {
                    bail!("starting Kafka panicked");
                };
                let broker = broker?;
                let brokers = broker.address();
                let told = BrokersFile::write(file, &format!("{BROKERS_VARIABLE}={brokers}\n"))?;
                eprintln!("Kafka is ready at {brokers}");
                Ok(Self {
                    brokers,
                    _own: Some(Supervised::new(broker)),
                    _brokers_file: told,
                })
            }
        }
    }
}

/// A file that goes with us.
struct BrokersFile(PathBuf);

impl BrokersFile {
    fn write(path: PathBuf, text: &str) -> anyhow::Result<Self> {
        std::fs::write(&path, text).with_context(|| format!("writing {}", path.display()))?;
        Ok(Self(path))
    }
}

impl Drop for BrokersFile {
    fn drop(&mut self) {
        // Gone already: then nothing is told any more either.
        _ = std::fs::remove_file(&self.0);
    }
}

/// The command that serves the application.
pub fn host(
    profile: Profile,
    state: &Path,
    database_url: &str,
    listen: &str,
    admin: Option<&str>,
) -> Command {
    let mut host = Command::new(paths::binary(profile, "taskwhisper"));
    host.args(["up", "--listen", listen, "--state-dir"])
        .arg(state)
        // In the environment, not in the arguments everyone on the machine can list.
        .env("DATABASE_URL", database_url)
        .current_dir(paths::root());
    if let Some(admin) = admin {
        host.args(["--admin-listen", admin]);
    }
    host
}

/// How a host that served ended.
enum Ended {
    Well,
    Badly(ExitStatus),
}

/// Serve until asked to stop; a second time means at once.
fn wait(mut command: Command, asked: &Signals) -> anyhow::Result<Ended> {
    let mut service = Service::start(
        command.stdout(Stdio::piped()),
        Signal::TERM,
        Duration::from_secs(30),
    )?;
    if let Some(output) = service.output() {
        std::thread::spawn(move || {
            for line in BufReader::new(output).lines().map_while(Result::ok) {
                println!("{line}");
                if let Some((_, url)) = line.split_once("is ready at ") {
                    println!("{}", hints(url.trim()));
                }
            }
        });
    }
    let mut passed_on = 0;
    loop {
        if let Some(status) = service.ended()? {
            return Ok(match status.success() || asked.count() > 0 {
                true => Ended::Well,
                false => Ended::Badly(status),
            });
        }
        if asked.count() > passed_on {
            passed_on = asked.count();
            service.ask_to_stop();
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn hints(url: &str) -> String {
    format!(
        "\n  Open {url} in a browser, or try\n\n    \
         curl -sX POST {url}/api/auth/sign-up -H 'content-type: application/json' \\\n      \
         -d '{{\"email\":\"me@example.com\",\"password\":\"a long password\"}}'\n\n  \
         Ctrl-C stops everything; what you did is kept for the next start.\n"
    )
}

/// How often the person (or the system) asked us to stop.
struct Signals(Arc<AtomicUsize>);

impl Signals {
    fn listen() -> anyhow::Result<Self> {
        let count = Arc::new(AtomicUsize::new(0));
        let mut signals = signal_hook::iterator::Signals::new([SIGINT, SIGTERM])?;
        let counted = Arc::clone(&count);
        std::thread::spawn(move || {
            for _ in signals.forever() {
                counted.fetch_add(1, Ordering::SeqCst);
            }
        });
        Ok(Self(count))
    }

    fn count(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }
}
