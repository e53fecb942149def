//! One log line and one set of measurements for each request, written when it is over.

use std::sync::Arc;
use std::time::Instant;

use http::{HeaderValue, Method, StatusCode};
use metrics::{Counter, Gauge, Histogram, counter, gauge, histogram};

/// The measurements of one route; its handles are made once.
pub(crate) struct Meter {
    component: String,
    route: String,
    requests: Counter,
    active: Gauge,
    duration: Histogram,
    responses: [Counter; 5],
}

impl Meter {
    pub(crate) fn new(app: &str, component: &str, route: &str) -> Arc<Self> {
        let labels = || [("component_id", component.to_owned())];
        let class = |class: u8| {
            counter!(
                "http_server_responses_total",
                "component_id" => component.to_owned(),
                "status" => format!("{class}xx"),
            )
        };
        Arc::new(Self {
            requests: counter!(
                "spin_request_count_total",
                "trigger_type" => "http",
                "app_id" => app.to_owned(),
                "component_id" => component.to_owned(),
            ),
            active: gauge!("http_server_active_requests", &labels()),
            duration: histogram!("http_server_request_duration_seconds", &labels()),
            responses: [class(1), class(2), class(3), class(4), class(5)],
            component: component.into(),
            route: route.into(),
        })
    }
}

/// A request on its way. It is measured and logged when this is dropped.
pub(crate) struct Access {
    meter: Arc<Meter>,
    start: Instant,
    method: Method,
    request_id: HeaderValue,
    traceparent: HeaderValue,
    /// `None`: the client went away before there was a response.
    status: Option<StatusCode>,
    complete: bool,
}

impl Access {
    pub(crate) fn begin(
        meter: &Arc<Meter>,
        method: Method,
        request_id: HeaderValue,
        traceparent: HeaderValue,
    ) -> Self {
        meter.requests.increment(1);
        meter.active.increment(1);
        Self {
            meter: meter.clone(),
            start: Instant::now(),
            method,
            request_id,
            traceparent,
            status: None,
            complete: true,
        }
    }

    pub(crate) fn set_status(&mut self, status: StatusCode) {
        self.status = Some(status);
    }

    /// The response broke off.
    pub(crate) fn fail(&mut self) {
        self.complete = false;
    }

    fn log(&self, seconds: f64) {
        // 499 as other servers do: the client closed the connection.
        let status = self.status.map_or(499, |status| status.as_u16());
        macro_rules! line {
            ($level:ident) => {
                tracing::$level!(
                    method = self.method.as_str(),
                    route = self.meter.route,
                    component = self.meter.component,
                    status,
                    ms = (seconds * 10_000.0).round() / 10.0,
                    request_id = self.request_id.to_str().unwrap_or_default(),
                    traceparent = self.traceparent.to_str().unwrap_or_default(),
                    complete = self.complete,
                    "request"
                )
            };
        }
        match status {
            500.. => line!(error),
            _ if !self.complete => line!(error),
            400.. => line!(info),
            _ => line!(debug),
        }
    }
}

impl Drop for Access {
    fn drop(&mut self) {
        let seconds = self.start.elapsed().as_secs_f64();
        self.meter.active.decrement(1);
        self.meter.duration.record(seconds);
        let class = self.status.map_or(4, |status| status.as_u16() / 100);
        if let Some(responses) = self.meter.responses.get(usize::from(class).wrapping_sub(1)) {
            responses.increment(1);
        }
        self.log(seconds);
    }
}
