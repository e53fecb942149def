//! Whether a rule takes a day: every BYxxx part that names days, months or weeks must have it.

use super::by::{By, ByDay};
use super::{Frequency, Rule};
use chrono::{Datelike, Days, NaiveDate, NaiveDateTime, Timelike, Weekday};

/// The parts of a rule that begins at a known time, with what it leaves open taken from that time.
#[derive(Debug, Clone)]
pub(super) struct DayFilter {
    /// Bit 1 for January; all where months are not named.
    months: u16,
    /// Bit 0 for Monday: weekdays of which every one is taken.
    weekdays: u8,
    /// Bit 1 for the 1st; `from_end` has bit 1 for the last day.
    month_days: u32,
    from_end: u32,
    by: By,
    counts_in_month: bool,
    week_start: Weekday,
}

impl Rule {
    /// RFC 5545 3.3.10: what the rule does not say is taken from its start. The text names another
    /// weekday for BYWEEKNO than the days of that week, so that a week gives one day, not seven.
    pub(super) fn by_from(&self, start: NaiveDateTime) -> By {
        let mut by = self.by.clone();
        let number = |number: u32| i16::try_from(number).unwrap_or(1);
        let is_open = by.days.is_empty() && by.month_days.is_empty() && by.year_days.is_empty();
        match self.frequency {
            Frequency::Yearly if is_open && !by.weeks.is_empty() => {
                by.days = vec![ByDay::every(start.weekday())];
            }
            Frequency::Yearly if is_open => {
                if by.months.is_empty() {
                    by.months = vec![number(start.month())];
                }
                by.month_days = vec![number(start.day())];
            }
            Frequency::Monthly if is_open => by.month_days = vec![number(start.day())],
            Frequency::Weekly if is_open => by.days = vec![ByDay::every(start.weekday())],
            _ => {}
        }
        if by.hours.is_empty() && self.frequency != Frequency::Hourly {
            by.hours = vec![number(start.hour())];
        }
        by
    }

    /// The day that a week begins on.
    pub(super) fn week_start(&self) -> Weekday {
        self.week_start.unwrap_or(Weekday::Mon)
    }

    pub(super) fn days(&self, start: NaiveDateTime) -> DayFilter {
        let by = self.by_from(start);
        let bits = |numbers: &mut dyn Iterator<Item = i16>| {
            numbers.fold(0u32, |bits, number| {
                bits | 1u32
                    .checked_shl(u32::from(number.unsigned_abs()))
                    .unwrap_or(0)
            })
        };
        let months = u16::try_from(bits(&mut by.months.iter().copied())).unwrap_or(0);
        let every = by.days.iter().filter(|day| day.nth == 0);
        DayFilter {
            months: if months == 0 { u16::MAX } else { months },
            weekdays: every.fold(0, |bits, day| {
                bits | 1 << day.weekday.num_days_from_monday()
            }),
            month_days: bits(&mut by.month_days.iter().copied().filter(|day| *day > 0)),
            from_end: bits(&mut by.month_days.iter().copied().filter(|day| *day < 0)),
            counts_in_month: self.frequency == Frequency::Monthly || !by.months.is_empty(),
            week_start: self.week_start(),
            by,
        }
    }
}

impl DayFilter {
    pub(super) fn hours(&self) -> &[i16] {
        &self.by.hours
    }

    pub(super) fn positions(&self) -> &[i16] {
        &self.by.positions
    }

    pub(super) fn has(&self, date: NaiveDate) -> bool {
        self.has_month(date)
            && self.has_month_day(date)
            && self.has_weekday(date)
            && self.has_year_day(date)
            && self.has_week(date)
    }

    fn has_month(&self, date: NaiveDate) -> bool {
        self.months & (1 << date.month()) != 0
    }

    /// The first day from `date` on in a month that the rule takes: that of the next such month,
    /// where `date` is not in one.
    pub(super) fn skip_months(&self, date: NaiveDate) -> Option<NaiveDate> {
        let mut first = date;
        for _ in 0..12 {
            if self.has_month(first) {
                return Some(first);
            }
            first = next_month(first)?;
        }
        None
    }

