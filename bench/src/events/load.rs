//! Makes tasks at a steady rate, however long each takes.

use std::net::SocketAddr;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::Context as _;
use bytes::Bytes;
use http::{Method, Request, header};
use http_body_util::{BodyExt as _, Full};
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::{Instant, MissedTickBehavior};

use crate::http::people::Person;

pub struct Load {
    /// Requests per second of all connections together.
    pub rate: u32,
    pub connections: usize,
    pub warm_up: Duration,
    pub duration: Duration,
}

/// What is measured lies between these, in microseconds since the Unix epoch.
#[derive(Clone, Copy)]
pub struct Span {
    pub from: i64,
    pub until: i64,
}

impl Load {
    pub async fn run(&self, address: SocketAddr, people: &[Person]) -> anyhow::Result<Span> {
        let begun = Instant::now();
        let until = begun + self.warm_up + self.duration;
        let between = Duration::from_secs(1) / self.rate;
        let mut running = JoinSet::new();
        for number in 0..self.connections {
            let person = people.get(number % people.len().max(1));
            let first = begun + between * u32::try_from(number)?;
            let period = between * u32::try_from(self.connections)?;
            let person = person.context("no user")?.clone();
            running.spawn(connection(address, person, first, period, until));
        }
        tokio::time::sleep_until(begun + self.warm_up).await;
        let from = now_us()?;
        while let Some(done) = running.join_next().await {
            done??;
        }
        Ok(Span {
            from,
            until: now_us()?,
        })
    }
}

async fn connection(
    address: SocketAddr,
    person: Person,
    first: Instant,
    period: Duration,
    until: Instant,
) -> anyhow::Result<()> {
    let socket = TcpStream::connect(address).await?;
    socket.set_nodelay(true)?;
    let (mut sender, connection): (SendRequest<Full<Bytes>>, _) =
        http1::handshake(TokioIo::new(socket)).await?;
    tokio::spawn(connection);
    let mut ticks = tokio::time::interval_at(first, period);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Burst);
    while ticks.tick().await < until {
        let request = Request::builder()
            .method(Method::POST)
            .uri(format!("/api/{}/tasks", person.user_id))
            .header(header::HOST, address.to_string())
            .header(header::AUTHORIZATION, &person.authorization)
            .header(header::CONTENT_TYPE, "application/json")
            .body(Full::from(Bytes::from_static(br#"{"title":"Measure"}"#)))?;
        let response = sender.send_request(request).await?;
        let status = response.status();
        let body = response.into_body().collect().await?.to_bytes();
        anyhow::ensure!(
            status.is_success(),
            "{status} {}",
            String::from_utf8_lossy(&body)
        );
    }
    Ok(())
}

fn now_us() -> anyhow::Result<i64> {
    let since = SystemTime::now().duration_since(UNIX_EPOCH)?;
    Ok(i64::try_from(since.as_micros())?)
}
