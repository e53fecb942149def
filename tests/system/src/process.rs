//! Programs under test, each in a process group of its own.

use std::fs::File;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};

use testing::Watch;

/// A program that ends with all that it started when this is dropped.
pub struct Process {
    child: Child,
    watch: Watch,
}

impl Process {
    /// Starts it, its output at the end of a log.
    pub fn start(command: &mut Command, log: &Path) -> Self {
        let open = || {
            File::options()
                .create(true)
                .append(true)
                .open(log)
                .expect("the log can be written")
        };
        let child = command
            .stdin(Stdio::null())
            .stdout(open())
            .stderr(open())
            .process_group(0)
            .spawn()
            .expect("the program can be started");
        Self {
            watch: Watch::over(child.id()),
            child,
        }
    }

    /// Its exit status, once it has ended.
    pub fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().expect("can be waited for")
    }

    /// `kill -9`.
    pub fn kill(&mut self) {
        self.watch.kill();
        self.child.wait().expect("can be waited for");
    }

    /// Sends it a signal, `TERM` or another.
    pub fn signal(&self, name: &str) {
        let status = Command::new("kill")
            .args(["-s", name, &self.child.id().to_string()])
            .status()
            .expect("kill runs");
        assert!(status.success());
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended already, but what it started may not.
        self.kill();
    }
}
