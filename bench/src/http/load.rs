//! Sends requests as fast as they are answered: one at a time on each of a number of connections
//! that stay open.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use bytes::Bytes;
use hdrhistogram::Histogram;
use http::{Method, Request, header};
use http_body_util::{BodyExt as _, Full};
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use super::Operation;
use super::people::Person;
use super::servers::Server;

const WARM_UP: Duration = Duration::from_secs(1);
const BODY: &str = r#"{"title":"Water the plants on the balcony"}"#;

pub struct Load {
    pub operation: Operation,
    pub connections: usize,
    pub people: Arc<[Person]>,
    pub duration: Duration,
}

/// What was measured, of one or more rounds.
pub struct Sample {
    pub requests: u64,
    pub time: Duration,
    pub cpu: Duration,
    /// Microseconds.
    pub latencies: Histogram<u64>,
}

impl Default for Sample {
    fn default() -> Self {
        Self {
            requests: 0,
            time: Duration::ZERO,
            cpu: Duration::ZERO,
            latencies: histogram(),
        }
    }
}

impl Sample {
    pub fn add(&mut self, other: Self) {
        self.requests += other.requests;
        self.time += other.time;
        self.cpu += other.cpu;
        self.latencies += other.latencies;
    }
}

/// Resizes itself.
#[expect(clippy::expect_used, reason = "three is a valid precision")]
fn histogram() -> Histogram<u64> {
    Histogram::new(3).expect("three significant figures")
}

impl Load {
    pub async fn run(&self, server: &Server) -> anyhow::Result<Sample> {
        let mut connections = Vec::with_capacity(self.connections);
        for number in 0..self.connections {
            connections.push(Connection::open(server, self, number).await?);
        }
        let from = Instant::now() + WARM_UP;
        let until = from + self.duration;
        let mut running: JoinSet<_> = connections
            .into_iter()
            .map(|connection| connection.run(from, until))
            .collect();
        tokio::time::sleep_until(from.into()).await;
        let cpu_before = server.process.cpu()?;
        tokio::time::sleep_until(until.into()).await;
        let cpu = server.process.cpu()? - cpu_before;
        let mut latencies = histogram();
        while let Some(done) = running.join_next().await {
            latencies += done??;
        }
        Ok(Sample {
            requests: latencies.len(),
            time: self.duration,
            cpu,
            latencies,
        })
    }
}

struct Connection {
    sender: SendRequest<Full<Bytes>>,
    host: String,
    operation: Operation,
    person: Person,
    sent: usize,
}

impl Connection {
    async fn open(server: &Server, load: &Load, number: usize) -> anyhow::Result<Self> {
        let socket = TcpStream::connect(server.address).await?;
        socket.set_nodelay(true)?;
        let (sender, connection) = http1::handshake(TokioIo::new(socket)).await?;
        tokio::spawn(connection);
        let person = load.people.get(number % load.people.len().max(1));
        Ok(Self {
            sender,
            host: server.address.to_string(),
            operation: load.operation,
            person: person.context("no user")?.clone(),
            sent: 0,
        })
    }

    /// Latencies of the answers between two instants.
    async fn run(mut self, from: Instant, until: Instant) -> anyhow::Result<Histogram<u64>> {
        let mut latencies = histogram();
        loop {
            let request = self.request()?;
            let begun = Instant::now();
            if begun >= until {
                return Ok(latencies);
            }
            let response = self.sender.send_request(request).await?;
            let status = response.status();
            let body = response.into_body().collect().await?;
            anyhow::ensure!(
                status.is_success(),
                "{:?}: {status} {}",
                self.operation,
                String::from_utf8_lossy(&body.to_bytes())
            );
            let done = Instant::now();
            if done >= from && done < until {
                latencies.record((done - begun).as_micros() as u64)?;
            }
        }
    }

    fn request(&mut self) -> anyhow::Result<Request<Full<Bytes>>> {
        self.sent += 1;
        let tasks = format!("/api/{}/tasks", self.person.user_id);
        let (method, path, body) = match self.operation {
            Operation::Create => (Method::POST, tasks, BODY),
            Operation::List => (Method::GET, tasks, ""),
            Operation::Get => {
                let ids = &self.person.task_ids;
                let id = ids.get(self.sent % ids.len().max(1)).context("no task")?;
                (Method::GET, format!("{tasks}/{id}"), "")
            }
        };
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header(header::HOST, &self.host)
            .header(header::AUTHORIZATION, &self.person.authorization);
        if !body.is_empty() {
            request = request.header(header::CONTENT_TYPE, "application/json");
        }
        Ok(request.body(Full::from(body))?)
    }
}
