//! A whole system: database, state folder, host.

use std::{fs, os::unix::fs::symlink};

use tempfile::TempDir;
use tokio::sync::{Semaphore, SemaphorePermit};

use crate::{Api, Database, Host, Secrets, host::workspace};

/// Systems that run at the same time: hosts share few cores with the test runner.
static SLOTS: Semaphore = Semaphore::const_new(2);

/// Everything a test needs, gone when dropped.
pub struct System {
    pub host: Host,
    pub database: Database,
    state: TempDir,
    more_states: Vec<TempDir>,
    _slot: SemaphorePermit<'static>,
}

impl System {
    /// A system of one's own, ready to answer; `None` when no Postgres server was named.
    pub async fn start() -> Option<Self> {
        let slot = SLOTS.acquire().await.expect("never closed");
        let database = Database::create().await?;
        let state = state_folder();
        let host = match std::env::var_os("TEST_SPIN_DATA_DIR") {
            None => Host::start(&database.url, state.path()).await,
            Some(plugins) => {
                Host::start_under_spin(plugins.as_ref(), &database.url, state.path()).await
            }
        };
        Some(Self {
            host,
            database,
            state,
            more_states: Vec::new(),
            _slot: slot,
        })
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
        let host = Host::start(&self.database.url, state.path()).await;
        self.more_states.push(state);
        host
    }
}

/// A state folder that shares its compiled components with those of other runs, as a second start does.
fn state_folder() -> TempDir {
    let state = tempfile::tempdir().expect("a folder for the state");
    let cache = workspace().join("target/tmp/system-tests-cache");
    fs::create_dir_all(&cache).expect("a folder for compiled components");
    symlink(cache, state.path().join("cache")).expect("the cache can be linked");
    state
}
