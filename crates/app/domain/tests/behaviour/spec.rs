//! Rules made at random, with what they say at hand, and a slow reading of RFC 5545 to check them by.

use chrono::{Datelike, Days, NaiveDate, NaiveDateTime, Timelike};
use domain::{Rule, Slot};
use proptest::prelude::*;
use proptest::sample::{select, subsequence};

pub const WEEKDAYS: [&str; 7] = ["MO", "TU", "WE", "TH", "FR", "SA", "SU"];

/// A rule, part by part; an empty list is a part that is not given.
#[derive(Debug, Clone)]
pub struct Spec {
    pub frequency: &'static str,
    pub interval: i64,
    pub months: Vec<i64>,
    pub weeks: Vec<i64>,
    pub year_days: Vec<i64>,
    pub month_days: Vec<i64>,
    /// Which of them, 0 for every one, and the weekday from Monday.
    pub days: Vec<(i64, usize)>,
    pub hours: Vec<i64>,
    pub positions: Vec<i64>,
    pub week_start: Option<usize>,
}

impl Spec {
    pub fn text(&self) -> String {
        let mut text = format!("FREQ={};INTERVAL={}", self.frequency, self.interval);
        let days: Vec<String> = self
            .days
            .iter()
            .map(|(nth, day)| match nth {
                0 => WEEKDAYS[*day].to_owned(),
                nth => format!("{nth}{}", WEEKDAYS[*day]),
            })
            .collect();
        let joined = |numbers: &[i64]| {
            numbers
                .iter()
                .map(i64::to_string)
                .collect::<Vec<_>>()
                .join(",")
        };
        for (name, values) in [
            ("BYMONTH", joined(&self.months)),
            ("BYWEEKNO", joined(&self.weeks)),
            ("BYYEARDAY", joined(&self.year_days)),
            ("BYMONTHDAY", joined(&self.month_days)),
            ("BYDAY", days.join(",")),
            ("BYHOUR", joined(&self.hours)),
            ("BYSETPOS", joined(&self.positions)),
        ] {
            if !values.is_empty() {
                text.push_str(&format!(";{name}={values}"));
            }
        }
        if let Some(day) = self.week_start {
            text.push_str(&format!(";WKST={}", WEEKDAYS[day]));
        }
        text
    }

    pub fn rule(&self) -> Rule {
        Rule::parse(&self.text()).unwrap_or_else(|error| panic!("{}: {error}", self.text()))
    }

    pub fn fires_several_times_a_day(&self) -> bool {
        self.frequency == "HOURLY" || self.hours.len() > 1
    }

    /// The same rule with what it takes from its start written out.
    pub fn explicit(&self, start: NaiveDateTime) -> Self {
        let mut spec = self.clone();
        let weekday = start.weekday().num_days_from_monday() as usize;
        let is_open =
            spec.days.is_empty() && spec.month_days.is_empty() && spec.year_days.is_empty();
        match spec.frequency {
            "YEARLY" if is_open && !spec.weeks.is_empty() => spec.days = vec![(0, weekday)],
            "YEARLY" if is_open => {
                if spec.months.is_empty() {
                    spec.months = vec![start.month().into()];
                }
                spec.month_days = vec![start.day().into()];
            }
            "MONTHLY" if is_open => spec.month_days = vec![start.day().into()],
            "WEEKLY" if is_open => spec.days = vec![(0, weekday)],
            _ => {}
        }
        if spec.hours.is_empty() && spec.frequency != "HOURLY" {
            spec.hours = vec![start.hour().into()];
        }
        spec
    }

    pub fn week_begin(&self, date: NaiveDate) -> NaiveDate {
        let start = self.week_start.unwrap_or(0) as u32;
        let days = (date.weekday().num_days_from_monday() + 7 - start) % 7;
        date - Days::new(days.into())
    }

