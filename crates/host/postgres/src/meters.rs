//! Metrics of one component's use of Postgres. Handles are looked up once, then they are atomics.

use std::sync::Arc;
use std::time::Duration;

use metrics::{Counter, Gauge, Histogram};

pub(crate) struct Meters {
    /// Open connections, idle ones too.
    pub connections: Gauge,
    /// Connections a statement or a transaction holds.
    pub in_use: Gauge,
    pub statements: Counter,
    pub errors: Counter,
    wait_seconds: Histogram,
    statement_seconds: Histogram,
}

impl Meters {
    pub fn new(component: &Arc<str>) -> Self {
        let label = [("component", component.to_string())];
        Self {
            connections: metrics::gauge!("postgres_connections", &label),
            in_use: metrics::gauge!("postgres_connections_in_use", &label),
            statements: metrics::counter!("postgres_statements_total", &label),
            errors: metrics::counter!("postgres_statement_errors_total", &label),
            wait_seconds: metrics::histogram!("postgres_connection_wait_seconds", &label),
            statement_seconds: metrics::histogram!("postgres_statement_seconds", &label),
        }
    }

    /// Time from asking for a connection to having one.
    pub fn waited(&self, time: Duration) {
        self.wait_seconds.record(time);
    }

    /// Time from sending a statement to the server's first answer.
    pub fn answered(&self, time: Duration) {
        self.statement_seconds.record(time);
    }
}
