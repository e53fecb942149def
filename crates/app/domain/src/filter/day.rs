//! A day as people name it.

use crate::time::parse_date;
use chrono::{Datelike, Days, NaiveDate, TimeDelta, Weekday};

/// The most days or weeks that an offset may have digits for: nobody means more than these.
const MAX_OFFSET_DAYS: i32 = 36_500;

/// A day, seen from today.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Day {
    /// In the calendar.
    Date(NaiveDate),
    /// So many days from today, back when negative; `today` is 0. At most 36 500.
    Offset(i32),
    /// The first such day from today on.
    Weekday(Weekday),
}

impl Day {
    /// Read a DATE of the filter language; `None` when it is none.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let word = text.to_ascii_lowercase();
        match word.as_str() {
            "today" => return Some(Self::Offset(0)),
            "tomorrow" => return Some(Self::Offset(1)),
            "yesterday" => return Some(Self::Offset(-1)),
            _ => {}
        }
        // Chrono reads `mon` and `monday`, and no abbreviation in between.
        if let Ok(weekday) = word.parse::<Weekday>() {
            return Some(Self::Weekday(weekday));
        }
        if let Some(offset) = offset(&word) {
            return Some(Self::Offset(offset));
        }
        parse_date(&word).ok().map(Self::Date)
    }

    /// The day in the calendar.
    pub(super) fn resolve(self, today: NaiveDate) -> NaiveDate {
        match self {
            Self::Date(date) => date,
            Self::Offset(days) => today + TimeDelta::days(days.into()),
            Self::Weekday(weekday) => {
                let ahead = weekday.days_since(today.weekday());
                today + Days::new(ahead.into())
            }
        }
    }
}

/// `+7d` or `-2w`, in days.
fn offset(word: &str) -> Option<i32> {
    let (sign, rest) = match word.strip_prefix('+') {
        Some(rest) => (1, rest),
        // Phones make a minus sign of the hyphen.
        None => (
            -1,
            word.strip_prefix('-').or(word.strip_prefix('\u{2212}'))?,
        ),
    };
    let (digits, days) = match rest.strip_suffix('d') {
        Some(digits) => (digits, 1),
        None => (rest.strip_suffix('w')?, 7),
    };
    let is_number = (1..=5).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit());
    let number: i32 = is_number.then(|| digits.parse().ok())??;
    let offset = number * days;
    (offset <= MAX_OFFSET_DAYS).then_some(sign * offset)
}

impl std::fmt::Display for Day {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Date(date) => write!(f, "{}", date.format("%Y-%m-%d")),
            Self::Offset(0) => f.write_str("today"),
            Self::Offset(1) => f.write_str("tomorrow"),
            Self::Offset(-1) => f.write_str("yesterday"),
            Self::Offset(days) => write!(f, "{days:+}d"),
            Self::Weekday(weekday) => f.write_str(match weekday {
                Weekday::Mon => "monday",
                Weekday::Tue => "tuesday",
                Weekday::Wed => "wednesday",
                Weekday::Thu => "thursday",
                Weekday::Fri => "friday",
                Weekday::Sat => "saturday",
                Weekday::Sun => "sunday",
            }),
        }
    }
}
