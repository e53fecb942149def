//! Recurrence rules: RFC 5545 RRULE (section 3.3.10) as far as it makes sense for a task.
//!
//! A rule works on wall-clock time without a zone, so that a change of offset moves nothing: a task
//! due at nine stays due at nine. It never goes below an hour: MINUTELY and SECONDLY are refused, and
//! BYMINUTE may only repeat the minute of the due time.

mod by;
mod days;
mod expand;
mod gaps;
mod moved;
mod parts;
mod pattern;
mod period;
mod text;
pub(crate) mod words;

pub use pattern::Pattern;

use crate::time::{instant, local};
use by::{By, letters};
use chrono::{NaiveDate, NaiveDateTime, NaiveTime, Timelike, Weekday};
use chrono_tz::Tz;
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

impl Until {
    /// The date in its text.
    fn written(self) -> NaiveDate {
        match self {
            Self::Date(date) => date,
            Self::Local(time) | Self::Utc(time) => time.date(),
        }
    }

    /// Whether it says no more than a day. An instant at midnight or a second before it in UTC is a date
    /// that a calendar wrote as one.
    fn is_date(self) -> bool {
        match self {
            Self::Date(_) => true,
            Self::Local(_) => false,
            Self::Utc(last) => {
                matches!(last.time().num_seconds_from_midnight(), 0 | 86_399)
            }
        }
    }

    /// The last day for a task that has no time: an instant is the day it falls on in the zone.
    fn last_day(self, zone: Tz) -> NaiveDate {
        match self {
            Self::Utc(last) if !self.is_date() => local(last.and_utc(), zone).date(),
            _ => self.written(),
        }
    }
}

/// A recurrence rule that was checked. In JSON it is its text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Rule {
    frequency: Frequency,
    interval: u16,
    count: Option<u32>,
    until: Option<Until>,
    by: By,
    week_start: Option<Weekday>,
    minute: Option<u32>,
}

/// Why a text is no rule that a task can have. The message is for the user.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct InvalidRule(pub(crate) String);

impl Rule {
    fn new(frequency: Frequency, interval: u16) -> Self {
        Self {
            frequency,
            interval: interval.clamp(1, MAX_INTERVAL),
            count: None,
            until: None,
            by: By::default(),
            week_start: None,
            minute: None,
        }
    }

    /// Read an RRULE value, with or without its `RRULE:`.
    ///
    /// # Errors
    /// When it is malformed or asks for what a task cannot do. Whether it ever fires depends on
    /// where it starts and is not looked at here.
    pub fn parse(text: &str) -> Result<Self, InvalidRule> {
        parts::parse(text)
    }

    /// The rule of a task that is due at this time of day: BYMINUTE only repeats its minute, and is
    /// left out.
    ///
    /// # Errors
    /// When BYMINUTE is another minute.
    pub fn due_at(mut self, time: Option<NaiveTime>) -> Result<Self, InvalidRule> {
        match (self.minute.take(), time) {
            (None, _) => Ok(self),
            (Some(minute), Some(time)) if minute == time.minute() => Ok(self),
            (Some(0), None) if self.by.hours.is_empty() && !self.is_hourly() => Ok(self),
            (Some(minute), _) => Err(InvalidRule(format!(
                "has BYMINUTE={minute}, which is not the minute of due_time: leave it out"
            ))),
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

    /// Whether both fire at the same times when they begin at the same one, apart from their ends:
    /// a task whose rule gets another end stays in its series.
    pub fn same_rhythm(&self, other: &Self) -> bool {
        let endless = |rule: &Self| Self {
            count: None,
            until: None,
            ..rule.clone()
        };
        endless(self) == endless(other)
    }

    /// The same rule with so many occurrences left.
    pub(crate) fn with_count(&self, count: Option<u32>) -> Self {
        Self {
            count,
            ..self.clone()
        }
    }

    /// The same rule at another interval.
    pub(crate) fn with_interval(&self, interval: u16) -> Self {
        Self {
            interval: interval.clamp(1, MAX_INTERVAL),
            ..self.clone()
        }
    }

    /// Whether it says at which hours, so that a task must have a time of day.
    pub(crate) fn has_hours(&self) -> bool {
        self.is_hourly() || !self.by.hours.is_empty()
    }

    /// Whether it may fire more than once on a day.
    pub(crate) fn fires_several_times_a_day(&self) -> bool {
        self.is_hourly() || self.by.hours.len() > 1
    }

    pub(crate) const fn is_hourly(&self) -> bool {
        matches!(self.frequency, Frequency::Hourly)
    }

    /// Whether it is a plain rhythm, which takes its day from where it begins.
    pub(crate) fn is_plain(&self) -> bool {
        self.rhythm() != Pattern::Custom || self.by == By::default()
    }

    /// Whether the rule is over before this time; without a time of day, before this day.
    pub(crate) fn ends_before(&self, time: NaiveDateTime, is_timed: bool, zone: Tz) -> bool {
        match self.until {
            None => false,
            Some(until) if !is_timed => time.date() > until.last_day(zone),
            Some(Until::Date(last)) => time.date() > last,
            Some(Until::Local(last)) => time > last,
            Some(Until::Utc(last)) => instant(time, zone).naive_utc() > last,
        }
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
        write!(f, "FREQ={}", self.frequency.as_str())?;
        if self.interval != 1 {
            write!(f, ";INTERVAL={}", self.interval)?;
        }
        write!(f, "{}", self.by)?;
        if let Some(minute) = self.minute {
            write!(f, ";BYMINUTE={minute}")?;
        }
        if let Some(day) = self.week_start {
            write!(f, ";WKST={}", letters(day))?;
        }
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
