//! The metrics of one trigger.

use metrics::{Counter, Gauge, counter, gauge};

use crate::close::Close;

pub(crate) struct Meters {
    component: String,
    pub(crate) connections: Gauge,
    pub(crate) frames_received: Counter,
    pub(crate) frames_sent: Counter,
    /// Frames dropped because a send queue was full.
    pub(crate) frames_dropped: Counter,
    /// Records with a subscriber in this process.
    pub(crate) records: Counter,
    /// Records whose frames could not be made.
    pub(crate) records_failed: Counter,
}

impl Meters {
    pub(crate) fn new(component: &str) -> Self {
        let component = component.to_owned();
        let label = || ("component", component.clone());
        Self {
            connections: gauge!("websocket_connections", &[label()]),
            frames_received: counter!("websocket_frames_received_total", &[label()]),
            frames_sent: counter!("websocket_frames_sent_total", &[label()]),
            frames_dropped: counter!("websocket_frames_dropped_total", &[label()]),
            records: counter!("websocket_records_total", &[label()]),
            records_failed: counter!("websocket_records_failed_total", &[label()]),
            component,
        }
    }

    /// An opening request was answered with this status.
    pub(crate) fn opened(&self, status: u16) {
        let labels = [
            ("component", self.component.clone()),
            ("status", status.to_string()),
        ];
        counter!("websocket_openings_total", &labels).increment(1);
    }

    pub(crate) fn closed(&self, close: &Close) {
        let labels = [
            ("component", self.component.clone()),
            ("code", close.label()),
        ];
        counter!("websocket_closes_total", &labels).increment(1);
    }
}
