//! When a job is due. Pure: the time comes from the caller.

use chrono::{DateTime, Timelike, Utc};
use chrono_tz::Tz;
use croner::Cron;
use croner::parser::CronParser;

/// A cron expression in a time zone.
#[derive(Clone, Debug)]
pub(crate) struct Schedule {
    cron: Cron,
    zone: Tz,
}

impl Schedule {
    /// # Errors
    /// Everything that is wrong with the two.
    pub fn new(expression: &str, zone: Option<&str>) -> Result<Self, Vec<String>> {
        let mut violations = Vec::new();
        // `0/15` is in the official plugin's manual.
        let parser = CronParser::builder().sloppy_ranges(true).build();
        let cron = parser.parse(expression).map_err(|error| {
            violations.push(format!(
                "cron_expression `{expression}`: {error} It must be like `*/5 * * * * *` \
                 (second minute hour day month weekday)"
            ));
        });
        let zone = zone.unwrap_or("UTC");
        let parsed = zone.parse::<Tz>().map_err(|_| {
            violations.push(format!(
                "time_zone `{zone}` is no IANA time zone like `Europe/Berlin`"
            ));
        });
        let (Ok(cron), Ok(zone)) = (cron, parsed) else {
            return Err(violations);
        };
        let schedule = Self { cron, zone };
        if schedule.next(Utc::now()).is_none() {
            return Err(vec![format!("cron_expression `{expression}` is never due")]);
        }
        Ok(schedule)
    }

    /// The first tick after this time.
    pub fn next(&self, after: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let after = after.with_timezone(&self.zone);
        let next = self.cron.find_next_occurrence(&after, false).ok()?;
        Some(next.with_timezone(&Utc))
    }

    /// The latest tick after `last` that is not in the future: the one to run for, however many
    /// were missed.
    pub fn due(&self, last: DateTime<Utc>, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let now = now.with_nanosecond(0)?.with_timezone(&self.zone);
        let latest = self.cron.find_previous_occurrence(&now, true).ok()?;
        let latest = latest.with_timezone(&Utc);
        (latest > last).then_some(latest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(time: &str) -> DateTime<Utc> {
        time.parse().expect("RFC 3339")
    }

    fn schedule(expression: &str, zone: &str) -> Schedule {
        Schedule::new(expression, Some(zone)).expect("valid")
    }

    #[test]
    fn six_fields_begin_with_the_second_and_five_fire_at_second_zero() {
        let every_five = schedule("*/5 * * * * *", "UTC");
        assert_eq!(
            every_five.next(at("2026-01-01T00:00:05Z")),
            Some(at("2026-01-01T00:00:10Z"))
        );
        let every_minute = schedule("* * * * *", "UTC");
        assert_eq!(
            every_minute.next(at("2026-01-01T00:00:05Z")),
            Some(at("2026-01-01T00:01:00Z"))
        );
        assert!(Schedule::new("0/15 * * * * *", None).is_ok());
        assert!(Schedule::new("0 0 0 1 1 * 2090", None).is_ok());
    }

    #[test]
    fn the_time_zone_decides_across_the_change_of_the_clock() {
        let morning = schedule("0 30 8 * * *", "Europe/Berlin");
        let winter = at("2026-03-28T07:30:00Z");
        assert_eq!(morning.next(at("2026-03-28T00:00:00Z")), Some(winter));
        assert_eq!(morning.next(winter), Some(at("2026-03-29T06:30:00Z")));
    }

    #[test]
    fn of_several_missed_ticks_the_latest_is_due_once() {
        let minutes = schedule("0 * * * * *", "UTC");
        let last = at("2026-01-01T00:00:00Z");
        assert_eq!(minutes.due(last, at("2026-01-01T00:00:59.9Z")), None);
        let due = minutes.due(last, at("2026-01-01T00:07:30.5Z"));
        assert_eq!(due, Some(at("2026-01-01T00:07:00Z")));
        assert_eq!(
            minutes.due(at("2026-01-01T00:07:00Z"), at("2026-01-01T00:07:31Z")),
            None
        );
        // To the moment.
        let due = minutes.due(last, at("2026-01-01T00:01:00Z"));
        assert_eq!(due, Some(at("2026-01-01T00:01:00Z")));
    }

    #[test]
    fn an_expression_that_is_never_due_is_refused() {
        assert!(Schedule::new("0 0 0 30 2 *", None).is_err());
        assert!(Schedule::new("0 0 0 1 1 * 1999", None).is_err());
    }
}