    /// Whether some month that the rule takes has one of its days of the month.
    pub(super) fn exists(&self) -> bool {
        let last_days = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
        let days = self.month_days | self.from_end;
        days == 0
            || (1u32..).zip(last_days).any(|(month, last)| {
                self.months & (1 << month) != 0 && days & ((1u32 << last) | ((1 << last) - 1)) != 0
            })
    }

    /// Whether some year has a day that the rule takes: 28 years are of every kind.
    pub(super) fn ever_has_a_day(&self) -> bool {
        let first = NaiveDate::from_ymd_opt(2000, 1, 1);
        let mut days = std::iter::successors(first, |day| self.skip_months(day.succ_opt()?))
            .take_while(|day| day.year() < 2028);
        days.any(|day| self.has(day))
    }

    fn has_month_day(&self, date: NaiveDate) -> bool {
        if self.month_days | self.from_end == 0 {
            return true;
        }
        self.month_days & (1 << date.day()) != 0
            || (self.from_end != 0
                && self.from_end & (1 << (days_in_month(date) - date.day() + 1)) != 0)
    }

    /// Whether every day of this weekday, 0 for Monday, is one by BYDAY.
    pub(super) fn has_every(&self, weekday: i64) -> bool {
        self.by.days.is_empty() || self.weekdays & (1 << weekday) != 0
    }

    fn has_weekday(&self, date: NaiveDate) -> bool {
        if self.by.days.is_empty() {
            return true;
        }
        if self.weekdays & (1 << date.weekday().num_days_from_monday()) != 0 {
            return true;
        }
        let (day, length) = if self.counts_in_month {
            (date.day(), days_in_month(date))
        } else {
            (date.ordinal(), days_in_year(date))
        };
        let from_start = i16::try_from((day - 1) / 7 + 1).unwrap_or(0);
        let from_end = -i16::try_from((length - day) / 7 + 1).unwrap_or(0);
        self.by.days.iter().any(|by| {
            by.weekday == date.weekday()
                && by.nth != 0
                && (by.nth == from_start || by.nth == from_end)
        })
    }

    fn has_year_day(&self, date: NaiveDate) -> bool {
        has_place(&self.by.year_days, date.ordinal(), days_in_year(date))
    }

    fn has_week(&self, date: NaiveDate) -> bool {
        if self.by.weeks.is_empty() {
            return true;
        }
        // A week belongs to the year that has most of its days: that of its fourth one.
        let Some(fourth) = week_begin(date, self.week_start)
            .and_then(|first| first.checked_add_days(Days::new(3)))
        else {
            return false;
        };
        let week = fourth.ordinal0() / 7 + 1;
        let weeks = (days_in_year(fourth) - fourth.ordinal()) / 7 + week;
        has_place(&self.by.weeks, week, weeks)
    }
}

/// Whether the nth of so many is among the places, which may be counted from the end.
fn has_place(places: &[i16], nth: u32, of: u32) -> bool {
    let (Ok(nth), Ok(of)) = (i16::try_from(nth), i16::try_from(of)) else {
        return false;
    };
    places.is_empty() || places.contains(&nth) || places.contains(&(nth - of - 1))
}

pub(super) fn week_begin(date: NaiveDate, week_start: Weekday) -> Option<NaiveDate> {
    date.checked_sub_days(Days::new(date.weekday().days_since(week_start).into()))
}

fn next_month(date: NaiveDate) -> Option<NaiveDate> {
    match date.month() {
        12 => NaiveDate::from_ymd_opt(date.year() + 1, 1, 1),
        month => NaiveDate::from_ymd_opt(date.year(), month + 1, 1),
    }
}

pub(super) fn days_in_month(date: NaiveDate) -> u32 {
    match date.month() {
        2 if date.leap_year() => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

fn days_in_year(date: NaiveDate) -> u32 {
    if date.leap_year() { 366 } else { 365 }
}
