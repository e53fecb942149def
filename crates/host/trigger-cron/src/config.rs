//! `[[trigger.cron]]` of the manifest.

use std::time::Duration;

use serde::Deserialize;

use crate::schedule::Schedule;

/// One `[[trigger.cron]]`. The first two fields are those of the official cron plugin.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TriggerConfig {
    /// The component to run.
    pub component: String,
    /// `second minute hour day month weekday`, optionally with a year behind; without the
    /// second it fires at second 0.
    pub cron_expression: String,
    /// IANA name of the zone the expression is read in; left out: UTC.
    #[serde(default)]
    pub time_zone: Option<String>,
    /// How long a run may take.
    #[serde(default = "default_deadline_ms")]
    pub deadline_ms: u64,
}

fn default_deadline_ms() -> u64 {
    300_000
}

impl TriggerConfig {
    pub(crate) fn deadline(&self) -> Duration {
        Duration::from_millis(self.deadline_ms)
    }

    /// The schedule, or what is wrong with the trigger, in words for the manifest's author.
    pub(crate) fn schedule(&self) -> Result<Schedule, Vec<String>> {
        let schedule = Schedule::new(&self.cron_expression, self.time_zone.as_deref());
        match (schedule, self.deadline_ms) {
            (Ok(schedule), 1..) => Ok(schedule),
            (schedule, deadline_ms) => {
                let mut violations = schedule.err().unwrap_or_default();
                if deadline_ms == 0 {
                    violations.push("deadline_ms must be at least 1".to_owned());
                }
                Err(violations)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(toml: &str) -> Result<TriggerConfig, toml::de::Error> {
        toml::from_str(toml)
    }

    #[test]
    fn the_official_plugins_manifest_is_enough() {
        let config = parse("component = 'a'\ncron_expression = '*/5 * * * * *'").expect("valid");
        assert!(config.schedule().is_ok());
        assert_eq!(config.deadline(), Duration::from_secs(300));
    }

    #[test]
    fn every_violation_is_named() {
        let config = parse(
            "component = 'a'\ncron_expression = 'never'\ntime_zone = 'Mars'\ndeadline_ms = 0",
        )
        .expect("parses");
        let violations = config.schedule().expect_err("three").join("\n");
        for part in ["`never`", "`Mars`", "deadline_ms"] {
            assert!(violations.contains(part), "{part} in {violations}");
        }
        assert!(parse("component = 'a'\ncron_expression = '* * * * *'\ncatch_up = 1").is_err());
    }
}
