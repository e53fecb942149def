//! The times at which a rule fires: a walk over its periods (hours, days, weeks, months or years),
//! each expanded from its own beginning, as RFC 5545 3.3.10 has it.
//!
//! It is our own and not the `rrule` crate's. That one expands the first period from the start of the
//! series, so that BYSETPOS counts wrong; it gives BYWEEKNO seven days; it walks from the start
//! through everything that is past, and the text is read anew for each question. Here the period
//! at hand is computed, so the next time after twenty years costs what the first does; every step is
//! bounded by the calendar's last year, and a rule that cannot match is known early. The components
//! that know rules are a megabyte smaller without the crate's regular expressions. The rules of tasks
//! need a part of RFC 5545 only, and a comparison with python-dateutil covers it.

use super::days::DayFilter;
use super::period::Periods;
use super::{Frequency, Rule};
use crate::time::YEARS;
use chrono::{Datelike, NaiveDate, NaiveDateTime, Timelike};

/// Each of the fourteen kinds of years comes in any so many: the calendar repeats in 28, and 2100 and
/// its like shift it once.
const YEARS_OF_EVERY_KIND: i32 = 41;

/// After so many periods without a time it is asked whether any day at all is one of the rule.
const BARREN_PERIODS: u32 = 400;

/// The times of a rule, each later than the one before. It ends at the end of [`YEARS`].
#[derive(Debug, Clone)]
pub(crate) struct Times {
    frequency: Frequency,
    periods: Periods,
    from: NaiveDateTime,
    filter: DayFilter,
    /// The next period to be expanded; the one that has the start is 0. None at the end.
    period: Option<i64>,
    /// How many periods had no time since the last that had one, and the year of that one.
    barren: u32,
    fertile_year: i32,
    /// The days of the period at hand, and which of their times are taken.
    days: Vec<NaiveDate>,
    slots: Slots,
}

/// Numbers of times in a period: time n is at hour `n % hours` of day `n / hours`.
#[derive(Debug, Clone)]
enum Slots {
    All(std::ops::Range<usize>),
    Chosen(std::vec::IntoIter<usize>),
}

impl Iterator for Slots {
    type Item = usize;

    fn next(&mut self) -> Option<usize> {
        match self {
            Self::All(range) => range.next(),
            Self::Chosen(chosen) => chosen.next(),
        }
    }
}

impl Rule {
    /// The times from `from` on at which the rule that begins at `start` fires. COUNT and UNTIL are
    /// not looked at.
    pub(crate) fn times(&self, start: NaiveDateTime, from: NaiveDateTime) -> Times {
        let filter = self.days(start);
        let mut times = Times {
            frequency: self.frequency,
            periods: self.periods(start),
            from: from.max(start),
            period: None,
            barren: 0,
            fertile_year: start.year(),
            days: Vec::new(),
            slots: Slots::All(0..0),
            filter,
        };
        if times.can_match() {
            let period = times
                .periods
                .containing(times.from.date(), times.from.time());
            times.period = Some(period);
            times.fertile_year = times.from.year();
        }
        times
    }
}

impl Iterator for Times {
    type Item = NaiveDateTime;

    fn next(&mut self) -> Option<NaiveDateTime> {
        loop {
            while let Some(slot) = self.slots.next() {
                match self.time(slot) {
                    Some(time) if time >= self.from => return self.fertile(time),
                    _ => {}
                }
            }
            let period = self.period.filter(|period| !self.is_barren(*period))?;
            if self.frequency == Frequency::Hourly {
                if let Some(time) = self.expand_hour(period) {
                    return self.fertile(time);
                }
            } else {
                self.expand(period);
            }
        }
    }
}

impl Times {
    fn fertile(&mut self, time: NaiveDateTime) -> Option<NaiveDateTime> {
        (self.barren, self.fertile_year) = (0, time.year());
        Some(time)
    }

    /// Whether there is no time any more, from this period on. A rule that leaves out no period has
    /// seen all that the calendar can give after so many years; of another one, no day may be in
    /// the calendar at all.
    fn is_barren(&mut self, period: i64) -> bool {
        self.barren = self.barren.saturating_add(1);
        let year = self
            .periods
            .begin(period)
            .map_or(i32::MAX, |first| first.year());
        self.periods.interval == 1 && year.saturating_sub(self.fertile_year) > YEARS_OF_EVERY_KIND
            || self.barren == BARREN_PERIODS && !self.filter.ever_has_a_day()
    }

