//! A way to a server that a test can cut and mend, where the server itself serves other tests too.

use std::net::SocketAddr;

use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};

/// Passes on what comes. Needs a tokio runtime.
pub struct Proxy {
    address: SocketAddr,
    server: String,
    passing: Option<JoinHandle<()>>,
}

impl Proxy {
    /// A way to the server of a database's URL (`postgres://user@host:port/name`).
    pub async fn to(url: &str) -> Self {
        let (_, server, _) = split(url);
        let mut proxy = Self {
            address: SocketAddr::from(([127, 0, 0, 1], 0)),
            server: server.to_owned(),
            passing: None,
        };
        proxy.mend().await;
        proxy
    }

    /// The URL of the same database by this way.
    pub fn url(&self, url: &str) -> String {
        let (user, _, database) = split(url);
        format!("{user}{}{database}", self.address)
    }

    /// From now on nothing can connect, and what was connected is not any more.
    pub async fn cut(&mut self) {
        if let Some(passing) = self.passing.take() {
            passing.abort();
            // Its sockets are closed when it is gone.
            _ = passing.await;
        }
    }

    /// As before, at the same address.
    pub async fn mend(&mut self) {
        #[expect(clippy::expect_used, reason = "a test cannot go on without")]
        let listener = TcpListener::bind(self.address).await.expect("its address");
        self.address = listener.local_addr().unwrap_or(self.address);
        self.passing = Some(tokio::spawn(pass(listener, self.server.clone())));
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        if let Some(passing) = &self.passing {
            passing.abort();
        }
    }
}

async fn pass(listener: TcpListener, server: String) {
    let mut connections = JoinSet::new();
    while let Ok((mut client, _)) = listener.accept().await {
        let server = server.clone();
        connections.spawn(async move {
            if let Ok(mut server) = TcpStream::connect(server).await {
                _ = copy_bidirectional(&mut client, &mut server).await;
            }
        });
        while connections.try_join_next().is_some() {}
    }
}

/// What stands before host and port, those, and what stands behind them.
fn split(url: &str) -> (&str, &str, &str) {
    let scheme_end = url.find("://").map_or(0, |at| at + 3);
    let start = url.rfind('@').map_or(scheme_end, |at| at + 1);
    let (before, rest) = url.split_at(start);
    let (server, after) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    (before, server, after)
}
