//! The times at which a rule fires, by the `rrule` crate.

use super::{Frequency, InvalidRule, Rule};
use crate::time::YEARS;
use chrono::{Datelike, Months, NaiveDateTime, TimeDelta};
use rrule::{RRule, RRuleSet, Tz, Unvalidated};

/// The most times that are looked at in one search. A rule that needs more has no next occurrence.
const MAX_STEPS: usize = 100_000;

impl Rule {
    /// The times from `from` on at which the rule that begins at `start` fires. COUNT and UNTIL are
    /// not looked at. The work is bounded.
    ///
    /// # Errors
    /// When the `rrule` crate refuses the rule.
    pub(crate) fn times(
        &self,
        start: NaiveDateTime,
        from: NaiveDateTime,
    ) -> Result<impl Iterator<Item = NaiveDateTime> + use<>, InvalidRule> {
        // UTC has no changes of offset: this is wall-clock time.
        let near = self
            .start_near(start, from)
            .and_utc()
            .with_timezone(&Tz::UTC);
        let rule = self
            .text_without_end()
            .parse::<RRule<Unvalidated>>()
            .and_then(|rule| rule.validate(near))
            .map_err(|error| InvalidRule(error.to_string()))?;
        let set = RRuleSet::new(near).rrule(rule).limit();
        Ok(set
            .into_iter()
            .map(|time| time.naive_utc())
            .take(MAX_STEPS)
            .take_while(|time| YEARS.contains(&time.year()))
            .skip_while(move |time| *time < from))
    }

    /// A start that gives the same times from `from` on and is not long before it: whole intervals
    /// are left out, so that a task which lay for years does not cost a search through them.
    fn start_near(&self, start: NaiveDateTime, from: NaiveDateTime) -> NaiveDateTime {
        let interval = i64::from(self.interval);
        let hours = match self.frequency {
            Frequency::Hourly => interval,
            Frequency::Daily => interval * 24,
            Frequency::Weekly => interval * 24 * 7,
            Frequency::Monthly | Frequency::Yearly => return self.start_months_near(start, from),
        };
        let skipped = (from - start).num_hours() / hours - 1;
        if skipped < 1 {
            return start;
        }
        start + TimeDelta::hours(skipped * hours)
    }

    fn start_months_near(&self, start: NaiveDateTime, from: NaiveDateTime) -> NaiveDateTime {
        let months = u32::from(self.interval)
            * match self.frequency {
                Frequency::Yearly => 12,
                _ => 1,
            };
        let month_of = |time: NaiveDateTime| i64::from(time.year()) * 12 + i64::from(time.month0());
        let elapsed = u32::try_from(month_of(from) - month_of(start)).unwrap_or_default();
        let skipped = (elapsed / months).saturating_sub(1);
        // A later day does not exist in every month; the days that do keep their number.
        match start.checked_add_months(Months::new(skipped * months)) {
            Some(near) if start.day() <= 28 => near,
            _ => start,
        }
    }
}