    /// False for what a glance tells: a rule that walks to the end of the calendar for nothing.
    fn can_match(&self) -> bool {
        let most = match self.frequency {
            Frequency::Hourly => 1,
            Frequency::Daily => self.filter.hours().len(),
            Frequency::Weekly => 7 * self.filter.hours().len(),
            Frequency::Monthly => 31 * self.filter.hours().len(),
            Frequency::Yearly => 366 * self.filter.hours().len(),
        };
        let positions = self.filter.positions();
        let has_position = positions.is_empty()
            || positions
                .iter()
                .any(|position| usize::from(position.unsigned_abs()) <= most);
        YEARS.contains(&self.from.year())
            && self.periods.start.year() >= *YEARS.start()
            && has_position
            && self.filter.exists()
            && (self.frequency != Frequency::Hourly || self.reaches_an_hour())
            && self.reaches_a_weekday()
    }

    /// Whether steps of so many days ever come to a weekday of the rule.
    fn reaches_a_weekday(&self) -> bool {
        let days = match self.frequency {
            Frequency::Daily => self.periods.interval,
            Frequency::Hourly if self.periods.interval % 24 == 0 => self.periods.interval / 24,
            _ => return true,
        };
        let start = i64::from(self.periods.start.weekday().num_days_from_monday());
        (0..7).any(|step| self.filter.has_every((start + step * days) % 7))
    }

    /// Whether steps of so many hours ever come to one of BYHOUR.
    fn reaches_an_hour(&self) -> bool {
        let hours = self.filter.hours();
        let start = i64::from(self.periods.start.hour());
        let mut reached = (0..24).map(|step| (start + step * self.periods.interval) % 24);
        hours.is_empty() || reached.any(|hour| hours.iter().any(|by| i64::from(*by) == hour))
    }

    /// Takes the days of a period, and sets the next one.
    fn expand(&mut self, period: i64) {
        self.days.clear();
        self.period = None;
        let Some(first) = self.periods.begin(period) else {
            return;
        };
        self.period = self.following(period, first);
        let Some(last) = self.periods.end(first) else {
            return;
        };
        // What is before `from` counts for BYSETPOS only.
        let is_positioned = !self.filter.positions().is_empty();
        let mut day = if is_positioned {
            first
        } else {
            first.max(self.from.date())
        };
        while let Some(taken) = self.filter.skip_months(day).filter(|day| *day <= last) {
            if self.filter.has(taken) {
                self.days.push(taken);
            }
            match taken.succ_opt() {
                Some(next) => day = next,
                None => break,
            }
        }
        let length = self.days.len() * self.filter.hours().len();
        self.slots = if is_positioned {
            Slots::Chosen(self.chosen(length).into_iter())
        } else {
            Slots::All(0..length)
        };
    }

    /// The period to look at after this one. A day in a month that is left out is followed by the
    /// first one in a month that is not.
    fn following(&self, period: i64, first: NaiveDate) -> Option<i64> {
        let next = period.checked_add(1)?;
        if self.frequency != Frequency::Daily {
            return Some(next);
        }
        let day = self.filter.skip_months(first.succ_opt()?)?;
        self.periods
            .beginning_from(day)
            .map(|period| period.max(next))
    }

    /// Which of so many times BYSETPOS takes.
    fn chosen(&self, length: usize) -> Vec<usize> {
        let mut chosen: Vec<usize> = self
            .filter
            .positions()
            .iter()
            .filter_map(|position| {
                let nth = usize::from(position.unsigned_abs());
                let index = if *position > 0 {
                    nth.checked_sub(1)
                } else {
                    length.checked_sub(nth)
                };
                index.filter(|index| *index < length)
            })
            .collect();
        chosen.sort_unstable();
        chosen.dedup();
        chosen
    }

    fn time(&self, slot: usize) -> Option<NaiveDateTime> {
        let hours = self.filter.hours();
        let date = self.days.get(slot.checked_div(hours.len())?)?;
        let hour = u32::try_from(*hours.get(slot.checked_rem(hours.len())?)?).ok()?;
        date.and_hms_opt(
            hour,
            self.periods.start.minute(),
            self.periods.start.second(),
        )
    }

    /// The time of an hourly rule in this period, if it has one; sets the next period.
    fn expand_hour(&mut self, period: i64) -> Option<NaiveDateTime> {
        self.period = None;
        let time = self.periods.hour(period)?;
        let date = time.date();
        if !self.filter.has(date) {
            let day = self.filter.skip_months(date.succ_opt()?)?;
            self.period = self.periods.beginning_from(day);
            return None;
        }
        self.period = Some(period + 1);
        let hours = self.filter.hours();
        let has_hour = hours.is_empty()
            || hours
                .iter()
                .any(|hour| u32::try_from(*hour) == Ok(time.hour()));
        let positions = self.filter.positions();
        let has_position = positions.is_empty() || positions.iter().any(|nth| nth.abs() == 1);
        (has_hour && has_position && time >= self.from).then_some(time)
    }
}
