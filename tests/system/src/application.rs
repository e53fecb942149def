//! An application that is not ours, built and run as its author would.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;
use testing::{eventually, state_folder, workspace};

use crate::host::taskwhisper;
use crate::process::Process;

/// A folder with an application, and the host that runs it; killed and gone when dropped.
pub struct Application {
    folder: TempDir,
    state: TempDir,
    host: Option<Process>,
}

impl Application {
    /// An empty folder below `target`, whose own `target` is the one that all of these share.
    pub fn create() -> Self {
        let tmp = workspace().join("target/tmp");
        let built = built();
        fs::create_dir_all(&built).expect("a folder for what cargo builds");
        let folder = tempfile::tempdir_in(tmp).expect("a folder for the application");
        symlink(built, folder.path().join("target")).expect("the target can be linked");
        Self {
            folder,
            state: state_folder(),
            host: None,
        }
    }

    /// Where it is.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// A command that works on it, ready to run.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = taskwhisper();
        command
            .args(arguments)
            .arg("--application")
            .arg(self.folder().join("spin.toml"))
            .arg("--state-dir")
            .arg(self.state.path())
            .env_remove("DATABASE_URL");
        command
    }

    /// Runs it with our host; `kafka_brokers` is its variable, if it has that.
    pub fn run(&mut self, brokers: &str) {
        let mut command = taskwhisper();
        command
            .args(["up", "--from"])
            .arg(self.folder().join("spin.toml"))
            .arg("--state-dir")
            .arg(self.state.path())
            .env("SPIN_VARIABLE_KAFKA_BROKERS", brokers)
            .env_remove("DATABASE_URL");
        self.host = Some(Process::start(&mut command, &self.log()));
    }

    /// Runs its kafka trigger as `spin up` in its folder runs a plugin.
    pub fn run_as_plugin(&mut self) {
        let manifest = self.folder().join("spin.toml");
        let mut command = taskwhisper();
        command
            .args(["trigger", "kafka"])
            .current_dir(self.folder())
            .env("SPIN_LOCKED_URL", format!("file://{}", manifest.display()))
            // The folder that `spin.toml` is in, as Spin has it.
            .env("SPIN_LOCAL_APP_DIR", "")
            .env_remove("SPIN_LOG_DIR");
        self.host = Some(Process::start(&mut command, &self.log()));
    }

    /// Waits until host or component have said this.
    pub async fn says(&mut self, text: &str) {
        let log = self.log();
        let host = self.host.as_mut().expect("it runs");
        eventually(text, async || {
            if let Some(status) = host.ended() {
                panic!("the host ended with {status}");
            }
            let said = fs::read_to_string(&log).unwrap_or_default();
            said.contains(text).then_some(())
        })
        .await;
    }

    fn log(&self) -> PathBuf {
        self.state.path().join("host.log")
    }
}

impl Drop for Application {
    fn drop(&mut self) {
        // Its log is whole when it has ended.
        self.host = None;
        if std::thread::panicking() {
            let log = fs::read_to_string(self.log()).unwrap_or_default();
            eprintln!("--- log of the host\n{log}\n---");
        }
    }
}

/// `cargo build` as the manifests say; from the network only what is not here yet.
pub fn cargo_build(folder: &Path, options: &[&str]) {
    let build = |more: &[&str]| {
        let status = Command::new("cargo")
            .args(["build", "--target", "wasm32-wasip2", "--release", "--quiet"])
            .args(options)
            .args(more)
            .current_dir(folder)
            .env("CARGO_TARGET_DIR", built())
            .status();
        status.expect("cargo runs").success()
    };
    assert!(
        build(&["--offline"]) || build(&[]),
        "cargo build in {}",
        folder.display()
    );
}

fn built() -> PathBuf {
    workspace().join("target/tmp/applications")
}
