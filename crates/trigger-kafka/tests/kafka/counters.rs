//! The trigger's own counters, for what no record shows.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, LazyLock, Mutex};

use metrics::{
    Counter, Gauge, Histogram, Key, KeyName, Metadata, Recorder, SharedString, Unit,
    set_global_recorder,
};

static VALUES: LazyLock<Mutex<HashMap<Key, Arc<AtomicU64>>>> = LazyLock::new(Mutex::default);

struct Counters;

impl Recorder for Counters {
    fn describe_counter(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_gauge(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn register_counter(&self, key: &Key, _: &Metadata<'_>) -> Counter {
        let mut values = VALUES.lock().expect("no panic");
        Counter::from_arc(values.entry(key.clone()).or_default().clone())
    }

    fn register_gauge(&self, _: &Key, _: &Metadata<'_>) -> Gauge {
        Gauge::noop()
    }

    fn register_histogram(&self, _: &Key, _: &Metadata<'_>) -> Histogram {
        Histogram::noop()
    }
}

/// Counts from now on, in hosts of this process that are started later.
pub fn count() {
    let _already = set_global_recorder(Counters);
}

/// What was counted under this name for a group, by all its members in this process.
pub fn counted(name: &str, group: &str) -> u64 {
    let values = VALUES.lock().expect("no panic");
    let of_group = |key: &Key| key.labels().any(|label| label.value() == group);
    let own = values
        .iter()
        .filter(|(key, _)| key.name() == name && of_group(key));
    own.map(|(_, value)| value.load(Ordering::Acquire)).sum()
}
