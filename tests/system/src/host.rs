//! One running host: the real binary, started as a person starts it, or the real Spin.

use std::{
    fs::{self, File},
    net::{SocketAddr, TcpListener},
    path::{Path, PathBuf},
    process::{Command, ExitStatus},
    sync::Arc,
    time::{Duration, Instant},
};

use testing::{eventually, shared_state, workspace};
use tokio::sync::Mutex;

use crate::{Api, Secrets, addresses::Addresses, process::Process};

/// Any free port.
const ANY_PORT: &str = "127.0.0.1:0";
/// A member of Kafka's groups that is stopped leaves them; then it is ended by force.
const LEAVES_WITHIN: Duration = Duration::from_secs(8);
/// How much of the log a failed test shows.
const LOG_TAIL_LINES: usize = 120;

/// A host process, killed with its children when dropped.
pub struct Host {
    process: Process,
    command: Command,
    /// Where it serves, which changes with every start.
    addresses: Arc<Addresses>,
    log: PathBuf,
    /// Groups of Kafka's wait long for a member that did not say that it leaves.
    leaves: bool,
}

impl Host {
    /// Starts a host and waits until it is ready.
    pub async fn start(database_url: &str, state: &Path, brokers: Option<&str>) -> Self {
        let mut command = taskwhisper();
        match brokers {
            Some(brokers) => command.env("SPIN_VARIABLE_KAFKA_BROKERS", brokers),
            None => command.env_remove("SPIN_VARIABLE_KAFKA_BROKERS"),
        };
        command
            .args(["up", "--listen", ANY_PORT, "--admin-listen", ANY_PORT])
            .args(["--database-url", database_url])
            .arg("--state-dir")
            .arg(state);
        Self::launch(command, state, Addresses::default(), brokers.is_some()).await
    }

