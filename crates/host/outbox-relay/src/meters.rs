//! The metrics of a relay. Its lag is a metric of the event log, as for every group:
//! `event_log_lag_records{group="relay"}`.

use metrics::{Counter, Gauge, Histogram};

#[derive(Clone)]
pub(crate) struct Meters {
    /// 1 in the process that relays, 0 in the others.
    pub active: Gauge,
    /// Acknowledged by Kafka.
    pub records: Counter,
    /// Refused by Kafka for good.
    pub dead_letters: Counter,
    /// A producer failed, and another one sends again what was not acknowledged.
    pub restarts: Counter,
    /// Waiting for an acknowledgement.
    pub in_flight: Gauge,
    /// Topics that Kafka lacks although the log has records of them.
    pub missing_topics: Gauge,
    /// From the append of a record to Kafka's acknowledgement.
    pub delay: Histogram,
}

impl Meters {
    pub fn new() -> Self {
        Self {
            active: metrics::gauge!("relay_active"),
            records: metrics::counter!("relay_records_total"),
            dead_letters: metrics::counter!("relay_dead_letters_total"),
            restarts: metrics::counter!("relay_producer_restarts_total"),
            in_flight: metrics::gauge!("relay_in_flight_records"),
            missing_topics: metrics::gauge!("relay_missing_topics"),
            delay: metrics::histogram!("relay_delay_seconds"),
        }
    }
}
