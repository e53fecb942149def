//! Reads the trigger's own metrics.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use metrics::{
    Counter, Gauge, Histogram, HistogramFn, Key, KeyName, Metadata, Recorder, SharedString, Unit,
};

/// What the trigger counts and times.
#[derive(Clone, Default)]
pub struct Meter {
    done: Arc<AtomicU64>,
    delays: Arc<Delays>,
}

#[derive(Default)]
struct Delays {
    on: AtomicBool,
    seconds: Mutex<Vec<f64>>,
}

impl Meter {
    pub fn install() -> anyhow::Result<Self> {
        let meter = Self::default();
        metrics::set_global_recorder(meter.clone())?;
        Ok(meter)
    }

    /// Records handled since the start.
    pub fn done(&self) -> u64 {
        self.done.load(Ordering::Acquire)
    }

    /// Keeps delays from now on, or takes those kept.
    pub fn record_delays(&self, on: bool) -> Vec<f64> {
        self.delays.on.store(on, Ordering::Release);
        let mut seconds = self
            .delays
            .seconds
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut seconds)
    }
}

impl HistogramFn for Delays {
    fn record(&self, value: f64) {
        if self.on.load(Ordering::Relaxed) {
            let mut seconds = self.seconds.lock().unwrap_or_else(PoisonError::into_inner);
            seconds.push(value);
        }
    }
}

impl Recorder for Meter {
    fn describe_counter(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_gauge(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn register_counter(&self, key: &Key, _: &Metadata<'_>) -> Counter {
        let is_done = key.labels().any(|label| label.value() == "done");
        if key.name() == "kafka_trigger_outcomes_total" && is_done {
            Counter::from_arc(self.done.clone())
        } else {
            Counter::noop()
        }
    }

    fn register_gauge(&self, _: &Key, _: &Metadata<'_>) -> Gauge {
        Gauge::noop()
    }

    fn register_histogram(&self, key: &Key, _: &Metadata<'_>) -> Histogram {
        if key.name() == "kafka_trigger_delay_seconds" {
            Histogram::from_arc(self.delays.clone())
        } else {
            Histogram::noop()
        }
    }
}