    /// Starts the real Spin, with the plugins installed in this data folder, on a database that is
    /// set up first as the README says, and waits until it is ready.
    pub async fn start_under_spin(data_dir: &Path, database_url: &str, state: &Path) -> Self {
        for arguments in [&["migrate", "up"][..], &["provision"]] {
            let mut command = taskwhisper();
            command
                .args(arguments)
                .args(["--database-url", database_url]);
            if arguments == ["provision"] {
                command.arg("--state-dir").arg(state);
            }
            let output = command.output().expect("taskwhisper runs");
            assert!(output.status.success(), "{arguments:?}: {output:?}");
        }
        let (address, websocket) = (free_address(), free_address());
        let mut command = Command::new("bash");
        command
            .current_dir(workspace())
            .args(["-c", r#"set -a; . "$0"; set +a; exec spin up "$@""#])
            .arg(Secrets::path(state))
            .args(["--listen", &address.to_string()])
            .args(["--websocket-listen", &websocket.to_string()])
            .arg("--state-dir")
            .arg(state)
            .env("SPIN_DATA_DIR", data_dir);
        let addresses = Addresses::fixed(address, websocket);
        Self::launch(command, state, addresses, false).await
    }

    /// Starts it and waits until it is ready. In all test programs together one host is the first: it compiles
    /// every component, and the others find them in the cache.
    async fn launch(command: Command, state: &Path, addresses: Addresses, leaves: bool) -> Self {
        static COMPILED: Mutex<bool> = Mutex::const_new(false);
        let start = async || {
            let mut host = Self::launch_now(command, state, addresses, leaves);
            host.ready().await;
            host
        };
        let mut compiled = COMPILED.lock().await;
        if *compiled {
            drop(compiled);
            return start().await;
        }
        let lock = File::create(shared_state().join("first-start.lock"));
        let lock = lock.expect("a lock file");
        let locked = tokio::task::spawn_blocking(move || lock.lock().map(|()| lock));
        let _locked = locked.await.expect("no panic").expect("locked");
        let host = start().await;
        *compiled = true;
        host
    }

    fn launch_now(mut command: Command, state: &Path, addresses: Addresses, leaves: bool) -> Self {
        let log = state.join("host.log");
        let addresses = Arc::new(addresses);
        addresses.follow(&log);
        let process = Process::start(&mut command, &log);
        Self {
            process,
            command,
            addresses,
            log,
            leaves,
        }
    }

    pub fn api(&self) -> Api {
        Api::new(self.addresses.clone())
    }

    /// The sum of a counter over all series that have these labels, as Prometheus would read it.
    pub async fn counter(&self, name: &str, labels: &[&str]) -> u64 {
        let url = format!("http://{}/metrics", self.addresses.admin());
        let response = reqwest::get(url).await.expect("the admin listener answers");
        let text = response.text().await.expect("metrics are text");
        let series = text.lines().filter(|line| {
            let rest = line.strip_prefix(name);
            rest.is_some_and(|rest| rest.starts_with(['{', ' ']))
                && labels.iter().all(|label| line.contains(label))
        });
        series
            .filter_map(|line| line.rsplit(' ').next()?.parse::<u64>().ok())
            .sum()
    }

    /// `kill -9`.
    pub fn kill(&mut self) {
        // Another host may get its port.
        self.addresses.forget();
        self.process.kill();
    }

    /// Starts it again after [`Host::kill`] or its end, without waiting for it.
    pub fn start_again(&mut self) {
        self.addresses.forget();
        self.addresses.follow(&self.log);
        self.process = Process::start(&mut self.command, &self.log);
    }

    /// SIGTERM.
    pub fn terminate(&self) {
        self.process.signal("TERM");
    }

    /// SIGINT, as a terminal sends it.
    pub fn interrupt(&self) {
        self.process.signal("INT");
    }

    /// It hangs from now on: alive, with all its connections, and does nothing.
    pub fn hang(&self) {
        self.process.signal("STOP");
    }

    /// It goes on where it hung.
    pub fn wake(&self) {
        self.process.signal("CONT");
    }

    /// Waits until the process has ended by itself.
    pub async fn ended(&mut self) -> ExitStatus {
        let process = &mut self.process;
        eventually("the host ends", async || process.ended()).await
    }

    pub fn log(&self) -> String {
        fs::read_to_string(&self.log).unwrap_or_default()
    }

    /// Waits until it answers.
    pub async fn ready(&mut self) {
        let (process, addresses) = (&mut self.process, &self.addresses);
        eventually("the host is ready", async || {
            if let Some(status) = process.ended() {
                panic!("the host ended with {status} instead of becoming ready");
            }
            let url = format!("http://{}/health/ready", addresses.http());
            let response = reqwest::get(&url).await.ok()?;
            response.status().is_success().then_some(())
        })
        .await;
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        if self.leaves && self.process.ended().is_none() {
            self.terminate();
            let deadline = Instant::now() + LEAVES_WITHIN;
            while self.process.ended().is_none() && Instant::now() < deadline {
                std::thread::sleep(Duration::from_millis(20));
            }
        }
        self.process.kill();
        if std::thread::panicking() {
            let log = self.log();
            let lines: Vec<&str> = log.lines().collect();
            let tail = &lines[lines.len().saturating_sub(LOG_TAIL_LINES)..];
            eprintln!(
                "--- log of the host at {}\n{}\n---",
                self.addresses.http(),
                tail.join("\n")
            );
        }
    }
}

/// The binary under test, in the folder of the manifest.
pub fn taskwhisper() -> Command {
    let binary = std::env::var_os("TASKWHISPER_BIN").map_or_else(beside_this_test, PathBuf::from);
    assert!(
        binary.exists(),
        "{} is missing: cargo build -p taskwhisper",
        binary.display()
    );
    let mut command = Command::new(binary);
    command.current_dir(workspace());
    command
}

fn beside_this_test() -> PathBuf {
    let test = std::env::current_exe().unwrap_or_default();
    let profile = test.ancestors().nth(2);
    profile.unwrap_or(Path::new(".")).join("taskwhisper")
}

/// For programs that must be told a port.
fn free_address() -> SocketAddr {
    let listener = TcpListener::bind(ANY_PORT).expect("a port");
    listener.local_addr().expect("an address")
}
