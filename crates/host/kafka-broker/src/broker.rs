//! The broker's process: formatted once, started, killed, started again.

use std::fs::{self, File};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use crate::{Compiler, Error, Options, java, properties};

const LISTENS_WITHIN: Duration = Duration::from_secs(90);
const STOPS_WITHIN: Duration = Duration::from_secs(30);
const POLL: Duration = Duration::from_millis(50);
/// Lines of the log that an error shows.
const TAIL: usize = 15;

/// A broker, killed when dropped. Its folder stays.
#[derive(Debug)]
pub struct Broker {
    options: Options,
    java: PathBuf,
    ports: Ports,
    child: Option<Child>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Ports {
    pub plain: u16,
    pub controller: u16,
    pub others: Vec<u16>,
}

impl Broker {
    /// Starts a broker and waits until it listens.
    ///
    /// # Errors
    /// When Java, the jars or the folder are not usable, or the broker does not start.
    pub fn start(options: Options) -> Result<Self, Error> {
        let java = java::find_java()?;
        if !has_jars(&options.libs) {
            return Err(Error::NoJars(options.libs));
        }
        // The broker does not run in our folder.
        let absolute =
            |path: &Path| std::path::absolute(path).map_err(Error::file("find", path.to_owned()));
        let options = Options {
            libs: absolute(&options.libs)?,
            folder: absolute(&options.folder)?,
            ..options
        };
        fs::create_dir_all(&options.folder).map_err(Error::file("create", &options.folder))?;
        let ports = Ports::choose(&options)?;
        let mut broker = Self {
            options,
            java,
            ports,
            child: None,
        };
        let path = broker.properties();
        let text = properties::text(&broker.options, &broker.ports);
        fs::write(&path, text).map_err(Error::file("write", path))?;
        broker.format()?;
        broker.start_again()?;
        Ok(broker)
    }

    /// `host:port` of the plain listener.
    pub fn brokers(&self) -> String {
        format!("127.0.0.1:{}", self.ports.plain)
    }

    /// `host:port` of another listener.
    pub fn address(&self, listener: &str) -> Option<String> {
        let mut others = self.options.listeners.iter().zip(&self.ports.others);
        others
            .find(|(other, _)| other.name == listener)
            .map(|(_, port)| format!("127.0.0.1:{port}"))
    }

    /// The broker's own log.
    pub fn log(&self) -> PathBuf {
        self.options.folder.join("broker.log")
    }

    /// The process's id while it runs.
    pub fn id(&self) -> Option<u32> {
        self.child.as_ref().map(Child::id)
    }

    /// How it ended, if it did; `None` while the process runs.
    pub fn ended(&mut self) -> Option<String> {
        let Some(child) = &mut self.child else {
            return Some("it was stopped".to_owned());
        };
        match child.try_wait() {
            Ok(status) => status.map(|status| status.to_string()),
            Err(error) => Some(error.to_string()),
        }
    }

