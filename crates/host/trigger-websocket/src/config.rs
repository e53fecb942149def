//! `[[trigger.websocket]]` of the manifest.

use std::time::Duration;

use serde::Deserialize;

/// One `[[trigger.websocket]]`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TriggerConfig {
    pub component: String,
    /// The path that is upgraded: exact, or everything below with a trailing `/...`.
    pub route: String,
    /// The topics whose records reach subscribed connections.
    #[serde(default)]
    pub topics: Vec<String>,
    /// Which pages may connect (`https://host[:port]`, or `*`). Left out: only pages of the host
    /// the request was sent to. Clients that are no browser send no `Origin` and are not asked.
    #[serde(default)]
    pub allowed_origins: Option<Vec<String>>,
    #[serde(default)]
    pub limits: Limits,
}

/// `limits = { .. }` of a trigger. Everything a connection can use is bounded.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// Connections at once in this process; more are refused with 503.
    pub max_connections: usize,
    /// Channels one connection may subscribe.
    pub max_channels: usize,
    /// The largest message a client may send, in bytes; a larger one closes with 1009.
    pub max_frame_bytes: usize,
    /// Frames that may wait for a client, while it resumes too; more close with 1013.
    pub queue_frames: usize,
    /// Bytes of frames that may wait for a client; more close with 1013.
    pub queue_bytes: usize,
    /// How often a client is pinged.
    pub ping_interval_ms: u64,
    /// How long after a ping a silent client is taken for dead.
    pub pong_timeout_ms: u64,
    /// How long the topics are followed for nobody: a page that is loaded again is back by then.
    pub linger_ms: u64,
    /// How long one call of the component may take.
    pub deadline_ms: u64,
    /// Instances of the component, and so calls, at once.
    pub max_instances: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_connections: 10_000,
            max_channels: 100,
            max_frame_bytes: 64 * 1024,
            queue_frames: 256,
            queue_bytes: 1024 * 1024,
            ping_interval_ms: 30_000,
            pong_timeout_ms: 10_000,
            linger_ms: 5000,
            deadline_ms: 10_000,
            max_instances: 8,
        }
    }
}

impl Limits {
    pub(crate) fn ping_interval(&self) -> Duration {
        Duration::from_millis(self.ping_interval_ms)
    }

    /// How long a client may send nothing at all, not even the answer to a ping.
    pub(crate) fn silence(&self) -> Duration {
        Duration::from_millis(self.ping_interval_ms.saturating_add(self.pong_timeout_ms))
    }

    pub(crate) fn linger(&self) -> Duration {
        Duration::from_millis(self.linger_ms)
    }

    pub(crate) fn deadline(&self) -> Duration {
        Duration::from_millis(self.deadline_ms)
    }
}

impl TriggerConfig {
    /// What is wrong with it, in words for the manifest's author.
    pub(crate) fn violations(&self) -> Vec<String> {
        let mut violations = Vec::new();
        let prefix = self.route.strip_suffix("/...").unwrap_or(&self.route);
        if !self.route.starts_with('/') || prefix.contains("...") || prefix.contains(['*', '?']) {
            violations.push(format!(
                "route `{}` must be a path like `/ws` or `/ws/...`",
                self.route
            ));
        }
        for origin in self.allowed_origins.iter().flatten() {
            let is_origin = origin
                .split_once("://")
                .is_some_and(|(_, host)| !host.is_empty() && !host.contains('/'));
            if origin != "*" && !is_origin {
                violations.push(format!(
                    "allowed_origins: `{origin}` must be `*` or like `https://example.org`, without a path"
                ));
            }
        }
        let limits = &self.limits;
        let (many, large, day_ms) = (1_000_000, 1 << 30, 24 * 60 * 60 * 1000);
        for (name, value, most) in [
            ("max_connections", limits.max_connections as u64, many),
            ("max_channels", limits.max_channels as u64, many),
            ("max_frame_bytes", limits.max_frame_bytes as u64, large),
            ("queue_frames", limits.queue_frames as u64, many),
            ("queue_bytes", limits.queue_bytes as u64, large),
            ("ping_interval_ms", limits.ping_interval_ms, day_ms),
            ("pong_timeout_ms", limits.pong_timeout_ms, day_ms),
            ("linger_ms", limits.linger_ms, day_ms),
            ("deadline_ms", limits.deadline_ms, day_ms),
            ("max_instances", limits.max_instances as u64, 1000),
        ] {
            if !(1..=most).contains(&value) {
                violations.push(format!("limits.{name} must be 1 to {most}, not {value}"));
            }
        }
        violations
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(toml: &str) -> Result<TriggerConfig, toml::de::Error> {
        toml::from_str(toml)
    }

    #[test]
    fn a_trigger_needs_a_component_and_a_route_only() {
        let config = parse("component = 'a'\nroute = '/ws'").expect("valid");
        assert!(config.violations().is_empty());
        assert!(config.allowed_origins.is_none());
        assert_eq!(config.limits.max_connections, 10_000);
    }

    #[test]
    fn unknown_fields_are_refused() {
        let error = parse("component = 'a'\nroute = '/ws'\nlimits = { max_conections = 1 }");
        assert!(error.unwrap_err().to_string().contains("max_conections"));
    }

    #[test]
    fn every_violation_is_named() {
        let config = parse(
            "component = 'a'\nroute = 'ws'\nallowed_origins = ['example.org', '*']
             limits = { queue_frames = 0, max_connections = 9999999 }",
        )
        .expect("parses");
        let violations = config.violations().join("\n");
        for word in ["`ws`", "`example.org`", "queue_frames", "max_connections"] {
            assert!(violations.contains(word), "{word} in {violations}");
        }
        assert_eq!(config.violations().len(), 4);
    }
}
