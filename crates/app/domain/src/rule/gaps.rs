//! What a rule leaves out: dates that the calendar does not have each time.

use super::by::{By, ByDay, WEEKDAYS};
use super::text::place;
use super::words::{list, ordinal, weekday};
use super::{Frequency, Rule};
use chrono::NaiveDateTime;

impl Rule {
    /// Which of its dates the calendar does not have each time, or "nothing".
    pub(crate) fn leaves_out(&self, due: NaiveDateTime) -> String {
        let by = self.by_from(due);
        let unit = self.frequency.unit();
        if self.shortens() {
            return "nothing".to_owned();
        }
        if !by.positions.is_empty() {
            return match self.misses_a_period(due) {
                true => format!("each {unit} that has fewer"),
                false => "nothing".to_owned(),
            };
        }
        let has_month = |length: i16| {
            (1..=12).any(|month| {
                (by.months.is_empty() || by.months.contains(&month))
                    && days_at_least(month) < length
            })
        };
        let missing: Vec<String> = by
            .month_days
            .iter()
            .filter(|day| has_month(day.abs()))
            .map(|day| place(*day))
            .collect();
        let is_wide = matches!(self.frequency, Frequency::Monthly | Frequency::Yearly);
        if is_wide && by.days.is_empty() && !missing.is_empty() {
            let period = match by.months.as_slice() {
                [_] => "years",
                _ => "months",
            };
            return format!("the {} in {period} without one", list(&missing, "and"));
        }
        let rare = if by.counts_weekdays() && self.counts_in_month(&by) {
            5
        } else {
            53
        };
        if let Some(day) = by.days.iter().find(|day| day.nth.abs() >= rare) {
            let (nth, weekday) = (ordinal(day.nth.abs()), weekday(day.weekday));
            let period = if rare == 5 { "months" } else { "years" };
            return format!("{period} without a {nth} {weekday}");
        }
        if by.weeks.iter().any(|week| week.abs() == 53) {
            return "years without a week 53".to_owned();
        }
        if by.year_days.iter().any(|day| day.abs() == 366) {
            return "years without a day 366".to_owned();
        }
        if is_wide && self.misses_a_period(due) {
            return format!("each {unit} without such a day");
        }
        "nothing".to_owned()
    }

    fn counts_in_month(&self, by: &By) -> bool {
        self.frequency == Frequency::Monthly || !by.months.is_empty()
    }

    /// Whether one of the periods ahead has no time, though it is in a month of the rule.
    fn misses_a_period(&self, due: NaiveDateTime) -> bool {
        const AHEAD: i64 = 60;
        let any_day = Self {
            by: By {
                months: self.by.months.clone(),
                days: WEEKDAYS.map(|(_, day)| ByDay::every(day)).to_vec(),
                ..By::default()
            },
            ..self.clone()
        };
        if self.times(due, due).next().is_none() {
            return true;
        }
        let begins = (1..=AHEAD).map_while(|period| self.period_after(due, period));
        let begins: Vec<NaiveDateTime> = begins.collect();
        begins.windows(2).any(|bounds| {
            let [begin, end] = bounds else { return false };
            let has_time = |rule: &Self| {
                let first = rule.times(due, *begin).next();
                first.is_some_and(|time| time < *end)
            };
            has_time(&any_day) && !has_time(self)
        })
    }
}

/// The days that a month has in every year.
const fn days_at_least(month: i16) -> i16 {
    match month {
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}
