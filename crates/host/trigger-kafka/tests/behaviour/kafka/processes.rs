//! Members of a group as processes of their own, which can be killed.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use super::harness::World;

/// A process that runs the trigger; killed when dropped.
pub struct Member {
    pub name: String,
    child: Child,
}

impl Member {
    pub fn start(world: &World, name: &str, lines: &str) -> Self {
        let manifest = world.manifest(name, lines);
        let log = std::fs::File::create(manifest.with_file_name("member.log")).expect("a log");
        let child = Command::new(program())
            .arg(&manifest)
            .arg(testing::shared_state())
            .env("RUST_LOG", "info")
            .stdin(Stdio::null())
            .stdout(log.try_clone().expect("the log"))
            .stderr(log)
            .spawn()
            .expect("the member starts");
        Self {
            name: name.to_owned(),
            child,
        }
    }

    /// `kill -9`.
    pub fn kill(&mut self) {
        self.child.kill().expect("killed");
        self.child.wait().expect("ended");
    }

    /// SIGTERM, and its end.
    pub fn stop(mut self) {
        let id = self.child.id().to_string();
        let asked = Command::new("kill").args(["-TERM", &id]).status();
        assert!(asked.expect("kill runs").success());
        let status = self.child.wait().expect("ended");
        assert!(status.success(), "{} ended with {status}", self.name);
    }
}

impl Drop for Member {
    fn drop(&mut self) {
        let _gone = self.child.kill();
        let _status = self.child.wait();
    }
}

/// `examples/member.rs`, which cargo builds beside the tests.
fn program() -> PathBuf {
    let own = std::env::current_exe().expect("this program");
    let target = own
        .parent()
        .and_then(Path::parent)
        .expect("a target folder");
    let program = target.join("examples/member");
    assert!(
        program.is_file(),
        "{} is missing: cargo build -p trigger-kafka --example member",
        program.display()
    );
    program
}
