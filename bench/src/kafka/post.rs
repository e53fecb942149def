//! One POST of each record to the component behind our HTTP trigger, as a sidecar delivers it: a
//! partition's records one after another, partitions side by side.

use std::time::{Duration, Instant};

use anyhow::Context as _;
use bytes::Bytes;
use futures::future::try_join_all;
use http_body_util::{BodyExt as _, Full};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use kafka_client::rdkafka::Message as _;
use tokio::sync::mpsc;

use super::application::Application;
use super::bare;
use super::records::{Topic, WARM, now_ms};
use super::throughput::{Throughput, Watch};

const TIMEOUT: Duration = Duration::from_secs(30);
/// Records of a partition that wait to be posted.
const WAITING: usize = 1000;

/// From the first record to the last.
pub async fn drain(
    topic: &Topic,
    application: &Application,
    count: u64,
) -> anyhow::Result<Throughput> {
    let watch = Watch::start()?;
    let started = Instant::now();
    let lags = deliver(topic, application, count, async { Ok(()) }).await?;
    let first = lags.iter().map(|(at, _)| *at).min().unwrap_or(started);
    let last = lags.iter().map(|(at, _)| *at).max().unwrap_or(started);
    Ok(Throughput {
        per_second: count as f64 / (last - first).as_secs_f64(),
        // What starting costs is little beside thousands of requests.
        ..watch.stop(count)?
    })
}

/// Milliseconds from each record's creation to the component's answer, at a steady rate.
pub async fn follow(
    topic: &Topic,
    application: &Application,
    rate: u64,
    duration: Duration,
) -> anyhow::Result<Vec<f64>> {
    let count = rate * duration.as_secs();
    let pacing = async { topic.pacer().await?.run(rate, duration).await.map(drop) };
    let mut lags = deliver(topic, application, count + WARM, pacing).await?;
    lags.sort_by_key(|(at, _)| *at);
    let counted = lags.into_iter().skip(WARM as usize);
    Ok(counted.map(|(_, lag)| lag).collect())
}

/// When each was answered, and its lag.
async fn deliver(
    topic: &Topic,
    application: &Application,
    count: u64,
    meanwhile: impl Future<Output = anyhow::Result<()>>,
) -> anyhow::Result<Vec<(Instant, f64)>> {
    let (address, running) = application.http().await?;
    let consumer = bare::consumer(topic)?;
    let mut senders = Vec::new();
    let mut posts = Vec::new();
    for _ in 0..topic.partitions {
        let (sender, mut waiting) = mpsc::channel::<(i64, Bytes)>(WAITING);
        senders.push(sender);
        let uri: http::Uri = format!("http://{address}/").parse()?;
        posts.push(async move {
            let mut connector = HttpConnector::new();
            connector.set_nodelay(true);
            let client = Client::builder(TokioExecutor::new()).build(connector);
            let mut answered = Vec::new();
            while let Some((created, value)) = waiting.recv().await {
                let request = http::Request::post(uri.clone()).body(Full::new(value))?;
                let response = client.request(request).await?;
                anyhow::ensure!(response.status().is_success(), "{}", response.status());
                response.into_body().collect().await?;
                answered.push((Instant::now(), (now_ms() - created) as f64));
            }
            Ok(answered)
        });
    }
    let reading = tokio::task::spawn_blocking(move || {
        for _ in 0..count {
            let message = consumer.poll(TIMEOUT).context("no record in time")??;
            let created = message.timestamp().to_millis().unwrap_or_default();
            let value = Bytes::copy_from_slice(message.payload().unwrap_or_default());
            let sender = senders.get(message.partition() as usize);
            sender
                .context("a new partition")?
                .blocking_send((created, value))?;
        }
        anyhow::Ok(())
    });
    let reading = async { reading.await? };
    let ((), (), answered) = tokio::try_join!(meanwhile, reading, try_join_all(posts))?;
    running.stop().await?;
    Ok(answered.into_iter().flatten().collect())
}
