//! Metrics in Prometheus' text format.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::Context as _;
use metrics::{counter, describe_counter, describe_gauge, gauge};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use tokio_util::sync::CancellationToken;

/// From a tenth of a millisecond, what a statement takes, to the longest deadline.
const SECONDS: [f64; 17] = [
    0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5,
    5.0, 10.0, 30.0,
];
/// Samples are sorted into buckets at least this often, so that their memory is bounded.
const UPKEEP: Duration = Duration::from_secs(5);
/// What the kernel counts processor time in, on every Linux there is.
const TICKS_PER_SECOND: f64 = 100.0;

/// Brings gauges up to date that are too dear to be kept so.
type Observer = Box<dyn Fn() + Send + Sync>;

/// The metrics of this process.
#[derive(Clone)]
pub struct Metrics {
    handle: PrometheusHandle,
    observers: Arc<Mutex<Vec<Observer>>>,
}

impl Metrics {
    /// Begin to collect; once per process.
    pub fn start() -> anyhow::Result<Self> {
        let handle = PrometheusBuilder::new()
            .set_buckets_for_metric(Matcher::Suffix("_seconds".into()), &SECONDS)?
            .install_recorder()
            .context("cannot collect metrics")?;
        describe_gauge!("http_server_connections", "Open connections");
        describe_counter!(
            "http_server_connections_closed_total",
            "Connections that this host ended"
        );
        describe_gauge!("process_resident_memory_bytes", "Memory of this process");
        describe_counter!(
            "process_cpu_seconds_total",
            "Processor time of this process"
        );
        gauge!("taskwhisper_build_info", "version" => env!("CARGO_PKG_VERSION")).set(1.0);
        Ok(Self {
            handle,
            observers: Arc::default(),
        })
    }

    /// Keep memory bounded until `stop`, whether anybody asks for metrics or not.
    pub async fn upkeep(self, stop: CancellationToken) {
        let mut tick = tokio::time::interval(UPKEEP);
        while stop.run_until_cancelled(tick.tick()).await.is_some() {
            self.handle.run_upkeep();
        }
    }

    /// Everything, as it is now.
    pub fn render(&self) -> String {
        observe_process();
        for observe in self.observers().iter() {
            observe();
        }
        self.handle.render()
    }

    /// Call this whenever somebody asks for the metrics.
    pub fn observe_with(&self, observe: impl Fn() + Send + Sync + 'static) {
        self.observers().push(Box::new(observe));
    }

    fn observers(&self) -> MutexGuard<'_, Vec<Observer>> {
        self.observers
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

fn observe_process() {
    let read = |name: &str| std::fs::read_to_string(format!("/proc/self/{name}")).ok();
    if let Some(bytes) = read("status").as_deref().and_then(resident_bytes) {
        gauge!("process_resident_memory_bytes").set(bytes);
    }
    if let Some(ticks) = read("stat").as_deref().and_then(cpu_ticks) {
        counter!("process_cpu_seconds_total").absolute((ticks / TICKS_PER_SECOND) as u64);
    }
}

/// proc(5): `VmRSS:     1234 kB`
fn resident_bytes(status: &str) -> Option<f64> {
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kilobytes: f64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kilobytes * 1024.0)
}

/// proc(5): fields 14 and 15, user and system time, counted from the process's name on, which
/// may hold spaces.
fn cpu_ticks(stat: &str) -> Option<f64> {
    let (_, fields) = stat.rsplit_once(')')?;
    let mut fields = fields.split_whitespace().skip(11);
    let user: f64 = fields.next()?.parse().ok()?;
    let system: f64 = fields.next()?.parse().ok()?;
    Some(user + system)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_and_processor_time_are_read_from_proc() {
        assert_eq!(resident_bytes("Name:\tx\nVmRSS:\t  2 kB\n"), Some(2048.0));
        assert_eq!(resident_bytes("Name:\tx\n"), None);
        let stat = "1 (a b) c) S 1 2 3 4 5 6 7 8 9 10 150 50 0 0 20 0 9";
        assert_eq!(cpu_ticks(stat), Some(200.0));
        assert_eq!(cpu_ticks(""), None);
    }
}
