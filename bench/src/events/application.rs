//! TaskWhisper with one more handler, and hosts that run it.

use std::net::{SocketAddr, ToSocketAddrs as _};
use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::Context as _;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};
use toml::{Table, Value};
use url::Url;

const COMPONENT: &str = "stamp";

/// A manifest, and a folder for what its hosts leave.
pub struct Application {
    folder: TempDir,
}

/// A running host; killed when dropped.
pub struct Host {
    pub url: Url,
    _child: Child,
}

impl Application {
    pub fn write(manifest: &Path, handler: &Path) -> anyhow::Result<Self> {
        let folder = tempfile::tempdir()?;
        let text = std::fs::read_to_string(manifest)
            .with_context(|| format!("reading {}", manifest.display()))?;
        let mut application: Table = text.parse()?;
        let base = manifest.canonicalize()?;
        let base = base.parent().context("a manifest is in a folder")?;
        let components = table(&mut application, "component")?;
        for (_, component) in components.iter_mut() {
            let component = component.as_table_mut().context("a component")?;
            absolute(component, base);
            let files = component.get_mut("files").and_then(Value::as_array_mut);
            for file in files.into_iter().flatten() {
                absolute(file.as_table_mut().context("a file mount")?, base);
            }
        }
        let source = handler
            .canonicalize()
            .with_context(|| format!("{}: build it with cargo xtask", handler.display()))?;
        let mut component = Table::new();
        component.insert("source".into(), source.display().to_string().into());
        components.insert(COMPONENT.into(), component.into());
        let trigger: Table = format!(
            "component = \"{COMPONENT}\"\ntopics = [\"task-events\"]\ngroup = \"{COMPONENT}\""
        )
        .parse()?;
        table(&mut application, "trigger")?
            .get_mut("kafka")
            .and_then(Value::as_array_mut)
            .context("the application has kafka triggers")?
            .push(trigger.into());
        std::fs::write(folder.path().join("spin.toml"), application.to_string())?;
        Ok(Self { folder })
    }

    /// Starts a host of these kinds of trigger, or of all, and waits until it is ready. Without brokers
    /// its handlers read the event log.
    pub async fn start(
        &self,
        binary: &Path,
        database_url: &str,
        brokers: Option<&str>,
        triggers: Option<&str>,
    ) -> anyhow::Result<Host> {
        let mut command = Command::new(binary);
        command
            .arg("up")
            .arg("--from")
            .arg(self.folder.path().join("spin.toml"))
            .args(["--listen", "127.0.0.1:0"])
            .arg("--state-dir")
            .arg(self.folder.path().join("state"))
            .arg("--log-dir")
            .arg(self.folder.path().join("logs"))
            .env("DATABASE_URL", database_url)
            .env("SPIN_VARIABLE_KAFKA_BROKERS", brokers.unwrap_or_default())
            .env("RUST_LOG", "warn")
            .stdout(Stdio::piped())
            .kill_on_drop(true);
        if let Some(triggers) = triggers {
            command.args(["--triggers", triggers]);
        }
        let mut child = command
            .spawn()
            .with_context(|| format!("starting {}", binary.display()))?;
        let mut lines = BufReader::new(child.stdout.take().context("its output")?).lines();
        while let Some(line) = lines.next_line().await? {
            if let Some((_, url)) = line.split_once("is ready at ") {
                let url = Url::parse(url.trim())?;
                return Ok(Host { url, _child: child });
            }
        }
        anyhow::bail!("the host ended instead of becoming ready")
    }

    /// What the handler printed.
    pub fn output(&self) -> PathBuf {
        let name = format!("{COMPONENT}_stdout.txt");
        self.folder.path().join("logs").join(name)
    }
}

impl Host {
    pub fn address(&self) -> anyhow::Result<SocketAddr> {
        let host = self.url.host_str().context("a host")?;
        let port = self.url.port_or_known_default().context("a port")?;
        (host, port).to_socket_addrs()?.next().context("an address")
    }
}

fn table<'a>(parent: &'a mut Table, name: &str) -> anyhow::Result<&'a mut Table> {
    parent
        .get_mut(name)
        .and_then(Value::as_table_mut)
        .with_context(|| format!("the application has no [{name}]"))
}

/// The manifest's new place is another folder.
fn absolute(of: &mut Table, base: &Path) {
    if let Some(Value::String(source)) = of.get_mut("source") {
        *source = base.join(&*source).display().to_string();
    }
}
