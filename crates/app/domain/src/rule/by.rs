//! The BYxxx parts of a rule, read and sorted, so that equal rules are equal values and equal texts.

use super::Frequency;
use chrono::Weekday;
use std::fmt;

pub(super) const WEEKDAYS: [(&str, Weekday); 7] = [
    ("MO", Weekday::Mon),
    ("TU", Weekday::Tue),
    ("WE", Weekday::Wed),
    ("TH", Weekday::Thu),
    ("FR", Weekday::Fri),
    ("SA", Weekday::Sat),
    ("SU", Weekday::Sun),
];

/// The two letters of a weekday.
pub(super) fn letters(weekday: Weekday) -> &'static str {
    WEEKDAYS
        .into_iter()
        .find(|(_, known)| *known == weekday)
        .map_or("MO", |(letters, _)| letters)
}

/// The name of a part that says which days or hours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    Month,
    WeekNo,
    YearDay,
    MonthDay,
    Day,
    Hour,
    SetPos,
}

impl Part {
    pub(super) const ALL: [Self; 7] = [
        Self::Month,
        Self::WeekNo,
        Self::YearDay,
        Self::MonthDay,
        Self::Day,
        Self::Hour,
        Self::SetPos,
    ];

    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Month => "BYMONTH",
            Self::WeekNo => "BYWEEKNO",
            Self::YearDay => "BYYEARDAY",
            Self::MonthDay => "BYMONTHDAY",
            Self::Day => "BYDAY",
            Self::Hour => "BYHOUR",
            Self::SetPos => "BYSETPOS",
        }
    }

    /// The smallest and the largest value; a negative one counts from the end.
    pub(super) const fn range(self) -> (i16, i16) {
        match self {
            Self::Month => (1, 12),
            Self::WeekNo | Self::Day => (-53, 53),
            Self::YearDay | Self::SetPos => (-366, 366),
            Self::MonthDay => (-31, 31),
            Self::Hour => (0, 23),
        }
    }

    /// With which frequencies RFC 5545 lets it stand.
    pub(super) fn fits(self, frequency: Frequency) -> bool {
        match self {
            Self::WeekNo => frequency == Frequency::Yearly,
            Self::YearDay => matches!(frequency, Frequency::Yearly | Frequency::Hourly),
            Self::MonthDay => frequency != Frequency::Weekly,
            _ => true,
        }
    }
}

/// A weekday: every one, or the nth of a month or year.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ByDay {
    /// 0 for every one; a negative one counts from the end.
    pub(super) nth: i16,
    pub(super) weekday: Weekday,
}

impl ByDay {
    pub(super) const fn every(weekday: Weekday) -> Self {
        Self { nth: 0, weekday }
    }
}

impl fmt::Display for ByDay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.nth != 0 {
            write!(f, "{}", self.nth)?;
        }
        f.write_str(letters(self.weekday))
    }
}

/// All parts: a list is empty where the part is not given. Sorted, those from the end last; none twice.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct By {
    pub(super) months: Vec<i16>,
    pub(super) weeks: Vec<i16>,
    pub(super) year_days: Vec<i16>,
    pub(super) month_days: Vec<i16>,
    pub(super) days: Vec<ByDay>,
    pub(super) hours: Vec<i16>,
    pub(super) positions: Vec<i16>,
}

impl By {
    pub(super) fn sort(&mut self) {
        for part in Part::ALL {
            if let Some(numbers) = self.numbers_mut(part) {
                numbers.sort_unstable_by_key(|number| (*number < 0, *number));
                numbers.dedup();
            }
        }
        self.days
            .sort_unstable_by_key(|day| (day.nth < 0, day.nth, day.weekday.num_days_from_monday()));
        self.days.dedup();
    }

    /// The numbers of a part; BYDAY has none.
    pub(super) fn numbers_mut(&mut self, part: Part) -> Option<&mut Vec<i16>> {
        match part {
            Part::Month => Some(&mut self.months),
            Part::WeekNo => Some(&mut self.weeks),
            Part::YearDay => Some(&mut self.year_days),
            Part::MonthDay => Some(&mut self.month_days),
            Part::Hour => Some(&mut self.hours),
            Part::SetPos => Some(&mut self.positions),
            Part::Day => None,
        }
    }

    /// Whether a part says on which days, or in which months or weeks.
    pub(super) fn names_days(&self) -> bool {
        !(self.months.is_empty()
            && self.weeks.is_empty()
            && self.year_days.is_empty()
            && self.month_days.is_empty()
            && self.days.is_empty())
    }

    /// Whether weekdays are counted, as in 2MO.
    pub(super) fn counts_weekdays(&self) -> bool {
        self.days.iter().any(|day| day.nth != 0)
    }

    fn values(&self, part: Part) -> String {
        fn joined<T: fmt::Display>(values: &[T]) -> String {
            let values: Vec<String> = values.iter().map(ToString::to_string).collect();
            values.join(",")
        }
        match part {
            Part::Month => joined(&self.months),
            Part::WeekNo => joined(&self.weeks),
            Part::YearDay => joined(&self.year_days),
            Part::MonthDay => joined(&self.month_days),
            Part::Day => joined(&self.days),
            Part::Hour => joined(&self.hours),
            Part::SetPos => joined(&self.positions),
        }
    }
}

impl fmt::Display for By {
    /// Each part after a semicolon.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for part in Part::ALL {
            let values = self.values(part);
            if !values.is_empty() {
                write!(f, ";{}={values}", part.as_str())?;
            }
        }
        Ok(())
    }
}