    /// The number of the period that a day is in, counted from some fixed one.
    fn period(&self, date: NaiveDate) -> i64 {
        let year = i64::from(date.year());
        match self.frequency {
            "YEARLY" => year,
            "MONTHLY" => year * 12 + i64::from(date.month0()),
            "WEEKLY" => i64::from(self.week_begin(date).num_days_from_ce()).div_euclid(7),
            _ => i64::from(date.num_days_from_ce()),
        }
    }

    fn takes_day(&self, date: NaiveDate) -> bool {
        let has = |values: &[i64], nth: i64, of: i64| {
            values.is_empty() || values.contains(&nth) || values.contains(&(nth - of - 1))
        };
        let year_length = if date.leap_year() { 366 } else { 365 };
        let month_length = i64::from(
            (date + Days::new(31))
                .with_day(1)
                .unwrap()
                .pred_opt()
                .filter(|last| last.month() == date.month())
                .unwrap_or_else(|| date + Days::new(u64::from(31 - date.day())))
                .day(),
        );
        let weekday = date.weekday().num_days_from_monday() as usize;
        let in_month = self.frequency == "MONTHLY" || !self.months.is_empty();
        let (day, length) = if in_month {
            (i64::from(date.day()), month_length)
        } else {
            (i64::from(date.ordinal()), year_length)
        };
        let takes_weekday = |(nth, by): &(i64, usize)| {
            *by == weekday
                && (*nth == 0 || *nth == (day + 6) / 7 || *nth == -((length - day) / 7 + 1))
        };
        (self.months.is_empty() || self.months.contains(&i64::from(date.month())))
            && has(&self.month_days, i64::from(date.day()), month_length)
            && has(&self.year_days, i64::from(date.ordinal()), year_length)
            && (self.days.is_empty() || self.days.iter().any(takes_weekday))
            && (self.weeks.is_empty() || {
                let (week, weeks) = self.week(date);
                has(&self.weeks, week, weeks)
            })
    }

    /// The number of a day's week, and how many its year has.
    fn week(&self, date: NaiveDate) -> (i64, i64) {
        let first_of = |year: i32| {
            let january = NaiveDate::from_ymd_opt(year, 1, 4).unwrap();
            self.week_begin(january)
        };
        let begin = self.week_begin(date);
        let year = (date.year() - 1..=date.year() + 1)
            .rev()
            .find(|year| first_of(*year) <= begin)
            .unwrap();
        let weeks = (first_of(year + 1) - first_of(year)).num_days() / 7;
        ((begin - first_of(year)).num_days() / 7 + 1, weeks)
    }

    /// Day by day, the times from `start` on and before `end`.
    pub fn slow_times(&self, start: NaiveDateTime, end: NaiveDate) -> Vec<NaiveDateTime> {
        let spec = self.explicit(start);
        let minute =
            |date: NaiveDate, hour: i64| date.and_hms_opt(hour as u32, start.minute(), 0).unwrap();
        let mut found = Vec::new();
        let mut period: Vec<NaiveDateTime> = Vec::new();
        let mut day = start.date() - Days::new(366);
        while day < end + Days::new(366) {
            if self.frequency == "HOURLY" {
                for hour in 0..24 {
                    let time = minute(day, hour);
                    let is_step = (time - start).num_hours() % spec.interval == 0;
                    let has_hour = spec.hours.is_empty() || spec.hours.contains(&hour);
                    let has_position =
                        spec.positions.is_empty() || spec.positions.iter().any(|n| n.abs() == 1);
                    if is_step && has_hour && has_position && spec.takes_day(day) {
                        found.push(time);
                    }
                }
            } else {
                let steps = spec.period(day) - spec.period(start.date());
                if steps % spec.interval == 0 && spec.takes_day(day) {
                    period.extend(spec.hours.iter().map(|hour| minute(day, *hour)));
                }
                if spec.period(day + Days::new(1)) != spec.period(day) {
                    found.extend(spec.chosen(&period));
                    period.clear();
                }
            }
            day = day + Days::new(1);
        }
        found.retain(|time| *time >= start && time.date() < end);
        found
    }

