//! A cluster under a folder of ours. Its data survives restarts; its server does not survive us.

use super::binaries::{self, Binaries};
use super::owner::Owner;
use crate::process::{self, Service};
use crate::supervise::Server;
use anyhow::{Context as _, bail};
use rustix::process::Signal;
use sha2::{Digest as _, Sha256};
use std::io::{BufRead as _, BufReader};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

const SUPERUSER: &str = "taskwhisper";
/// The database every cluster is made with.
pub const DATABASE: &str = "taskwhisper";

/// What a power cut may cost.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Durability {
    /// Nothing that was acknowledged.
    Kept,
    /// Everything: for tests only. A killed process still loses nothing.
    ThrownAway,
}

/// A running server.
pub struct Cluster {
    // Fields drop in order: the server ends before its folder's lock is given up.
    server: Service,
    _lock: std::fs::File,
    start: Start,
    password: String,
}

/// How to start the server.
struct Start {
    binaries: Binaries,
    owner: Owner,
    data: PathBuf,
    port: u16,
    durability: Durability,
    settings: Vec<String>,
}

impl Cluster {
    /// Start the server of the cluster in `folder`, making the cluster at the first start.
    pub fn start(folder: &Path, durability: Durability) -> anyhow::Result<Self> {
        Self::start_with(folder, durability, &[])
    }

    /// The same with more settings of the server, each `name=value`.
    pub fn start_with(
        folder: &Path,
        durability: Durability,
        settings: &[&str],
    ) -> anyhow::Result<Self> {
        let lock = lock(folder)?;
        let owner = Owner::choose();
        let mut binaries = binaries::find()?;
        let mut home = folder.to_owned();
        if !owner.reaches(&folder.join("data")) {
            home = readable_home(folder)?;
        }
        if !owner.reaches(&binaries.bin) {
            binaries = copied(&binaries, &home)?;
        }
        let data = home.join("data");
        let password = password(&folder.join("password"))?;
        if data.join("PG_VERSION").is_file() {
            check_version(&data, &binaries)?;
            end_leftover(&data);
        } else {
            initialize(&binaries, owner, &home, &password)?;
        }
        let start = Start {
            binaries,
            owner,
            data,
            port: TcpListener::bind("127.0.0.1:0")?.local_addr()?.port(),
            durability,
            settings: settings.iter().map(ToString::to_string).collect(),
        };
        Ok(Self {
            server: start.server()?,
            _lock: lock,
            start,
            password,
        })
    }

    /// Deletes the cluster in `folder`, if there is one, wherever its data is.
    pub fn delete(folder: &Path) -> anyhow::Result<()> {
        if !folder.exists() {
            return Ok(());
        }
        let _lock = lock(folder)?;
        let mut homes = vec![folder.to_owned()];
        homes.extend(home_of_root(folder).ok());
        for home in homes {
            let data = home.join("data");
            if data.is_dir() {
                end_leftover(&data);
                std::fs::remove_dir_all(&data)
                    .with_context(|| format!("cannot delete {}", data.display()))?;
            }
        }
        Ok(())
    }

    /// The superuser's URL of the database `name`; `postgres` always exists.
    pub fn url(&self, name: &str) -> String {
        let (password, port) = (&self.password, self.start.port);
        format!("postgres://{SUPERUSER}:{password}@127.0.0.1:{port}/{name}")
    }
}

impl Server for Cluster {
    fn name(&self) -> &'static str {
        "PostgreSQL"
    }

    fn ended(&mut self) -> Option<String> {
        match self.server.ended() {
            Ok(status) => status.map(|status| status.to_string()),
            Err(error) => Some(error.to_string()),
        }
    }

    fn start_again(&mut self) -> anyhow::Result<()> {
        self.server = self.start.server()?;
        Ok(())
    }
}

/// Who has the lock has the folder to itself.
fn lock(folder: &Path) -> anyhow::Result<std::fs::File> {
    std::fs::create_dir_all(folder)?;
    let lock = std::fs::File::create(folder.join("lock"))?;
    if lock.try_lock().is_err() {
        bail!(
            "another `cargo xtask up` runs on {}: stop it, or give this one a folder of its own with \
             --state-dir",
            folder.display()
        );
    }
    Ok(lock)
}