    /// `kill -9`.
    pub fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _gone = child.kill();
            let _status = child.wait();
        }
    }

    /// SIGTERM, and force if that does not end it.
    pub fn stop(&mut self) {
        if let Some(child) = &mut self.child
            && let Some(pid) = i32::try_from(child.id()).ok().and_then(Pid::from_raw)
        {
            let _gone = kill_process(pid, Signal::TERM);
            let deadline = Instant::now() + STOPS_WITHIN;
            while matches!(child.try_wait(), Ok(None)) && Instant::now() < deadline {
                sleep(POLL);
            }
        }
        self.kill();
    }

    /// Starts it on the same ports with what it kept, after [`Broker::kill`] or [`Broker::stop`],
    /// and waits until it listens.
    ///
    /// # Errors
    /// When it does not start.
    pub fn start_again(&mut self) -> Result<(), Error> {
        self.kill();
        let path = self.log();
        let open = || {
            let mut options = File::options();
            let log = options.create(true).append(true).open(&path);
            log.map_err(Error::file("write", &path))
        };
        let child = self
            .tool("kafka.Kafka")
            .arg(self.properties())
            .stdin(Stdio::null())
            .stdout(open()?)
            .stderr(open()?)
            // A Ctrl-C in the terminal is for whoever started us; they say when the broker ends.
            .process_group(0)
            .spawn()
            .map_err(|error| Error::Java(error.to_string()))?;
        self.child = Some(child);
        self.wait()
    }

    fn wait(&mut self) -> Result<(), Error> {
        let deadline = Instant::now() + LISTENS_WITHIN;
        while Instant::now() < deadline {
            if let Some(status) = self.ended() {
                let log = self.log();
                return Err(Error::Ended {
                    status,
                    tail: tail(&log),
                    log,
                });
            }
            if self.listens() {
                return Ok(());
            }
            sleep(POLL);
        }
        self.kill();
        Err(Error::Silent {
            address: self.brokers(),
            seconds: LISTENS_WITHIN.as_secs(),
            log: self.log(),
        })
    }

    /// On every listener: they are opened one after another.
    fn listens(&self) -> bool {
        let mut ports = std::iter::once(&self.ports.plain).chain(&self.ports.others);
        ports.all(|port| {
            let address = SocketAddr::from(([127, 0, 0, 1], *port));
            TcpStream::connect_timeout(&address, POLL).is_ok()
        })
    }

    fn format(&self) -> Result<(), Error> {
        let folder = &self.options.folder;
        if folder.join("data/meta.properties").exists() {
            return Ok(());
        }
        let mut tool = self.tool("kafka.tools.StorageTool");
        tool.args(["format", "--cluster-id", &cluster_id(), "--config"])
            .arg(self.properties());
        for user in &self.options.scram_users {
            tool.arg("--add-scram").arg(format!(
                "{}=[name={},password={}]",
                user.mechanism, user.name, user.password
            ));
        }
        let output = tool
            .output()
            .map_err(|error| Error::Java(error.to_string()))?;
        if output.status.success() {
            return Ok(());
        }
        let text = [output.stdout, output.stderr].concat();
        Err(Error::Format {
            folder: folder.clone(),
            output: String::from_utf8_lossy(&text).trim().to_owned(),
        })
    }

    fn tool(&self, class: &str) -> Command {
        let mut command = Command::new(&self.java);
        command
            .arg(format!("-Xmx{}m", self.options.heap_mb))
            // Collects beside the broker's work. The pauses of the other collectors, 50 to 100 ms on a small
            // machine, are ten times what a record takes on its way.
            .arg("-XX:+UseZGC")
            .args(match self.options.compiler {
                Compiler::Quick => Some("-XX:TieredStopAtLevel=1"),
                Compiler::Optimizing => None,
            })
            .arg("-cp")
            .arg(self.options.libs.join("*"))
            .arg(class)
            .current_dir(&self.options.folder);
        command
    }

    fn properties(&self) -> PathBuf {
        self.options.folder.join("server.properties")
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        self.kill();
    }
}

impl Ports {
    /// Those of the last start in this folder where they are, so that clients find it again.
    fn choose(options: &Options) -> Result<Self, Error> {
        let path = options.folder.join("ports");
        let kept = fs::read_to_string(&path).unwrap_or_default();
        let mut kept = kept.split_whitespace().map_while(|port| port.parse().ok());
        let mut taken = Vec::new();
        let mut next = |wanted: Option<u16>| {
            let kept = kept.next();
            let port = match wanted.or(kept) {
                Some(port) => port,
                None => {
                    free(&taken).map_err(Error::file("find a free port for", &options.folder))?
                }
            };
            taken.push(port);
            Ok(port)
        };
        let ports = Self {
            plain: next(options.port)?,
            controller: next(None)?,
            others: options
                .listeners
                .iter()
                .map(|_| next(None))
                .collect::<Result<_, _>>()?,
        };
        let all = [ports.plain, ports.controller];
        let all = all.iter().chain(&ports.others).map(u16::to_string);
        let text = all.collect::<Vec<_>>().join(" ");
        fs::write(&path, text).map_err(Error::file("write", path))?;
        Ok(ports)
    }
}

/// Below the ports that the system gives to outgoing connections, so that none of those takes it
/// while the broker is down.
fn free(taken: &[u16]) -> std::io::Result<u16> {
    for _ in 0..100 {
        let port = rand::random_range(12_000..30_000);
        if !taken.contains(&port) && TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return Ok(port);
        }
    }
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}

/// 16 random bytes in Kafka's form of base64, which is URL-safe, unpadded and never starts with
/// a dash.
fn cluster_id() -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let letter = |max: usize| char::from(ALPHABET[rand::random_range(0..max)]);
    let mut id: String = (0..21).map(|_| letter(62)).collect();
    // 22 letters hold 132 bits: the last four are zero.
    id.push(['A', 'Q', 'g', 'w'][rand::random_range(0..4)]);
    id
}

fn has_jars(libs: &Path) -> bool {
    fs::read_dir(libs).is_ok_and(|mut entries| {
        entries.any(|entry| {
            entry.is_ok_and(|entry| entry.path().extension().is_some_and(|ext| ext == "jar"))
        })
    })
}

fn tail(log: &Path) -> String {
    let text = fs::read_to_string(log).unwrap_or_default();
    let lines: Vec<_> = text.lines().collect();
    lines[lines.len().saturating_sub(TAIL)..].join("\n")
}
