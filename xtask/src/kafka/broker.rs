//! A broker (and its controller) in one process, under a folder of ours and on ports of its own.
//! Its data survives restarts; its process does not survive us.

use crate::process::{self, Service};
use anyhow::{Context as _, bail};
use rustix::process::Signal;
use std::collections::VecDeque;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

const READY_WITHIN: Duration = Duration::from_secs(90);
/// What is told of a broker that does not start.
const LINES_TOLD: usize = 30;

/// What a broker is for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// A person's: it ends in order.
    Use,
    /// Tests: it starts quicker and is thrown away.
    Test,
}

/// A running broker.
pub struct Broker {
    // Fields drop in order: the broker ends before its folder's lock is given up.
    _server: Service,
    _lock: std::fs::File,
    port: u16,
}

impl Broker {
    /// Start the broker of `folder`, making its storage at the first start; `home` has the jars.
    pub fn start(home: &Path, folder: &Path, purpose: Purpose) -> anyhow::Result<Self> {
        std::fs::create_dir_all(folder)?;
        let lock = std::fs::File::create(folder.join("lock"))?;
        if lock.try_lock().is_err() {
            bail!(
                "another `cargo xtask up --kafka` runs on {}: stop it, or give this one a folder \
                 of its own with --state-dir",
                folder.display()
            );
        }
        end_leftover(folder);
        let ports = Ports::choose(folder)?;
        let properties = folder.join("server.properties");
        std::fs::write(&properties, server_properties(folder, &ports))?;
        if !folder.join("data/meta.properties").is_file() {
            format(home, folder, &properties)?;
        }
        let server = serve(home, folder, &properties, ports.broker, purpose)?;
        Ok(Self {
            _server: server,
            _lock: lock,
            port: ports.broker,
        })
    }

    /// `host:port`, as clients want it.
    pub fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }
}

/// Where it listens. The ports of the last start are kept as long as nobody has taken them: clients
/// that were configured with them find the broker again.
struct Ports {
    broker: u16,
    controller: u16,
}

impl Ports {
    fn choose(folder: &Path) -> anyhow::Result<Self> {
        let file = folder.join("ports");
        if let Some(kept) = std::fs::read_to_string(&file).ok().and_then(Self::parse)
            && is_free(kept.broker)
            && is_free(kept.controller)
        {
            return Ok(kept);
        }
        let listeners = [
            TcpListener::bind("127.0.0.1:0")?,
            TcpListener::bind("127.0.0.1:0")?,
        ];
        let ports = Self {
            broker: listeners[0].local_addr()?.port(),
            controller: listeners[1].local_addr()?.port(),
        };
        std::fs::write(file, format!("{} {}", ports.broker, ports.controller))?;
        Ok(ports)
    }

    fn parse(text: String) -> Option<Self> {
        let (broker, controller) = text.trim().split_once(' ')?;
        Some(Self {
            broker: broker.parse().ok()?,
            controller: controller.parse().ok()?,
        })
    }
}

fn is_free(port: u16) -> bool {
    TcpListener::bind(("127.0.0.1", port)).is_ok()
}

fn server_properties(folder: &Path, ports: &Ports) -> String {
    let Ports { broker, controller } = ports;
    let data = folder
        .join("data")
        .display()
        .to_string()
        .replace('\\', "\\\\");
    format!(
        "process.roles=broker,controller\n\
         node.id=1\n\
         controller.quorum.voters=1@127.0.0.1:{controller}\n\
         controller.listener.names=CONTROLLER\n\
         listeners=PLAINTEXT://127.0.0.1:{broker},CONTROLLER://127.0.0.1:{controller}\n\
         advertised.listeners=PLAINTEXT://127.0.0.1:{broker}\n\
         listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT\n\
         log.dirs={data}\n\
         auto.create.topics.enable=false\n\
         offsets.topic.num.partitions=8\n\
         offsets.topic.replication.factor=1\n\
         transaction.state.log.num.partitions=4\n\
         transaction.state.log.replication.factor=1\n\
         transaction.state.log.min.isr=1\n\
         share.coordinator.state.topic.replication.factor=1\n\
         share.coordinator.state.topic.min.isr=1\n\
         group.initial.rebalance.delay.ms=0\n"
    )
}

