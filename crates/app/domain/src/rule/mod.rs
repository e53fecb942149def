//! Recurrence rules: RFC 5545 RRULE (section 3.3.10) as far as it makes sense for a task.
//!
//! A rule works on wall-clock time without a zone, so that a change of offset moves nothing: a task
//! due at nine stays due at nine. It never goes below an hour: MINUTELY, SECONDLY, BYMINUTE and
//! BYSECOND are refused.

mod expand;
mod parts;

use crate::time::instant;
use chrono::{NaiveDate, NaiveDateTime};
use chrono_tz::Tz;
use parts::By;
use serde::{Deserialize, Serialize};
use std::fmt;

/// The longest rule text, in bytes.
const MAX_TEXT: usize = 500;
/// The largest INTERVAL.
pub(crate) const MAX_INTERVAL: u16 = 1000;
/// The largest COUNT; counting to it is bounded work.
const MAX_COUNT: u32 = 10_000;

/// How often, before BYxxx parts narrow or widen it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Frequency {
    Hourly,
    Daily,
    Weekly,
    Monthly,
    Yearly,
}

impl Frequency {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Hourly => "HOURLY",
            Self::Daily => "DAILY",
            Self::Weekly => "WEEKLY",
            Self::Monthly => "MONTHLY",
            Self::Yearly => "YEARLY",
        }
    }
}

/// The last moment at which the rule may fire, as it was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Until {
    Date(NaiveDate),
    Local(NaiveDateTime),
    Utc(NaiveDateTime),
}

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
    /// Anything else: read the rule.
    Custom,
}

impl Pattern {
    /// The word on the wire and in the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Daily => "daily",
            Self::Weekly => "weekly",
            Self::Monthly => "monthly",
            Self::Custom => "custom",
        }
    }
}

impl std::str::FromStr for Pattern {
    type Err = String;

    fn from_str(word: &str) -> Result<Self, String> {
        [
            Self::None,
            Self::Daily,
            Self::Weekly,
            Self::Monthly,
            Self::Custom,
        ]
        .into_iter()
        .find(|pattern| pattern.as_str() == word)
        .ok_or_else(|| "must be one of none daily weekly monthly custom".into())
    }
}

/// A recurrence rule that was checked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Rule {
    frequency: Frequency,
    interval: u16,
    count: Option<u32>,
    until: Option<Until>,
    by: Vec<(By, String)>,
    week_start: Option<String>,
}

/// Why a text is no rule that a task can have. The message is for the user.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct InvalidRule(pub(crate) String);

impl Rule {
    /// Read an RRULE value, with or without its `RRULE:`.
    ///
    /// # Errors
    /// When it is malformed or asks for what a task cannot do. Whether it ever fires depends on
    /// where it starts and is not looked at here.
    pub fn parse(text: &str) -> Result<Self, InvalidRule> {
        parts::parse(text)
    }

    /// The rule of a plain pattern. A monthly one stays on its day of the month and takes the last
    /// day where a month is shorter; `day` is that day. None for a pattern that is no rule.
    pub fn plain(pattern: Pattern, interval: u16, day: u32) -> Option<Self> {
        let frequency = match pattern {
            Pattern::Daily => Frequency::Daily,
            Pattern::Weekly => Frequency::Weekly,
            Pattern::Monthly => Frequency::Monthly,
            Pattern::None | Pattern::Custom => return None,
        };
        let by = match (pattern, last_day_or(day)) {
            (Pattern::Monthly, Some(days)) => vec![
                (By::MonthDay, days.to_owned()),
                (By::SetPos, "-1".to_owned()),
            ],
            _ => Vec::new(),
        };
        Some(Self {
            frequency,
            interval,
            count: None,
            until: None,
            by,
            week_start: None,
        })
    }

