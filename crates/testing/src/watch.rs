//! Processes that do not outlive the test program, however that ends.

use std::os::unix::process::CommandExt as _;
use std::process::{Child, Command, Stdio};

/// Kills a process group with `kill -9` when this program ends, unless this was dropped before.
#[derive(Debug)]
pub struct Watch {
    watcher: Child,
    group: String,
}

impl Watch {
    /// Over the group that this process leads.
    pub fn over(leader: u32) -> Self {
        let group = format!("-{leader}");
        let mut watcher = Command::new("sh");
        watcher
            // Its end of the pipe is closed when this program is gone.
            .args(["-c", "cat >/dev/null; kill -9 -- \"$0\"", &group])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            // A Ctrl-C in the terminal is not for it.
            .process_group(0);
        Self {
            watcher: watcher.spawn().expect("sh runs"),
            group,
        }
    }

    /// `kill -9` of the group.
    pub fn kill(&self) {
        let killed = Command::new("kill")
            .args(["-9", "--", &self.group])
            .stderr(Stdio::null())
            .status();
        killed.expect("kill runs");
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        // Gone already: then there is nothing left to do.
        _ = self.watcher.kill();
        _ = self.watcher.wait();
    }
}
