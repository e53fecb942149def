//! Processes that do not outlive the test program, however that ends.

use std::fs::File;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// Becomes the program, beside a watcher that kills it when this program's end of the pipe is gone.
const WATCHED: &str = r#"exec 3<&0 </dev/null; { cat <&3 >/dev/null; kill -9 $$; } 2>/dev/null & exec 3<&-; exec "$@""#;

/// Starts a program in a process group of its own, its output at the end of a log.
pub fn spawn(command: &mut Command, log: &Path) -> Child {
    let open = || {
        File::options()
            .create(true)
            .append(true)
            .open(log)
            .expect("the log can be written")
    };
    let mut watched = Command::new("sh");
    watched
        .args(["-c", WATCHED, "sh"])
        .arg(command.get_program())
        .args(command.get_args());
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => watched.env(name, value),
            None => watched.env_remove(name),
        };
    }
    if let Some(folder) = command.get_current_dir() {
        watched.current_dir(folder);
    }
    watched
        .stdin(Stdio::piped())
        .stdout(open())
        .stderr(open())
        .process_group(0)
        .spawn()
        .expect("the host can be started")
}

/// `kill -9` of it, its watcher and what it started.
pub fn kill_group(child: &Child) {
    let group = format!("-{}", child.id());
    let killed = Command::new("kill")
        .args(["-KILL", "--", &group])
        .stderr(Stdio::null())
        .status();
    killed.expect("kill runs");
}