/// Gives the storage a cluster id; whole or not at all.
fn format(home: &Path, folder: &Path, properties: &Path) -> anyhow::Result<()> {
    eprintln!("Making Kafka's storage in {}", folder.display());
    let data = folder.join("data");
    if data.exists() {
        std::fs::remove_dir_all(&data)?;
    }
    let output = java(home, folder)
        .args(["kafka.tools.StorageTool", "format"])
        .args(["--cluster-id", &cluster_id(), "--config"])
        .arg(properties)
        .output()
        .context("cannot run java")?;
    if !output.status.success() {
        bail!(
            "Kafka's storage could not be made:\n{}{}",
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        );
    }
    Ok(())
}

/// 16 random bytes in URL-safe base 64, as Kafka writes them.
fn cluster_id() -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let mut bits = rand::random::<u128>();
    let mut id = String::with_capacity(22);
    // 21 digits of 6 bits; the last has two bits only. An id must not begin with a dash.
    for _ in 0..21 {
        id.push(char::from(DIGITS[(bits & 63) as usize]));
        bits >>= 6;
    }
    id.push(char::from(DIGITS[((bits & 3) << 4) as usize]));
    id.replacen('-', "A", id.starts_with('-').into())
}

fn java(home: &Path, folder: &Path) -> Command {
    let mut java = Command::new("java");
    java.args(["-Xmx512m", "-Djava.awt.headless=true", "-cp"])
        .arg(home.join("libs").join("*"))
        .current_dir(folder);
    java
}

/// Start the broker and wait until it answers a request.
fn serve(
    home: &Path,
    folder: &Path,
    properties: &Path,
    port: u16,
    purpose: Purpose,
) -> anyhow::Result<Service> {
    let mut command = java(home, folder);
    if purpose == Purpose::Test {
        // It lives for minutes: quick code soon is worth more than the quickest code later.
        command.arg("-XX:TieredStopAtLevel=1");
    }
    command
        .arg("kafka.Kafka")
        .arg(properties)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let stop = match purpose {
        Purpose::Use => Signal::TERM,
        Purpose::Test => Signal::KILL,
    };
    let mut server = Service::start(&mut command, stop, Duration::from_secs(30))?;
    std::fs::write(pid_file(folder), server.id().to_string())?;
    let told = Arc::new(Mutex::new(VecDeque::new()));
    let (output, errors) = server.outputs();
    keep_last(output, &told);
    keep_last(errors, &told);
    let deadline = Instant::now() + READY_WITHIN;
    while !answers(port) {
        let told = || {
            told.lock().map_or_else(
                |_| String::new(),
                |lines| {
                    lines
                        .iter()
                        .fold(String::new(), |all, line| all + "\n" + line)
                },
            )
        };
        if let Some(status) = server.ended()? {
            bail!("Kafka did not start ({status}):{}", told());
        }
        if Instant::now() > deadline {
            bail!("Kafka did not start within {READY_WITHIN:?}:{}", told());
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    Ok(server)
}

/// Its log is of interest only when it does not start.
fn keep_last<R: std::io::Read + Send + 'static>(
    output: Option<R>,
    told: &Arc<Mutex<VecDeque<String>>>,
) {
    let Some(output) = output else { return };
    let told = Arc::clone(told);
    std::thread::spawn(move || {
        for line in BufReader::new(output).lines().map_while(Result::ok) {
            if let Ok(mut told) = told.lock() {
                told.push_back(line);
                if told.len() > LINES_TOLD {
                    told.pop_front();
                }
            }
        }
    });
}

/// Whether a broker answers `ApiVersions`, the request that every client begins with.
fn answers(port: u16) -> bool {
    const CORRELATION: [u8; 4] = *b"whis";
    let ask = || {
        let mut stream = TcpStream::connect(("127.0.0.1", port))?;
        stream.set_read_timeout(Some(Duration::from_secs(2)))?;
        // Length 10, key 18, version 0, correlation id, no client id.
        let mut request = vec![0, 0, 0, 10, 0, 18, 0, 0];
        request.extend(CORRELATION);
        request.extend([0xff, 0xff]);
        stream.write_all(&request)?;
        let mut answer = [0; 8];
        stream.read_exact(&mut answer)?;
        Ok::<_, std::io::Error>(answer)
    };
    ask().is_ok_and(|answer| answer.ends_with(&CORRELATION))
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
