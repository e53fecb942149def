//! A broker under a folder of ours. Its data survives restarts; its process does not survive us.

use crate::process;
use crate::supervise::Server;
use anyhow::bail;
use rustix::process::Signal;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// What a broker is for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// A person's: it ends in order.
    Use,
    /// Tests: it is thrown away.
    Test,
}

/// A running broker.
pub struct Broker {
    // Fields drop in order: the broker ends before its folder's lock is given up.
    inner: kafka_broker::Broker,
    _lock: std::fs::File,
    folder: PathBuf,
    purpose: Purpose,
}

impl Broker {
    /// Start the broker of `folder`, making its storage at the first start; `home` has the jars.
    pub fn start(home: &Path, folder: &Path, purpose: Purpose) -> anyhow::Result<Self> {
        std::fs::create_dir_all(folder)?;
        let folder = std::path::absolute(folder)?;
        let lock = std::fs::File::create(folder.join("lock"))?;
        if lock.try_lock().is_err() {
            bail!(
                "another `cargo xtask up --kafka` runs on {}: stop it, or give this one a folder \
                 of its own with --state-dir",
                folder.display()
            );
        }
        end_leftover(&folder);
        let options = kafka_broker::Options::new(home.join("libs"), &folder);
        let inner = kafka_broker::Broker::start(options)?;
        let broker = Self {
            inner,
            _lock: lock,
            folder,
            purpose,
        };
        broker.note_pid()?;
        Ok(broker)
    }

    /// For [`end_leftover`].
    fn note_pid(&self) -> anyhow::Result<()> {
        if let Some(id) = self.inner.id() {
            std::fs::write(pid_file(&self.folder), id.to_string())?;
        }
        Ok(())
    }

    /// `host:port`, as clients want it.
    pub fn address(&self) -> String {
        self.inner.brokers()
    }
}

impl Server for Broker {
    fn name(&self) -> &'static str {
        "Kafka"
    }

    fn ended(&mut self) -> Option<String> {
        self.inner.ended()
    }

    fn start_again(&mut self) -> anyhow::Result<()> {
        self.inner.start_again()?;
        self.note_pid()
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        if self.purpose == Purpose::Use {
            self.inner.stop();
        }
    }
}

fn pid_file(folder: &Path) -> PathBuf {
    folder.join("pid")
}

/// A broker that outlived a killed `up` would refuse us its data.
fn end_leftover(folder: &Path) {
    let pid = std::fs::read_to_string(pid_file(folder)).ok();
    let Some(pid) = pid.and_then(|pid| process::pid(pid.trim().parse().ok()?)) else {
        return;
    };
    // The id may be another program's by now: only a broker of this very folder has its properties
    // as argument.
    let command = std::fs::read(format!("/proc/{}/cmdline", pid.as_raw_nonzero()));
    let properties = folder.join("server.properties");
    let ours = properties.as_os_str().as_encoded_bytes();
    if !command.is_ok_and(|line| line.split(|byte| *byte == 0).any(|word| word == ours)) {
        return;
    }
    eprintln!("Ending a Kafka broker that an earlier run left behind");
    let deadline = Instant::now() + Duration::from_secs(30);
    while rustix::process::kill_process(pid, Signal::TERM).is_ok() && Instant::now() < deadline {
        std::thread::sleep(Duration::from_millis(100));
    }
}
