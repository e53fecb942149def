//! The trigger's own metrics, for what no record shows.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, LazyLock, Mutex};

use metrics::{
    Counter, Gauge, Histogram, HistogramFn, Key, KeyName, Metadata, Recorder, SharedString, Unit,
    set_global_recorder,
};

/// Counts; the bits of a gauge; how many values a histogram took.
static VALUES: LazyLock<Mutex<HashMap<Key, Arc<AtomicU64>>>> = LazyLock::new(Mutex::default);

struct Counters;

impl Recorder for Counters {
    fn describe_counter(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_gauge(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn register_counter(&self, key: &Key, _: &Metadata<'_>) -> Counter {
        Counter::from_arc(value_of(key))
    }

    fn register_gauge(&self, key: &Key, _: &Metadata<'_>) -> Gauge {
        Gauge::from_arc(value_of(key))
    }

    fn register_histogram(&self, key: &Key, _: &Metadata<'_>) -> Histogram {
        Histogram::from_arc(Arc::new(Values(value_of(key))))
    }
}

struct Values(Arc<AtomicU64>);

impl HistogramFn for Values {
    fn record(&self, _: f64) {
        self.0.fetch_add(1, Ordering::AcqRel);
    }
}

fn value_of(key: &Key) -> Arc<AtomicU64> {
    let mut values = VALUES.lock().expect("no panic");
    values.entry(key.clone()).or_default().clone()
}

/// Counts from now on, in hosts of this process that are started later.
pub fn count() {
    let _already = set_global_recorder(Counters);
}

/// What was counted under this name for a group, by all its members in this process.
pub fn counted(name: &str, group: &str) -> u64 {
    found(name, &[group]).into_iter().sum()
}

/// How many outcomes of a kind its group's handlers had.
pub fn outcomes(outcome: &str, group: &str) -> u64 {
    let own = found("kafka_trigger_outcomes_total", &[group, outcome]);
    own.into_iter().sum()
}

/// A gauge of a group, once it was set.
pub fn gauge(name: &str, group: &str) -> Option<f64> {
    let own = found(name, &[group]);
    own.first().map(|bits| f64::from_bits(*bits))
}

fn found(name: &str, labels: &[&str]) -> Vec<u64> {
    let values = VALUES.lock().expect("no panic");
    let has = |key: &Key, wanted: &str| key.labels().any(|label| label.value() == wanted);
    let own = values
        .iter()
        .filter(|(key, _)| key.name() == name && labels.iter().all(|wanted| has(key, wanted)));
    own.map(|(_, value)| value.load(Ordering::Acquire))
        .collect()
}