/// The cluster's superuser's password, made at the first start.
fn password(path: &Path) -> anyhow::Result<String> {
    if let Ok(password) = std::fs::read_to_string(path) {
        return Ok(password);
    }
    let password: String = (0..4)
        .map(|_| format!("{:016x}", rand::random::<u64>()))
        .collect();
    let mut options = std::fs::File::options();
    let file = options.write(true).create(true).truncate(true).mode(0o600);
    std::io::Write::write_all(&mut file.open(path)?, password.as_bytes())?;
    Ok(password)
}

/// Where root keeps the cluster when PostgreSQL's user cannot get to the state folder.
fn readable_home(folder: &Path) -> anyhow::Result<PathBuf> {
    let home = home_of_root(folder)?;
    std::fs::create_dir_all(&home)?;
    Ok(home)
}

fn home_of_root(folder: &Path) -> anyhow::Result<PathBuf> {
    let name = Sha256::digest(folder.canonicalize()?.as_os_str().as_encoded_bytes());
    Ok(PathBuf::from(format!("/var/lib/taskwhisper/{name:x}")))
}

/// The programs, copied to where PostgreSQL's user can read them.
fn copied(binaries: &Binaries, home: &Path) -> anyhow::Result<Binaries> {
    let programs = home.join(format!("postgresql-{}", binaries.major));
    if !programs.join("bin/postgres").is_file() {
        let native = binaries.bin.parent().unwrap_or(&binaries.bin);
        let mut copy = Command::new("cp");
        copy.args(["-R", "--"]).arg(native).arg(&programs);
        process::step(&mut copy)?;
    }
    Ok(Binaries {
        bin: programs.join("bin"),
        major: binaries.major,
    })
}

fn check_version(data: &Path, binaries: &Binaries) -> anyhow::Result<()> {
    let version = std::fs::read_to_string(data.join("PG_VERSION"))?;
    let version = version.trim();
    if version == binaries.major.to_string() {
        return Ok(());
    }
    bail!(
        "the database in {data} was made by PostgreSQL {version}, and this is PostgreSQL {ours}. \
         Upgrade it: dump it with PostgreSQL {version}'s pg_dumpall (start `postgres -D {data}`), \
         move the folder away, start again so that a new one is made, and restore the dump; or \
         use pg_upgrade with both versions' programs ({bin})",
        data = data.display(),
        ours = binaries.major,
        bin = binaries.bin.display(),
    )
}

/// A server that outlived a killed `up` would refuse us its data.
fn end_leftover(data: &Path) {
    let Ok(file) = std::fs::read_to_string(data.join("postmaster.pid")) else {
        return;
    };
    let Some(pid) = file.lines().next().and_then(|pid| pid.parse().ok()) else {
        return;
    };
    let Some(pid) = process::pid(pid) else {
        return;
    };
    // The id may be another program's by now: only a server of this very folder has it as argument.
    let command = std::fs::read(format!("/proc/{}/cmdline", pid.as_raw_nonzero()));
    let ours = data.as_os_str().as_encoded_bytes();
    if !command.is_ok_and(|line| line.split(|byte| *byte == 0).any(|word| word == ours)) {
        return;
    }
    let deadline = Instant::now() + Duration::from_secs(30);
    while rustix::process::kill_process(pid, Signal::INT).is_ok() && Instant::now() < deadline {
        std::thread::sleep(Duration::from_millis(50));
    }
}

fn initialize(
    binaries: &Binaries,
    owner: Owner,
    home: &Path,
    password: &str,
) -> anyhow::Result<()> {
    eprintln!("Making a database cluster in {}", home.display());
    // Made whole beside its place, so that an interrupted start leaves nothing half made.
    let making = home.join("making");
    if making.exists() {
        std::fs::remove_dir_all(&making)?;
    }
    std::fs::create_dir_all(&making)?;
    std::fs::set_permissions(&making, std::fs::Permissions::from_mode(0o700))?;
    let secret = making.join("password");
    std::fs::write(&secret, password)?;
    owner.give(&secret)?;
    owner.give(&making)?;
    let mut initdb = Command::new(binaries.bin.join("initdb"));
    initdb
        .args(["--encoding=UTF8", "--locale=C", "--no-instructions"])
        .args(["--auth=scram-sha-256", "--username", SUPERUSER])
        .arg(format!("--pwfile={}", secret.display()))
        .arg("--pgdata")
        .arg(making.join("data"))
        .current_dir("/")
        .stdout(Stdio::null());
    process::step(owner.run(&mut initdb))?;
    create_database(binaries, owner, &making.join("data"))?;
    std::fs::remove_file(secret)?;
    std::fs::rename(making.join("data"), home.join("data"))?;
    std::fs::remove_dir(making)?;
    Ok(())
}

