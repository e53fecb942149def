//! The metrics of one job.

use metrics::{Counter, Histogram};

pub(crate) struct Meters {
    pub done: Counter,
    pub failed: Counter,
    /// Ticks that were due while the run before was still going.
    pub skipped: Counter,
    /// How long a run took.
    pub seconds: Histogram,
    /// From the tick to the start of its run.
    pub delay: Histogram,
}

impl Meters {
    pub fn new(component: &str) -> Self {
        let label = ("component", component.to_owned());
        let outcome = |outcome: &'static str| {
            let labels = [label.clone(), ("outcome", outcome.to_owned())];
            metrics::counter!("cron_trigger_runs_total", &labels)
        };
        let labels = [label.clone()];
        Self {
            done: outcome("done"),
            failed: outcome("failed"),
            skipped: metrics::counter!("cron_trigger_skipped_total", &labels),
            seconds: metrics::histogram!("cron_trigger_run_seconds", &labels),
            delay: metrics::histogram!("cron_trigger_delay_seconds", &labels),
        }
    }
}
