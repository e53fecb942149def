//! Reading the text of a rule, strictly: the `rrule` crate would let some mistakes pass.

use super::{Frequency, InvalidRule, MAX_COUNT, MAX_INTERVAL, MAX_TEXT, Rule, Until};
use crate::time::YEARS;
use chrono::{Datelike, NaiveDate, NaiveDateTime};

/// The parts that say which days and hours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum By {
    Month,
    WeekNo,
    YearDay,
    MonthDay,
    Day,
    Hour,
    SetPos,
}

impl By {
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

    fn from_name(name: &str) -> Option<Self> {
        [
            Self::Month,
            Self::WeekNo,
            Self::YearDay,
            Self::MonthDay,
            Self::Day,
            Self::Hour,
            Self::SetPos,
        ]
        .into_iter()
        .find(|by| by.as_str() == name)
    }

    /// The largest value, and whether it may be counted from the end with a minus.
    const fn range(self) -> (i32, i32) {
        match self {
            Self::Month => (1, 12),
            Self::WeekNo => (-53, 53),
            Self::YearDay | Self::SetPos => (-366, 366),
            Self::MonthDay => (-31, 31),
            Self::Day => (-53, 53),
            Self::Hour => (0, 23),
        }
    }

    /// With which frequencies RFC 5545 lets it stand.
    fn fits(self, frequency: Frequency) -> bool {
        match self {
            Self::WeekNo => frequency == Frequency::Yearly,
            Self::YearDay => matches!(frequency, Frequency::Yearly | Frequency::Hourly),
            Self::MonthDay => frequency != Frequency::Weekly,
            _ => true,
        }
    }
}

const WEEKDAYS: [&str; 7] = ["MO", "TU", "WE", "TH", "FR", "SA", "SU"];

fn refuse<T>(message: impl Into<String>) -> Result<T, InvalidRule> {
    Err(InvalidRule(message.into()))
}

/// Read a rule; whether it ever fires is left to the caller.
pub(super) fn parse(text: &str) -> Result<Rule, InvalidRule> {
    let text = text.trim();
    if text.len() > MAX_TEXT {
        return refuse(format!("must be at most {MAX_TEXT} characters"));
    }
    let upper = text.to_ascii_uppercase();
    if upper.contains("DTSTART") || upper.contains('\n') {
        return refuse("must be one RRULE; the start is the task's due_date");
    }
    let value = upper.strip_prefix("RRULE:").unwrap_or(&upper);
    let mut pairs: Vec<(&str, &str)> = Vec::new();
    for part in value.split(';') {
        let Some((name, value)) = part.split_once('=') else {
            return refuse("must be an RFC 5545 RRULE, for example FREQ=WEEKLY;BYDAY=MO,WE");
        };
        if pairs.iter().any(|(known, _)| *known == name) {
            return refuse(format!("has {name} twice"));
        }
        pairs.push((name, value));
    }
    let frequency = match pairs.iter().find(|(name, _)| *name == "FREQ") {
        Some((_, value)) => read_frequency(value)?,
        None => return refuse("needs FREQ, for example FREQ=DAILY"),
    };
    let mut rule = Rule {
        frequency,
        interval: 1,
        count: None,
        until: None,
        by: Vec::new(),
        week_start: None,
    };
    for (name, value) in pairs {
        match name {
            "FREQ" => {}
            "INTERVAL" => rule.interval = read_number(name, value, u32::from(MAX_INTERVAL))? as u16,
            "COUNT" => rule.count = Some(read_number(name, value, MAX_COUNT)?),
            "UNTIL" => rule.until = Some(read_until(value)?),
            "WKST" if WEEKDAYS.contains(&value) => rule.week_start = Some(value.to_owned()),
            "WKST" => return refuse("WKST must be a weekday such as MO"),
            "BYMINUTE" | "BYSECOND" => {
                return refuse(format!(
                    "{name} is not supported: the minute is that of due_time"
                ));
            }
            _ => match By::from_name(name) {
                Some(by) => {
                    check_values(by, value, frequency)?;
                    rule.by.push((by, value.to_owned()));
                }
                None => return refuse(format!("{} is not supported", shown(name))),
            },
        }
    }
    check_together(&rule)?;
    // One order, so that equal rules are equal texts.
    rule.by.sort_by_key(|(by, _)| *by as u8);
    Ok(rule)
}

