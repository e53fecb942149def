//! The two servers: one that runs already, one that is started here.

use std::net::{SocketAddr, ToSocketAddrs as _};
use std::process::Stdio;

use anyhow::Context as _;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};
use url::Url;

use crate::process::Process;

pub struct Server {
    pub address: SocketAddr,
    pub process: Process,
}

impl Server {
    /// The host at a URL. It must run on this machine, or its processor time cannot be seen.
    pub fn running(url: &Url) -> anyhow::Result<Self> {
        anyhow::ensure!(url.scheme() == "http", "{url} is not http");
        let host = url.host_str().context("a URL with a host")?;
        let port = url.port_or_known_default().context("a URL with a port")?;
        let address = (host, port)
            .to_socket_addrs()?
            .next()
            .with_context(|| format!("{url} has no address"))?;
        Ok(Self {
            address,
            process: Process::listening_on(port)?,
        })
    }
}

/// Ends when dropped.
pub struct BareServer {
    pub server: Server,
    _child: Child,
}

impl BareServer {
    pub async fn start(database_url: &str, keys: &str, issuer: &str) -> anyhow::Result<Self> {
        let mut child = Command::new(std::env::current_exe()?)
            .arg("bare")
            .args(["--public-keys", keys, "--issuer", issuer])
            .env("BENCH_DATABASE_URL", database_url)
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        let output = child.stdout.take().context("its output")?;
        let line = BufReader::new(output).lines().next_line().await?;
        let port: u16 = line.context("the bare server did not start")?.parse()?;
        let pid = child.id().context("the bare server has ended")?;
        Ok(Self {
            server: Server {
                address: SocketAddr::from(([127, 0, 0, 1], port)),
                process: Process::new(pid),
            },
            _child: child,
        })
    }
}
