//! A whole system: database, state folder, host.

use std::{fs, process::Command, sync::LazyLock};

use tempfile::TempDir;
use testing::state_folder;
use tokio::{
    runtime::Runtime,
    sync::{OnceCell, Semaphore, SemaphorePermit},
};

use crate::{Api, Database, Host, Kafka, Secrets, Transport, host::taskwhisper};

/// Systems that run at the same time: hosts share few cores with the test runner.
static SLOTS: Semaphore = Semaphore::const_new(2);

/// Everything a test needs, gone when dropped.
pub struct System {
    pub host: Host,
    pub database: Database,
    state: TempDir,
    more_states: Vec<TempDir>,
    // Behind the hosts, which leave their groups when they are dropped.
    kafka: Option<Kafka>,
    _slot: Option<SemaphorePermit<'static>>,
}

impl System {
    /// A system of one's own, ready to answer; `None`, with a line that says why, where something
    /// it needs was not named.
    pub async fn start(transport: Transport) -> Option<Self> {
        let kafka = match transport {
            Transport::Log => None,
            Transport::Kafka => Some(Kafka::shared().await?),
        };
        Self::with(kafka).await
    }

    /// A system whose events go through this Kafka, or through the event log alone.
    pub async fn with(kafka: Option<Kafka>) -> Option<Self> {
        let slot = SLOTS.acquire().await.expect("never closed");
        Self::on(Database::create().await?, kafka, Some(slot)).await
    }

    /// A system on a database that has nothing in it yet.
    pub async fn on_empty_database() -> Option<Self> {
        let slot = SLOTS.acquire().await.expect("never closed");
        Self::on(Database::empty().await?, None, Some(slot)).await
    }

    /// The system of all tests in this program that need none of their own, made by the first of them. It
    /// ends with the program.
    pub async fn shared<S>(start: impl FnOnce() -> S + Send + 'static) -> Option<&'static Self>
    where
        S: Future<Output = Option<Self>>,
    {
        static SHARED: OnceCell<Option<System>> = OnceCell::const_new();
        // Its connections outlive the runtime of the test that makes it.
        static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| Runtime::new().expect("a runtime"));
        let make = async || {
            let made = tokio::task::spawn_blocking(|| RUNTIME.block_on(start()));
            let mut system = made.await.expect("no panic");
            if let Some(system) = &mut system {
                system._slot = None;
            }
            system
        };
        SHARED.get_or_init(make).await.as_ref()
    }

    async fn on(
        database: Database,
        kafka: Option<Kafka>,
        slot: Option<SemaphorePermit<'static>>,
    ) -> Option<Self> {
        let state = state_folder();
        let brokers = kafka.as_ref().map(Kafka::brokers);
        let host = Host::start(&database.url, state.path(), brokers).await;
        Some(Self {
            host,
            database,
            state,
            more_states: Vec::new(),
            kafka,
            _slot: slot,
        })
    }

    /// A system whose host is the real Spin; `None`, with a line that says why, without one.
    pub async fn under_spin() -> Option<Self> {
        let Some(data_dir) = std::env::var_os("TEST_SPIN_DATA_DIR") else {
            println!(
                "skipped: install Spin 4 and put it on the PATH (cargo xtask test does the rest)"
            );
            return None;
        };
        let slot = SLOTS.acquire().await.expect("never closed");
        let database = Database::create().await?;
        let state = state_folder();
        let host = Host::start_under_spin(data_dir.as_ref(), &database.url, state.path()).await;
        Some(Self {
            host,
            database,
            state,
            more_states: Vec::new(),
            kafka: None,
            _slot: Some(slot),
        })
    }

    /// `host:port` of the Kafka its events go through.
    pub fn brokers(&self) -> &str {
        self.kafka.as_ref().expect("a system with Kafka").brokers()
    }

    /// The Kafka its events go through.
    pub fn kafka(&mut self) -> &mut Kafka {
        self.kafka.as_mut().expect("a system with Kafka")
    }

    /// Whether its events go through Kafka.
    pub fn has_kafka(&self) -> bool {
        self.kafka.is_some()
    }

    /// An operator's command, ready to run.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = taskwhisper();
        command
            .args(arguments)
            .arg("--state-dir")
            .arg(self.state.path());
        match &self.kafka {
            Some(kafka) => command.env("SPIN_VARIABLE_KAFKA_BROKERS", kafka.brokers()),
            None => command.env_remove("SPIN_VARIABLE_KAFKA_BROKERS"),
        };
        command
    }

    /// What an operator's command says; `Err` with its complaint where it fails.
    pub fn try_run(&self, arguments: &[&str]) -> Result<String, String> {
        let output = self.command(arguments).output().expect("the binary runs");
        match output.status.success() {
            true => Ok(String::from_utf8_lossy(&output.stdout).into_owned()),
            false => Err(String::from_utf8_lossy(&output.stderr).into_owned()),
        }
    }

    /// What an operator's command says, line by line, as JSON.
    pub fn run(&self, arguments: &[&str]) -> Vec<serde_json::Value> {
        let mut with_json = arguments.to_vec();
        with_json.push("--json");
        let said = self.try_run(&with_json);
        let said = said.unwrap_or_else(|error| panic!("{arguments:?}: {error}"));
        let lines = said.lines().map(serde_json::from_str);
        lines.collect::<Result<_, _>>().expect("lines of JSON")
    }

    pub fn api(&self) -> Api {
        self.host.api()
    }

    /// The generated keys, as an operator finds them in the state folder.
    pub fn secrets(&self) -> Secrets {
        Secrets::read(self.state.path())
    }

    /// Another host on the same database, with the same keys.
    pub async fn another_host(&mut self) -> Host {
        let state = state_folder();
        fs::copy(
            Secrets::path(self.state.path()),
            Secrets::path(state.path()),
        )
        .expect("the secrets can be copied");
        let brokers = self.kafka.as_ref().map(Kafka::brokers);
        let host = Host::start(&self.database.url, state.path(), brokers).await;
        self.more_states.push(state);
        host
    }
}