fn check_together(rule: &Rule) -> Result<(), InvalidRule> {
    if rule.count.is_some() && rule.until.is_some() {
        return refuse("must not have both COUNT and UNTIL");
    }
    if matches!(rule.by.as_slice(), [(By::SetPos, _)]) {
        return refuse("BYSETPOS needs another BY part to choose from");
    }
    let has = |wanted: By| rule.by.iter().any(|(by, _)| *by == wanted);
    let counted_days = rule
        .by
        .iter()
        .any(|(by, values)| *by == By::Day && values.bytes().any(|b| b.is_ascii_digit()));
    if counted_days && has(By::WeekNo) {
        return refuse("BYDAY must not count weekdays where there is BYWEEKNO");
    }
    Ok(())
}

fn read_frequency(value: &str) -> Result<Frequency, InvalidRule> {
    Ok(match value {
        "HOURLY" => Frequency::Hourly,
        "DAILY" => Frequency::Daily,
        "WEEKLY" => Frequency::Weekly,
        "MONTHLY" => Frequency::Monthly,
        "YEARLY" => Frequency::Yearly,
        "MINUTELY" | "SECONDLY" => return refuse("must not repeat more often than hourly"),
        _ => return refuse("FREQ must be one of HOURLY DAILY WEEKLY MONTHLY YEARLY"),
    })
}

fn read_number(name: &str, value: &str, max: u32) -> Result<u32, InvalidRule> {
    let digits = !value.is_empty() && value.bytes().all(|b| b.is_ascii_digit());
    match value.parse() {
        Ok(number) if digits && (1..=max).contains(&number) => Ok(number),
        _ => refuse(format!("{name} must be a whole number from 1 to {max}")),
    }
}

fn read_until(value: &str) -> Result<Until, InvalidRule> {
    let until = match value.len() {
        8 => NaiveDate::parse_from_str(value, "%Y%m%d").map(Until::Date),
        15 => NaiveDateTime::parse_from_str(value, "%Y%m%dT%H%M%S").map(Until::Local),
        _ => NaiveDateTime::parse_from_str(value, "%Y%m%dT%H%M%SZ").map(Until::Utc),
    };
    let year = match until {
        Ok(Until::Date(last)) => last.year(),
        Ok(Until::Local(last) | Until::Utc(last)) => last.year(),
        Err(_) => 0,
    };
    match until {
        Ok(until) if YEARS.contains(&year) => Ok(until),
        _ => refuse("UNTIL must be a date or an instant, for example 20271231 or 20271231T235959Z"),
    }
}

fn check_values(by: By, values: &str, frequency: Frequency) -> Result<(), InvalidRule> {
    let name = by.as_str();
    if !by.fits(frequency) {
        return refuse(format!(
            "{name} does not go with FREQ={}",
            frequency.as_str()
        ));
    }
    let (min, max) = by.range();
    for value in values.split(',') {
        let number = if by == By::Day {
            let (count, day) = value
                .split_at_checked(value.len().saturating_sub(2))
                .unwrap_or(("", value));
            if !WEEKDAYS.contains(&day) {
                return refuse(format!(
                    "BYDAY has {}, which is no weekday such as MO",
                    shown(value)
                ));
            }
            if count.is_empty() {
                continue;
            }
            if !matches!(frequency, Frequency::Monthly | Frequency::Yearly) {
                return refuse("BYDAY counts weekdays (2MO) only in MONTHLY and YEARLY rules");
            }
            count
        } else {
            value
        };
        let plain = number.strip_prefix(['-', '+']).unwrap_or(number);
        let digits = (1..=3).contains(&plain.len()) && plain.bytes().all(|b| b.is_ascii_digit());
        match number.parse::<i32>() {
            Ok(number) if digits && (min..=max).contains(&number) && (number != 0 || min == 0) => {}
            _ => {
                return refuse(format!(
                    "{name} has {}, which is not from {min} to {max}{}",
                    shown(value),
                    if min < 0 { " without 0" } else { "" }
                ));
            }
        }
    }
    Ok(())
}

/// What the user wrote, cut to a length that is fit for a message.
fn shown(text: &str) -> String {
    format!("`{}`", text.chars().take(20).collect::<String>())
}
