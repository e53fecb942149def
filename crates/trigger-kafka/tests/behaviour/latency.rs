//! How soon a handler starts after the commit.

use std::collections::HashMap;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::time::MissedTickBehavior;
use uuid::Uuid;

use crate::harness::{Handled, World, append, connect, succeed, with};

const RATE: u32 = 500;

#[tokio::test(flavor = "multi_thread")]
async fn a_wake_up_starts_the_handler_without_any_poll() {
    with(async |world| {
        let never = Duration::from_secs(3600);
        let options = event_log::Options {
            poll_busy: never,
            poll_idle: never,
            ..event_log::Options::default()
        };
        let host = world.host_with("host", "", options).await;
        for _ in 0..20 {
            let id = world.append("a", succeed()).await;
            host.log.wake();
            host.until_handled(id).await;
        }
        host.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "a measurement; run it alone on a quiet machine"]
async fn measure_one_host() {
    with(async |world| {
        let host = world.host("host", "").await;
        let committed = produce(world, || host.log.wake()).await;
        world.until_committed().await;
        report("one host", &host.stop().await, &committed);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "a measurement; run it alone on a quiet machine"]
async fn measure_another_host() {
    with(async |world| {
        let host = world.host("host", "").await;
        let options = event_log::Options::default();
        let writer = event_log::EventLog::connect(&world.url, options)
            .await
            .expect("an event log");
        tokio::time::sleep(Duration::from_secs(2)).await;
        let committed = produce(world, || writer.wake()).await;
        world.until_committed().await;
        report("another host", &host.stop().await, &committed);
    })
    .await;
}

/// Appends at a steady rate for five seconds on four connections; when each was committed.
async fn produce(world: &World, wake: impl Fn()) -> HashMap<Uuid, u64> {
    let warm_up = world.append("warm", succeed()).await;
    wake();
    tokio::time::sleep(Duration::from_secs(1)).await;
    let mut clients = Vec::new();
    for _ in 0..4 {
        clients.push(std::sync::Arc::new(connect(&world.url).await));
    }
    let mut ticks = tokio::time::interval(Duration::from_secs(1) / RATE);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Burst);
    let mut appends = tokio::task::JoinSet::new();
    let mut committed = HashMap::new();
    for n in 0..RATE * 5 {
        ticks.tick().await;
        let client = clients[n as usize % clients.len()].clone();
        appends.spawn(async move {
            let key = format!("key-{}", n % 200);
            (append(&client, "orders", &key, &succeed()).await, now_us())
        });
        while let Some(Ok((id, at_us))) = appends.try_join_next() {
            wake();
            committed.insert(id, at_us);
        }
    }
    while let Some(Ok((id, at_us))) = appends.join_next().await {
        wake();
        committed.insert(id, at_us);
    }
    committed.remove(&warm_up);
    committed
}

fn report(what: &str, handled: &[Handled], committed: &HashMap<Uuid, u64>) {
    let mut latencies = latencies(handled, committed);
    assert_eq!(latencies.len(), committed.len(), "each once");
    latencies.sort_unstable();
    let at = |part: f64| latencies[(latencies.len() as f64 * part) as usize] as f64 / 1000.0;
    println!(
        "{what}: commit to handler start at {RATE}/s: p50 {:.1} ms, p90 {:.1} ms, p99 {:.1} ms, max {:.1} ms",
        at(0.5),
        at(0.9),
        at(0.99),
        at(0.9999)
    );
}

fn latencies(handled: &[Handled], committed: &HashMap<Uuid, u64>) -> Vec<u64> {
    handled
        .iter()
        .filter_map(|handled| Some(handled.at_us.saturating_sub(*committed.get(&handled.id)?)))
        .collect()
}

fn now_us() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| since.as_micros() as u64)
}
