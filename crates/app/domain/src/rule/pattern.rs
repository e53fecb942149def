//! A repetition in a word, and the rules that have one.

use super::by::By;
use super::{Frequency, Rule};
use chrono::{Datelike, NaiveDate};

/// A repetition in a word, where one word says all of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pattern {
    /// Not at all.
    None,
    /// Every so many days.
    Daily,
    /// Every so many weeks, on the weekday of the due date.
    Weekly,
    /// Every so many months, on the day of the due date; in a shorter month on its last day.
    Monthly,
    /// Every so many years, on the day of the due date; 28 February where there is no 29th.
    Yearly,
    /// Anything else: read the rule.
    Custom,
}

impl Pattern {
    const ALL: [Self; 6] = [
        Self::None,
        Self::Daily,
        Self::Weekly,
        Self::Monthly,
        Self::Yearly,
        Self::Custom,
    ];

    /// The word on the wire and in the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Daily => "daily",
            Self::Weekly => "weekly",
            Self::Monthly => "monthly",
            Self::Yearly => "yearly",
            Self::Custom => "custom",
        }
    }
}

impl std::str::FromStr for Pattern {
    type Err = String;

    fn from_str(word: &str) -> Result<Self, String> {
        Self::ALL
            .into_iter()
            .find(|pattern| pattern.as_str() == word)
            .ok_or_else(|| "must be one of none daily weekly monthly yearly custom".into())
    }
}

impl Rule {
    /// The rule of a plain pattern for a task that is due on this `day` of a month. None for a
    /// pattern that is no rule. A yearly one for 29 February is made by [`Rule::plain_on`] only.
    pub fn plain(pattern: Pattern, interval: u16, day: u32) -> Option<Self> {
        let frequency = match pattern {
            Pattern::Daily => Frequency::Daily,
            Pattern::Weekly => Frequency::Weekly,
            Pattern::Monthly => Frequency::Monthly,
            Pattern::Yearly => Frequency::Yearly,
            Pattern::None | Pattern::Custom => return None,
        };
        let mut rule = Self::new(frequency, interval);
        if pattern == Pattern::Monthly {
            rule.by = day_or_last(day);
        }
        Some(rule)
    }

    /// The rule of a plain pattern for a task that is due on this date. A monthly one stays on its
    /// day and takes the last day where a month is shorter; so does a yearly one on 29 February.
    pub fn plain_on(pattern: Pattern, interval: u16, date: NaiveDate) -> Option<Self> {
        let mut rule = Self::plain(pattern, interval, date.day())?;
        if pattern == Pattern::Yearly && is_leap_day(date) {
            rule.by = leap_day_or_last();
        }
        Some(rule)
    }

    /// The word for this rule.
    pub fn pattern(&self) -> Pattern {
        if self.count.is_some() || self.until.is_some() || self.week_start.is_some() {
            return Pattern::Custom;
        }
        self.rhythm()
    }

    /// The word for this rule apart from its end and the start of its weeks.
    pub(super) fn rhythm(&self) -> Pattern {
        match self.frequency {
            Frequency::Daily if self.by == By::default() => Pattern::Daily,
            Frequency::Weekly if self.by == By::default() => Pattern::Weekly,
            Frequency::Monthly if self.by == By::default() || self.shortens() => Pattern::Monthly,
            Frequency::Yearly if self.by == By::default() || self.shortens() => Pattern::Yearly,
            _ => Pattern::Custom,
        }
    }

    /// Whether it takes the last day of a month that is too short for its own.
    pub(super) fn shortens(&self) -> bool {
        match self.frequency {
            Frequency::Monthly => (29..=31).any(|day| self.by == day_or_last(day)),
            Frequency::Yearly => self.by == leap_day_or_last(),
            _ => false,
        }
    }

    /// The same rule for a task that is due on another date: a plain rhythm takes its day from there.
    pub(crate) fn anchored_on(&self, date: NaiveDate) -> Self {
        let by = match self.rhythm() {
            Pattern::Monthly => day_or_last(date.day()),
            Pattern::Yearly if is_leap_day(date) => leap_day_or_last(),
            Pattern::Yearly => By::default(),
            _ => return self.clone(),
        };
        Self { by, ..self.clone() }
    }
}

fn is_leap_day(date: NaiveDate) -> bool {
    (date.month(), date.day()) == (2, 29)
}

/// The last of the days of a month that is not after `day`.
fn day_or_last(day: u32) -> By {
    let Some(last) = i16::try_from(day).ok().filter(|day| *day > 28) else {
        return By::default();
    };
    By {
        month_days: (28..=last).collect(),
        positions: vec![-1],
        ..By::default()
    }
}

fn leap_day_or_last() -> By {
    By {
        months: vec![2],
        ..day_or_last(29)
    }
}
