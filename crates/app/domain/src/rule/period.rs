//! The periods of a rule: its hours, days, weeks, months or years, INTERVAL apart, numbered from the one
//! that has the start.

use super::days::{days_in_month, week_begin};
use super::{Frequency, Rule};
use crate::time::YEARS;
use chrono::{Datelike, Days, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, Weekday};

#[derive(Debug, Clone)]
pub(super) struct Periods {
    frequency: Frequency,
    pub(super) interval: i64,
    week_start: Weekday,
    pub(super) start: NaiveDateTime,
}

impl Rule {
    pub(super) fn periods(&self, start: NaiveDateTime) -> Periods {
        Periods {
            frequency: self.frequency,
            interval: self.interval.into(),
            week_start: self.week_start(),
            start,
        }
    }

    /// The first time of the period that comes so many intervals after that of `start`.
    pub(crate) fn period_after(&self, start: NaiveDateTime, periods: i64) -> Option<NaiveDateTime> {
        let all = self.periods(start);
        match self.frequency {
            Frequency::Hourly => all.hour(periods),
            _ => all.begin(periods).map(|date| date.and_time(NaiveTime::MIN)),
        }
    }
}

impl Periods {
    /// The last period that does not begin after this day, or for hours, after this time.
    pub(super) fn containing(&self, date: NaiveDate, time: NaiveTime) -> i64 {
        let start = self.start.date();
        let units = match self.frequency {
            Frequency::Hourly => (date.and_time(time) - self.start).num_hours(),
            Frequency::Daily => (date - start).num_days(),
            Frequency::Weekly => {
                let [to, from] =
                    [date, start].map(|day| week_begin(day, self.week_start).unwrap_or(day));
                (to - from).num_days() / 7
            }
            Frequency::Monthly => months(date) - months(start),
            Frequency::Yearly => i64::from(date.year()) - i64::from(start.year()),
        };
        units.max(0) / self.interval
    }

    /// The first day of a period; none after the last year.
    pub(super) fn begin(&self, period: i64) -> Option<NaiveDate> {
        let units = period.checked_mul(self.interval)?;
        let start = self.start.date();
        let after =
            |first: NaiveDate, days: i64| first.checked_add_signed(TimeDelta::try_days(days)?);
        let first = match self.frequency {
            Frequency::Hourly => self.hour(period)?.date(),
            Frequency::Daily => after(start, units)?,
            Frequency::Weekly => after(week_begin(start, self.week_start)?, units.checked_mul(7)?)?,
            Frequency::Monthly => {
                let months = months(start).checked_add(units)?;
                let year = i32::try_from(months.div_euclid(12)).ok()?;
                let month = u32::try_from(months.rem_euclid(12)).ok()? + 1;
                NaiveDate::from_ymd_opt(year, month, 1)?
            }
            Frequency::Yearly => {
                let year = i64::from(start.year()).checked_add(units)?;
                NaiveDate::from_ymd_opt(i32::try_from(year).ok()?, 1, 1)?
            }
        };
        (first.year() <= *YEARS.end()).then_some(first)
    }

    pub(super) fn end(&self, first: NaiveDate) -> Option<NaiveDate> {
        match self.frequency {
            Frequency::Hourly | Frequency::Daily => Some(first),
            Frequency::Weekly => first.checked_add_days(Days::new(6)),
            Frequency::Monthly => first.with_day(days_in_month(first)),
            Frequency::Yearly => NaiveDate::from_ymd_opt(first.year(), 12, 31),
        }
    }

    /// The first period that does not begin before this day; for days and hours.
    pub(super) fn beginning_from(&self, day: NaiveDate) -> Option<i64> {
        let period = self.containing(day, NaiveTime::MIN);
        let begins_before = match self.frequency {
            Frequency::Hourly => self.hour(period)? < day.and_time(NaiveTime::MIN),
            _ => self.begin(period)? < day,
        };
        Some(period + i64::from(begins_before))
    }

    pub(super) fn hour(&self, period: i64) -> Option<NaiveDateTime> {
        let hours = TimeDelta::try_hours(period.checked_mul(self.interval)?)?;
        self.start
            .checked_add_signed(hours)
            .filter(|time| time.year() <= *YEARS.end())
    }
}

fn months(date: NaiveDate) -> i64 {
    i64::from(date.year()) * 12 + i64::from(date.month0())
}