/// The application's database, in single-user mode: there is no client among the programs.
fn create_database(binaries: &Binaries, owner: Owner, data: &Path) -> anyhow::Result<()> {
    let mut single = Command::new(binaries.bin.join("postgres"));
    single
        .arg("--single")
        .arg("-D")
        .arg(data)
        .arg("postgres")
        .current_dir("/")
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    let mut child = owner.run(&mut single).spawn()?;
    if let Some(mut input) = child.stdin.take() {
        std::io::Write::write_all(
            &mut input,
            format!("CREATE DATABASE {DATABASE};\n").as_bytes(),
        )?;
    }
    if !child.wait()?.success() {
        bail!("PostgreSQL could not create the database {DATABASE}");
    }
    Ok(())
}

impl Start {
    /// Start the server and wait until it takes connections.
    fn server(&self) -> anyhow::Result<Service> {
        let port = self.port;
        let mut postgres = Command::new(self.binaries.bin.join("postgres"));
        postgres
            .arg("-D")
            .arg(&self.data)
            .args(["-c", "listen_addresses=127.0.0.1"])
            .args(["-c", &format!("port={port}")])
            .args(["-c", "unix_socket_directories="])
            .args(["-c", "max_connections=200"])
            .args(["-c", "timezone=UTC"])
            .current_dir("/")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped());
        if self.durability == Durability::ThrownAway {
            postgres.args(["-c", "fsync=off", "-c", "full_page_writes=off"]);
        }
        for setting in &self.settings {
            postgres.args(["-c", setting]);
        }
        // SIGINT is PostgreSQL's fast shutdown: it ends sessions and leaves nothing to recover.
        postgres.process_group(0);
        let mut child = self
            .owner
            .run(&mut postgres)
            .spawn()
            .context("cannot start PostgreSQL")?;
        let log = child.stderr.take();
        let mut server = Service::adopt(child, Signal::INT, Duration::from_secs(30));
        let told = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
        let keep = std::sync::Arc::clone(&told);
        // Its log is ours only until it runs; afterwards only what a person must know.
        let ready = std::thread::spawn(move || {
            for line in BufReader::new(log?).lines().map_while(Result::ok) {
                if line.contains("FATAL:  could not") || line.contains("PANIC:") {
                    eprintln!("postgres: {line}");
                }
                if let Ok(mut told) = keep.lock()
                    && told.len() < 50
                {
                    told.push(line);
                }
            }
            Some(())
        });
        let deadline = Instant::now() + Duration::from_secs(60);
        loop {
            let accepts = told.lock().is_ok_and(|lines| {
                lines
                    .iter()
                    .any(|line| line.contains("database system is ready to accept"))
            });
            if accepts && TcpStream::connect(("127.0.0.1", port)).is_ok() {
                return Ok(server);
            }
            if let Some(status) = server.ended()? {
                let _joined = ready.join();
                let lines = told
                    .lock()
                    .map(|lines| lines.join("\n"))
                    .unwrap_or_default();
                bail!("PostgreSQL did not start ({status}):\n{lines}");
            }
            if Instant::now() > deadline {
                bail!("PostgreSQL did not start within a minute");
            }
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::supervise::Supervised;
    use crate::test::Scratch;

    #[test]
    fn a_server_that_is_killed_comes_back_on_its_address() {
        let folder = Scratch::new().expect("a folder");
        let cluster = Cluster::start(&folder.0, Durability::ThrownAway).expect("a server");
        let (data, port) = (cluster.start.data.clone(), cluster.start.port);
        let id = || {
            let file = std::fs::read_to_string(data.join("postmaster.pid")).ok()?;
            process::pid(file.lines().next()?.parse().ok()?)
        };
        let accepts = || TcpStream::connect(("127.0.0.1", port)).is_ok();
        let killed = id().expect("its id");
        let kept = Supervised::new(cluster);
        rustix::process::kill_process(killed, Signal::KILL).expect("killed");
        let deadline = Instant::now() + Duration::from_secs(60);
        while id().is_none_or(|id| id == killed) || !accepts() {
            assert!(Instant::now() < deadline, "it did not come back");
            std::thread::sleep(Duration::from_millis(50));
        }
        drop(kept);
        assert!(!accepts(), "nobody keeps it any more");
    }
}
