//! The metrics of one group.

use metrics::{Counter, Histogram};

#[derive(Clone)]
pub(crate) struct Meters {
    pub records: Counter,
    pub filtered: Counter,
    pub batches: Counter,
    pub failed_batches: Counter,
    pub done: Counter,
    pub retried: Counter,
    pub rejected: Counter,
    /// Failed through no fault of theirs, and charged with no attempt.
    pub postponed: Counter,
    pub dead_letters: Counter,
    /// Partitions came or went.
    pub rebalances: Counter,
    /// How long a call took.
    pub seconds: Histogram,
    /// From the append of a record to the start of its first call.
    pub delay: Histogram,
}

impl Meters {
    pub fn new(group: &str, component: &str) -> Self {
        let labels = [
            ("group", group.to_owned()),
            ("component", component.to_owned()),
        ];
        let outcome = |outcome: &'static str| {
            let [group, component] = labels.clone();
            let labels = [group, component, ("outcome", outcome.to_owned())];
            metrics::counter!("kafka_trigger_outcomes_total", &labels)
        };
        Self {
            records: metrics::counter!("kafka_trigger_records_total", &labels),
            filtered: metrics::counter!("kafka_trigger_filtered_total", &labels),
            batches: metrics::counter!("kafka_trigger_batches_total", &labels),
            failed_batches: metrics::counter!("kafka_trigger_failed_batches_total", &labels),
            done: outcome("done"),
            retried: outcome("retry"),
            rejected: outcome("reject"),
            postponed: outcome("postponed"),
            dead_letters: metrics::counter!("kafka_trigger_dead_letters_total", &labels),
            rebalances: metrics::counter!("kafka_trigger_rebalances_total", &labels),
            seconds: metrics::histogram!("kafka_trigger_handler_seconds", &labels),
            delay: metrics::histogram!("kafka_trigger_delay_seconds", &labels),
        }
    }
}
