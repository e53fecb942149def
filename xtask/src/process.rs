//! Running other programs: steps that must succeed, and services that must not outlive us.

use anyhow::{Context as _, bail};
use rustix::process::{Pid, Signal, kill_process};
use std::os::unix::process::CommandExt as _;
use std::process::{Child, ChildStdout, Command, ExitStatus};
use std::time::{Duration, Instant};

/// Run a step to its end; an error names it.
pub fn step(command: &mut Command) -> anyhow::Result<()> {
    let program = command.get_program().to_string_lossy().into_owned();
    let status = command
        .status()
        .with_context(|| format!("cannot run `{program}`: is it installed?"))?;
    if !status.success() {
        let arguments: Vec<_> = command.get_args().map(|a| a.to_string_lossy()).collect();
        bail!("`{program} {}` failed ({status})", arguments.join(" "));
    }
    Ok(())
}

/// Whether a program is on the PATH and answers.
pub fn answers(program: &str, argument: &str) -> bool {
    Command::new(program)
        .arg(argument)
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

/// A child in a process group of its own, so that a Ctrl-C in the terminal reaches only us and
/// we choose the order in which things end.
pub struct Service {
    child: Child,
    stop: Signal,
    patience: Duration,
}

impl Service {
    /// Start it; `stop` is the signal that ends it gracefully, `patience` how long that may take.
    pub fn start(command: &mut Command, stop: Signal, patience: Duration) -> anyhow::Result<Self> {
        let program = command.get_program().to_string_lossy().into_owned();
        let child = command
            .process_group(0)
            .spawn()
            .with_context(|| format!("cannot start {program}"))?;
        Ok(Self::adopt(child, stop, patience))
    }

    /// Look after a child that was started elsewhere, in a process group of its own.
    pub fn adopt(child: Child, stop: Signal, patience: Duration) -> Self {
        Self {
            child,
            stop,
            patience,
        }
    }

    /// Its exit status, once it has ended.
    pub fn ended(&mut self) -> anyhow::Result<Option<ExitStatus>> {
        Ok(self.child.try_wait()?)
    }

    /// What it prints, if that is piped; once.
    pub fn output(&mut self) -> Option<ChildStdout> {
        self.child.stdout.take()
    }

    /// Ask it to end.
    pub fn ask_to_stop(&mut self) {
        if let (Ok(None), Some(pid)) = (self.child.try_wait(), pid(self.child.id())) {
            // Gone between the two calls: nothing left to stop.
            let _gone = kill_process(pid, self.stop);
        }
    }

    /// End it: gracefully, and by force when its patience is over.
    pub fn stop(&mut self) {
        self.ask_to_stop();
        let deadline = Instant::now() + self.patience;
        while Instant::now() < deadline {
            match self.child.try_wait() {
                Ok(None) => std::thread::sleep(Duration::from_millis(10)),
                Ok(Some(_)) | Err(_) => return,
            }
        }
        eprintln!("process {} did not stop; killing it", self.child.id());
        let _gone = self.child.kill();
        let _status = self.child.wait();
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        self.stop();
    }
}

/// A process id as rustix wants it.
pub fn pid(id: u32) -> Option<Pid> {
    Pid::from_raw(i32::try_from(id).ok()?)
}
