//! One running host: the real binary, started as a person starts it, or the real Spin.

use std::{
    fs::{self, File},
    net::{SocketAddr, TcpListener},
    os::unix::process::CommandExt as _,
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    sync::atomic::{AtomicU16, Ordering},
    time::{Duration, Instant},
};

use crate::{Api, Secrets, wait::eventually};

/// The first start compiles every component; later ones find them in the cache.
const READY_WITHIN: Duration = Duration::from_secs(180);
const LEAVES_WITHIN: Duration = Duration::from_secs(8);
/// How much of the log a failed test shows.
const LOG_TAIL_LINES: usize = 120;

/// A host process, killed with its children when dropped.
pub struct Host {
    child: Child,
    command: Command,
    /// Where it serves HTTP.
    pub address: SocketAddr,
    /// Where it serves WebSockets.
    websocket: SocketAddr,
    /// Where it serves `/metrics`, if it is ours.
    admin: Option<SocketAddr>,
    log: PathBuf,
    /// Groups of Kafka's wait long for a member that did not say that it leaves.
    leaves: bool,
}

impl Host {
    /// Starts a host and waits until it is ready.
    pub async fn start(database_url: &str, state: &Path, brokers: Option<&str>) -> Self {
        let (address, admin) = (free_address(), free_address());
        let mut command = taskwhisper();
        match brokers {
            Some(brokers) => command.env("SPIN_VARIABLE_KAFKA_BROKERS", brokers),
            None => command.env_remove("SPIN_VARIABLE_KAFKA_BROKERS"),
        };
        command
            .arg("up")
            .args(["--listen", &address.to_string()])
            .args(["--admin-listen", &admin.to_string()])
            .args(["--database-url", database_url])
            .arg("--state-dir")
            .arg(state);
        Self::launch(
            command,
            state,
            address,
            address,
            Some(admin),
            brokers.is_some(),
        )
        .await
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
        Self::launch(command, state, address, websocket, None, false).await
    }

    async fn launch(
        mut command: Command,
        state: &Path,
        address: SocketAddr,
        websocket: SocketAddr,
        admin: Option<SocketAddr>,
        leaves: bool,
    ) -> Self {
        let log = state.join("host.log");
        let child = spawn(&mut command, &log);
        let mut host = Self {
            child,
            command,
            address,
            websocket,
            admin,
            log,
            leaves,
        };
        host.ready().await;
        host
    }

    pub fn api(&self) -> Api {
        Api::new(self.address, self.websocket)
    }

    /// The sum of a counter over all series that have these labels, as Prometheus would read it.
    pub async fn counter(&self, name: &str, labels: &[&str]) -> u64 {
        let admin = self.admin.expect("the real Spin serves no metrics");
        let url = format!("http://{admin}/metrics");
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
        self.child.kill().expect("the host was running");
        self.child.wait().expect("the host can be waited for");
    }

    /// Starts it again after [`Host::kill`], on the same addresses, without waiting for it.
    pub fn start_again(&mut self) {
        self.child = spawn(&mut self.command, &self.log);
    }

    /// SIGTERM.
    pub fn terminate(&self) {
        self.signal("TERM");
    }

    /// SIGINT, as a terminal sends it.
    pub fn interrupt(&self) {
        self.signal("INT");
    }

    /// It hangs from now on: alive, with all its connections, and does nothing.
    pub fn hang(&self) {
        self.signal("STOP");
    }

    /// It goes on where it hung.
    pub fn wake(&self) {
        self.signal("CONT");
    }

    fn signal(&self, name: &str) {
        let status = Command::new("kill")
            .args(["-s", name, &self.child.id().to_string()])
            .status()
            .expect("kill runs");
        assert!(status.success());
    }

    /// Waits until the process has ended by itself.
    pub async fn ended(&mut self, within: Duration) -> ExitStatus {
        let child = &mut self.child;
        eventually("the host ends", within, async || {
            child.try_wait().expect("can be waited for")
        })
        .await
    }

    pub fn log(&self) -> String {
        fs::read_to_string(&self.log).unwrap_or_default()
    }

    /// Waits until it answers.
    pub async fn ready(&mut self) {
        let url = format!("http://{}/health/ready", self.address);
        let child = &mut self.child;
        eventually("the host is ready", READY_WITHIN, async || {
            if let Some(status) = child.try_wait().expect("can be waited for") {
                panic!("the host ended with {status} instead of becoming ready");
            }
            let response = reqwest::get(&url).await.ok()?;
            response.status().is_success().then_some(())
        })
        .await;
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        if self.leaves && matches!(self.child.try_wait(), Ok(None)) {
            self.terminate();
            let deadline = Instant::now() + LEAVES_WITHIN;
            while matches!(self.child.try_wait(), Ok(None)) && Instant::now() < deadline {
                std::thread::sleep(Duration::from_millis(20));
            }
        }
        // It may have ended already, but what it started may not.
        let group = format!("-{}", self.child.id());
        let _ = Command::new("kill")
            .args(["-KILL", "--", &group])
            .stderr(Stdio::null())
            .status();
        let _ = self.child.wait();
        if std::thread::panicking() {
            let log = self.log();
            let lines: Vec<&str> = log.lines().collect();
            let tail = &lines[lines.len().saturating_sub(LOG_TAIL_LINES)..];
            eprintln!(
                "--- log of the host at {}\n{}\n---",
                self.address,
                tail.join("\n")
            );
        }
    }
}

/// The binary under test, in the folder of the manifest.
pub fn taskwhisper() -> Command {
    let root = workspace();
    let binary = std::env::var_os("TASKWHISPER_BIN")
        .map_or_else(|| root.join("target/release/taskwhisper"), PathBuf::from);
    assert!(
        binary.exists(),
        "{} is missing: cargo build --release -p taskwhisper",
        binary.display()
    );
    let mut command = Command::new(binary);
    command.current_dir(root);
    command
}

pub(crate) fn spawn(command: &mut Command, log: &Path) -> Child {
    let open = || {
        File::options()
            .create(true)
            .append(true)
            .open(log)
            .expect("the log can be written")
    };
    command
        .stdin(Stdio::null())
        .stdout(open())
        .stderr(open())
        .process_group(0)
        .spawn()
        .expect("the host can be started")
}

pub(crate) fn workspace() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.ancestors()
        .nth(2)
        .expect("tests/system is two levels down")
        .to_owned()
}

/// Below the ports that the system gives to outgoing connections, so that none of those takes it
/// before the host does.
fn free_address() -> SocketAddr {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let start = u16::try_from(std::process::id() % 100).expect("below 100") * 100;
    loop {
        let port = 20_000 + (start + NEXT.fetch_add(1, Ordering::Relaxed)) % 10_000;
        let address = SocketAddr::from(([127, 0, 0, 1], port));
        if TcpListener::bind(address).is_ok() {
            return address;
        }
    }
}