    /// The word for this rule.
    pub fn pattern(&self) -> Pattern {
        if self.count.is_some() || self.until.is_some() || self.week_start.is_some() {
            return Pattern::Custom;
        }
        match (self.frequency, self.by.as_slice()) {
            (Frequency::Daily, []) => Pattern::Daily,
            (Frequency::Weekly, []) => Pattern::Weekly,
            (Frequency::Monthly, []) => Pattern::Monthly,
            (Frequency::Monthly, [(By::MonthDay, days), (By::SetPos, last)])
                if last == "-1" && (29..=31).any(|day| last_day_or(day) == Some(days)) =>
            {
                Pattern::Monthly
            }
            _ => Pattern::Custom,
        }
    }

    /// INTERVAL; 1 where it is not given.
    pub const fn interval(&self) -> u16 {
        self.interval
    }

    /// How many occurrences remain, the present one included.
    pub const fn count(&self) -> Option<u32> {
        self.count
    }

    /// Whether this is the same rhythm, though perhaps on another day of the month: a task that is
    /// moved to another day stays in its series.
    pub fn same_rhythm(&self, other: &Self) -> bool {
        let plain = self.pattern() != Pattern::Custom
            && self.pattern() == other.pattern()
            && self.interval == other.interval;
        plain || self == other
    }

    /// The same rule with so many occurrences left.
    pub(crate) fn with_count(&self, count: Option<u32>) -> Self {
        Self {
            count,
            ..self.clone()
        }
    }

    /// The same rule counted from another day: only a plain monthly one depends on it.
    pub(crate) fn anchored_at(&self, day: u32) -> Self {
        match self.pattern() {
            Pattern::Monthly => {
                Self::plain(Pattern::Monthly, self.interval, day).unwrap_or_else(|| self.clone())
            }
            _ => self.clone(),
        }
    }

    /// Whether it says at which hours, so that a task must have a time of day.
    pub(crate) fn has_hours(&self) -> bool {
        self.frequency == Frequency::Hourly || self.by.iter().any(|(by, _)| *by == By::Hour)
    }

    pub(crate) const fn is_hourly(&self) -> bool {
        matches!(self.frequency, Frequency::Hourly)
    }

    /// Whether the rule is over before this time.
    pub(crate) fn ends_before(&self, local: NaiveDateTime, zone: Tz) -> bool {
        match self.until {
            None => false,
            Some(Until::Date(last)) => local.date() > last,
            Some(Until::Local(last)) => local > last,
            Some(Until::Utc(last)) => instant(local, zone).naive_utc() > last,
        }
    }

    fn text_without_end(&self) -> String {
        let mut text = format!("FREQ={}", self.frequency.as_str());
        if self.interval != 1 {
            text.push_str(&format!(";INTERVAL={}", self.interval));
        }
        for (by, values) in &self.by {
            text.push_str(&format!(";{}={values}", by.as_str()));
        }
        if let Some(day) = &self.week_start {
            text.push_str(&format!(";WKST={day}"));
        }
        text
    }
}

/// Days of the month of which the last one that exists is `day`, or the month's end.
fn last_day_or(day: u32) -> Option<&'static str> {
    match day {
        29 => Some("28,29"),
        30 => Some("28,29,30"),
        31 => Some("28,29,30,31"),
        _ => None,
    }
}

impl TryFrom<String> for Rule {
    type Error = InvalidRule;

    fn try_from(text: String) -> Result<Self, InvalidRule> {
        Self::parse(&text)
    }
}

impl From<Rule> for String {
    fn from(rule: Rule) -> Self {
        rule.to_string()
    }
}

impl fmt::Display for Rule {
    /// The RRULE value: upper case, FREQ first, no `RRULE:`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text_without_end())?;
        if let Some(count) = self.count {
            write!(f, ";COUNT={count}")?;
        }
        match self.until {
            None => Ok(()),
            Some(Until::Date(last)) => write!(f, ";UNTIL={}", last.format("%Y%m%d")),
            Some(Until::Local(last)) => write!(f, ";UNTIL={}", last.format("%Y%m%dT%H%M%S")),
            Some(Until::Utc(last)) => write!(f, ";UNTIL={}Z", last.format("%Y%m%dT%H%M%S")),
        }
    }
}
