//! Reading the text of a rule, strictly, so that no mistake passes unseen.

use super::by::{By, ByDay, Part, WEEKDAYS};
use super::{Frequency, InvalidRule, MAX_COUNT, MAX_INTERVAL, MAX_TEXT, Rule, Until};
use crate::time::YEARS;
use chrono::{Datelike, NaiveDate, NaiveDateTime, Weekday};

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
    let pairs = pairs(upper.strip_prefix("RRULE:").unwrap_or(&upper))?;
    let frequency = match pairs.iter().find(|(name, _)| *name == "FREQ") {
        Some((_, value)) => read_frequency(value)?,
        None => return refuse("needs FREQ, for example FREQ=DAILY"),
    };
    let mut rule = Rule::new(frequency, 1);
    for (name, value) in pairs {
        match name {
            "FREQ" => {}
            "INTERVAL" => {
                let interval = read_number(name, value, u32::from(MAX_INTERVAL))?;
                rule.interval = u16::try_from(interval).unwrap_or(MAX_INTERVAL);
            }
            "COUNT" => rule.count = Some(read_number(name, value, MAX_COUNT)?),
            "UNTIL" => rule.until = Some(read_until(value)?),
            "WKST" => match read_weekday(value) {
                Some(day) => rule.week_start = Some(day),
                None => return refuse("WKST must be a weekday such as MO"),
            },
            "BYMINUTE" => rule.minute = Some(read_minute(value)?),
            "BYSECOND" if value == "0" || value == "00" => {}
            "BYSECOND" => return refuse("BYSECOND must be 0: a due_time has no seconds"),
            _ => match Part::ALL.into_iter().find(|part| part.as_str() == name) {
                Some(part) => read_values(&mut rule.by, part, value, frequency)?,
                None => return refuse(format!("{} is not supported", shown(name))),
            },
        }
    }
    rule.by.sort();
    check_together(&rule)?;
    Ok(rule)
}

/// The parts, in the order given. A semicolon at the end and blanks after one do no harm: calendars
/// write both.
fn pairs(value: &str) -> Result<Vec<(&str, &str)>, InvalidRule> {
    let value = value.trim();
    let value = value.strip_suffix(';').unwrap_or(value);
    let mut pairs: Vec<(&str, &str)> = Vec::new();
    for part in value.split(';') {
        let Some((name, value)) = part.trim().split_once('=') else {
            return refuse("must be an RFC 5545 RRULE, for example FREQ=WEEKLY;BYDAY=MO,WE");
        };
        if pairs.iter().any(|(known, _)| *known == name) {
            return refuse(format!("has {} twice", shown(name)));
        }
        pairs.push((name, value));
    }
    Ok(pairs)
}

fn check_together(rule: &Rule) -> Result<(), InvalidRule> {
    if rule.count.is_some() && rule.until.is_some() {
        return refuse("must not have both COUNT and UNTIL");
    }
    let by = &rule.by;
    if !by.positions.is_empty() && !by.names_days() && by.hours.is_empty() {
        return refuse("BYSETPOS needs another BY part to choose from");
    }
    if by.counts_weekdays() && !by.weeks.is_empty() {
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

fn read_weekday(letters: &str) -> Option<Weekday> {
    WEEKDAYS
        .into_iter()
        .find(|(known, _)| *known == letters)
        .map(|(_, weekday)| weekday)
}

fn read_number(name: &str, value: &str, max: u32) -> Result<u32, InvalidRule> {
    let digits = !value.is_empty() && value.bytes().all(|b| b.is_ascii_digit());
    match value.parse() {
        Ok(number) if digits && (1..=max).contains(&number) => Ok(number),
        _ => refuse(format!("{name} must be a whole number from 1 to {max}")),
    }
}

fn read_minute(value: &str) -> Result<u32, InvalidRule> {
    let digits = (1..=2).contains(&value.len()) && value.bytes().all(|b| b.is_ascii_digit());
    match value.parse() {
        Ok(minute) if digits && minute < 60 => Ok(minute),
        _ => refuse("BYMINUTE must be the minute of due_time: leave it out"),
    }
}

fn read_until(value: &str) -> Result<Until, InvalidRule> {
    let until = match value.len() {
        8 => NaiveDate::parse_from_str(value, "%Y%m%d").map(Until::Date),
        15 => NaiveDateTime::parse_from_str(value, "%Y%m%dT%H%M%S").map(Until::Local),
        _ => NaiveDateTime::parse_from_str(value, "%Y%m%dT%H%M%SZ").map(Until::Utc),
    };
    match until {
        Ok(until) if YEARS.contains(&until.written().year()) => Ok(until),
        _ => refuse("UNTIL must be a date or an instant, for example 20271231 or 20271231T235959Z"),
    }
}

fn read_values(
    by: &mut By,
    part: Part,
    values: &str,
    frequency: Frequency,
) -> Result<(), InvalidRule> {
    if !part.fits(frequency) {
        return refuse(format!(
            "{} does not go with FREQ={}",
            part.as_str(),
            frequency.as_str()
        ));
    }
    for value in values.split(',') {
        match by.numbers_mut(part) {
            Some(numbers) => numbers.push(read_value(part, value, value)?),
            None => by.days.push(read_day(value, frequency)?),
        }
    }
    Ok(())
}

fn read_day(value: &str, frequency: Frequency) -> Result<ByDay, InvalidRule> {
    let (nth, letters) = value
        .split_at_checked(value.len().saturating_sub(2))
        .unwrap_or(("", value));
    let Some(weekday) = read_weekday(letters) else {
        return refuse(format!(
            "BYDAY has {}, which is no weekday such as MO",
            shown(value)
        ));
    };
    if nth.is_empty() {
        return Ok(ByDay::every(weekday));
    }
    if !matches!(frequency, Frequency::Monthly | Frequency::Yearly) {
        return refuse("BYDAY counts weekdays (2MO) only in MONTHLY and YEARLY rules");
    }
    let nth = read_value(Part::Day, nth, value)?;
    Ok(ByDay { nth, weekday })
}

fn read_value(part: Part, number: &str, whole: &str) -> Result<i16, InvalidRule> {
    let (min, max) = part.range();
    let plain = number.strip_prefix(['-', '+']).unwrap_or(number);
    let digits = (1..=3).contains(&plain.len()) && plain.bytes().all(|b| b.is_ascii_digit());
    match number.parse::<i16>() {
        Ok(number) if digits && (min..=max).contains(&number) && (number != 0 || min == 0) => {
            Ok(number)
        }
        _ => refuse(format!(
            "{} has {}, which is not from {min} to {max}{}",
            part.as_str(),
            shown(whole),
            if min < 0 { " without 0" } else { "" }
        )),
    }
}

/// What the user wrote, cut to a length that is fit for a message.
fn shown(text: &str) -> String {
    format!("`{}`", text.chars().take(20).collect::<String>())
}
