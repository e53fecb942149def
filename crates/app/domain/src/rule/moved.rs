//! The rule of a series that is moved: the part that names the old day names the new one.

use super::by::{By, ByDay};
use super::days::days_in_month;
use super::{Frequency, Rule};
use crate::Slot;
use chrono::{Datelike, NaiveDate, Timelike};

impl Rule {
    /// The rule when the occurrence at `from` moves to `to` and all that follow move with it. None
    /// when the rule names its days in a way that no one part of it can follow.
    ///
    /// A plain rhythm takes its day from where it begins. A rule that has the new time already only
    /// begins there.
    pub(crate) fn moved(&self, from: Slot, to: Slot) -> Option<Self> {
        let mut rule = self.clone();
        if let (Some(old), Some(new)) = (from.time, to.time)
            && old.hour() != new.hour()
        {
            replace(&mut rule.by.hours, number(old.hour()), number(new.hour()));
        }
        if rule.is_plain() {
            rule = rule.anchored_on(to.date);
        } else if !rule.fires_at(to) {
            rule.by = rule.by_on(from.date, to.date)?;
        }
        rule.by.sort();
        rule.fires_at(to).then_some(rule)
    }

    fn fires_at(&self, slot: Slot) -> bool {
        let time = slot.local();
        self.times(time, time).next() == Some(time)
    }

    fn by_on(&self, from: NaiveDate, to: NaiveDate) -> Option<By> {
        let mut by = self.by.clone();
        if !by.positions.is_empty() || !by.weeks.is_empty() || !by.year_days.is_empty() {
            return None;
        }
        if self.frequency == Frequency::Yearly {
            replace(&mut by.months, number(from.month()), number(to.month()));
        }
        match (by.month_days.is_empty(), by.days.is_empty()) {
            (false, true) => {
                let length = number(days_in_month(from));
                let day = number(from.day());
                let from_end = day - length - 1;
                let named = by
                    .month_days
                    .iter_mut()
                    .find(|named| **named == day || **named == from_end)?;
                *named = number(to.day());
            }
            (true, false) => {
                let named = by
                    .days
                    .iter_mut()
                    .find(|named| named.weekday == from.weekday())?;
                *named = ByDay {
                    nth: nth(named.nth, to),
                    weekday: to.weekday(),
                };
            }
            _ => return None,
        }
        Some(by)
    }
}

/// Which of its weekday a date is in its month, counted from the side that `like` is counted from.
fn nth(like: i16, date: NaiveDate) -> i16 {
    match like {
        0 => 0,
        like if like < 0 && date.day() + 7 > days_in_month(date) => -1,
        _ => number((date.day() - 1) / 7 + 1),
    }
}

fn replace(values: &mut [i16], old: i16, new: i16) {
    if let Some(value) = values.iter_mut().find(|value| **value == old) {
        *value = new;
    }
}

fn number(number: u32) -> i16 {
    i16::try_from(number).unwrap_or(0)
}