    fn chosen(&self, period: &[NaiveDateTime]) -> Vec<NaiveDateTime> {
        let last = period.len() as i64;
        period
            .iter()
            .zip(1..)
            .filter(|(_, nth)| {
                self.positions.is_empty()
                    || self.positions.contains(nth)
                    || self.positions.contains(&(nth - last - 1))
            })
            .map(|(time, _)| *time)
            .collect()
    }
}

/// Sometimes nothing, else some of the values.
fn some(values: Vec<i64>, most: usize) -> impl Strategy<Value = Vec<i64>> {
    prop_oneof![
        3 => Just(Vec::new()),
        2 => subsequence(values, 1..=most),
    ]
}

fn both_ways(to: i64) -> Vec<i64> {
    (1..=to).chain(-to..=-1).collect()
}

/// Any rule that can be written.
pub fn spec() -> impl Strategy<Value = Spec> {
    let days = prop_oneof![
        2 => Just(Vec::new()),
        3 => subsequence((0..7).collect::<Vec<usize>>(), 1..=5)
            .prop_map(|days| days.into_iter().map(|day| (0, day)).collect()),
        1 => prop::collection::vec((select(both_ways(5)), 0..7usize), 1..3),
    ];
    let shape = (
        select(vec!["HOURLY", "DAILY", "WEEKLY", "MONTHLY", "YEARLY"]),
        prop_oneof![3 => Just(1), 2 => 2..=7i64, 1 => 8..=60i64],
        prop::option::weighted(0.2, 0..7usize),
    );
    let parts = (
        some((1..=12).collect(), 4),
        some(both_ways(51), 3),
        some(both_ways(366), 5),
        some(both_ways(31), 4),
        days,
        some((0..24).collect(), 3),
        some(both_ways(6), 2),
    );
    (shape, parts).prop_map(|(shape, parts)| {
        let (frequency, interval, week_start) = shape;
        let (months, weeks, year_days, month_days, days, hours, positions) = parts;
        let is_counted = matches!(frequency, "MONTHLY" | "YEARLY");
        let only = |values: Vec<i64>, fits: bool| if fits { values } else { Vec::new() };
        let weeks = only(weeks, frequency == "YEARLY");
        let mut days: Vec<(i64, usize)> = days;
        if !is_counted || !weeks.is_empty() {
            days.iter_mut().for_each(|(nth, _)| *nth = 0);
        }
        days.sort_unstable();
        days.dedup();
        let mut spec = Spec {
            frequency,
            interval,
            months,
            weeks,
            year_days: only(year_days, frequency == "YEARLY"),
            month_days: only(month_days, frequency != "WEEKLY"),
            days,
            hours,
            positions,
            week_start,
        };
        let is_bare = [
            &spec.months,
            &spec.weeks,
            &spec.year_days,
            &spec.month_days,
            &spec.hours,
        ]
        .into_iter()
        .all(Vec::is_empty)
            && spec.days.is_empty();
        if is_bare {
            spec.positions.clear();
        }
        spec
    })
}

/// Some time from 1990 to 2040, on a full minute.
pub fn start() -> impl Strategy<Value = NaiveDateTime> {
    (0..18_000u64, 0..24u32, 0..60u32).prop_map(|(days, hour, minute)| {
        let first = NaiveDate::from_ymd_opt(1990, 1, 1).unwrap();
        (first + Days::new(days))
            .and_hms_opt(hour, minute, 0)
            .unwrap()
    })
}

pub fn slot(time: NaiveDateTime) -> Slot {
    Slot {
        date: time.date(),
        time: Some(time.time()),
    }
}

pub fn zones() -> impl Strategy<Value = chrono_tz::Tz> {
    select(chrono_tz::TZ_VARIANTS.to_vec())
}
