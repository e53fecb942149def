//! Another process as Linux shows it: which one serves a port, and the processor time it has used.

use std::fs;
use std::time::{Duration, Instant};

use anyhow::Context as _;

/// `/proc` counts in these, on every architecture.
const TICK: Duration = Duration::from_millis(10);
const LISTENING: &str = "0A";

pub struct Process {
    pid: u32,
}

impl Process {
    pub fn new(pid: u32) -> Self {
        Self { pid }
    }

    /// The process of this machine that listens on a port.
    pub fn listening_on(port: u16) -> anyhow::Result<Self> {
        let sockets: Vec<String> = ["/proc/net/tcp", "/proc/net/tcp6"]
            .iter()
            .filter_map(|table| fs::read_to_string(table).ok())
            .flat_map(|table| listeners(&table, port))
            .map(|inode| format!("socket:[{inode}]"))
            .collect();
        for entry in fs::read_dir("/proc")?.flatten() {
            let pid = entry
                .file_name()
                .to_str()
                .and_then(|name| name.parse().ok());
            let (Some(pid), Ok(files)) = (pid, fs::read_dir(entry.path().join("fd"))) else {
                continue;
            };
            let holds_it = |file: fs::DirEntry| {
                fs::read_link(file.path()).is_ok_and(|target| {
                    sockets.iter().any(|socket| target.as_os_str() == &**socket)
                })
            };
            if files.flatten().any(holds_it) {
                return Ok(Self { pid });
            }
        }
        anyhow::bail!("no process that can be seen from here listens on port {port}")
    }

    /// Processor time used so far, in user and in kernel mode, by all threads.
    pub fn cpu(&self) -> anyhow::Result<Duration> {
        let path = format!("/proc/{}/stat", self.pid);
        let stat = fs::read_to_string(&path).context("the server has ended")?;
        // Fields are counted behind the name, which may hold spaces: utime and stime are 14 and 15.
        let (_, fields) = stat.rsplit_once(')').with_context(|| path.clone())?;
        let mut times = fields.split_whitespace().skip(11).map(str::parse::<u32>);
        match (times.next(), times.next()) {
            (Some(Ok(user)), Some(Ok(system))) => Ok(TICK * (user + system)),
            _ => anyhow::bail!("{path} is not as expected"),
        }
    }
}

/// Waits until nobody works off what a measurement before this one has left.
pub async fn settle(processes: &[&Process]) -> anyhow::Result<()> {
    let total = || -> anyhow::Result<Duration> {
        let times: Vec<_> = processes
            .iter()
            .map(|p| p.cpu())
            .collect::<Result<_, _>>()?;
        Ok(times.into_iter().sum())
    };
    let patience = Instant::now() + Duration::from_secs(60);
    let mut before = total()?;
    loop {
        tokio::time::sleep(Duration::from_millis(200)).await;
        let now = total()?;
        if now - before <= TICK || Instant::now() > patience {
            return Ok(());
        }
        before = now;
    }
}

fn listeners(table: &str, port: u16) -> Vec<String> {
    let suffix = format!(":{port:04X}");
    let inode = |line: &str| -> Option<String> {
        let fields: Vec<_> = line.split_whitespace().collect();
        let (local, state, inode) = (fields.get(1)?, fields.get(3)?, fields.get(9)?);
        (local.ends_with(&suffix) && *state == LISTENING).then(|| (*inode).to_owned())
    };
    table.lines().filter_map(inode).collect()
}
