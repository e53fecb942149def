//! Wall-clock time in a zone and instants, and their text forms.

use chrono::{
    DateTime, Datelike, LocalResult, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, TimeZone, Utc,
};
use chrono_tz::Tz;

/// Years that a date may have: enough for every task, and few enough that work on it stays bounded.
pub const YEARS: std::ops::RangeInclusive<i32> = 1970..=2999;

/// The longest stretch of local time that any zone has ever left out is one day (Samoa, 2011).
const LONGEST_GAP_HOURS: i64 = 26;

/// Years in which a zone is looked at. At the ends of what `chrono` can hold its sums overflow.
const ZONED_YEARS: std::ops::RangeInclusive<i32> = 1..=9999;

/// What a clock shows of a wall-clock time on a day when it may be put forward or back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shown {
    /// Once, as on any other day.
    Once,
    /// Never: clocks go past it. It is this time instead.
    Never(NaiveDateTime),
    /// Twice: clocks go back over it.
    Twice,
}

/// The instant of a wall-clock time. One rule for all that is due and all that reminds, that of
/// RFC 5545 section 3.3.5: a time that the clock leaves out is read with the offset before the gap,
/// so 02:30 on the morning that clocks go from 02:00 to 03:00 is 03:30; one that it shows twice is
/// the first of the two. The task keeps its time, so the day after it is 02:30 again.
pub fn instant(local: NaiveDateTime, zone: Tz) -> DateTime<Utc> {
    if !ZONED_YEARS.contains(&local.year()) {
        return local.and_utc();
    }
    for hours in 0..=LONGEST_GAP_HOURS {
        let shift = TimeDelta::hours(hours);
        let found = match zone.from_local_datetime(&(local - shift)) {
            LocalResult::Single(found) => Some(found),
            LocalResult::Ambiguous(first, second) => Some(if hours == 0 { first } else { second }),
            LocalResult::None => None,
        };
        if let Some(found) = found {
            return found.with_timezone(&Utc) + shift;
        }
    }
    local.and_utc()
}

/// What the clocks of a zone show of a wall-clock time.
pub fn shown(time: NaiveDateTime, zone: Tz) -> Shown {
    if !ZONED_YEARS.contains(&time.year()) {
        return Shown::Once;
    }
    match zone.from_local_datetime(&time) {
        LocalResult::Single(_) => Shown::Once,
        LocalResult::Ambiguous(..) => Shown::Twice,
        LocalResult::None => Shown::Never(local(instant(time, zone), zone)),
    }
}

/// The wall-clock time in a zone at an instant.
pub fn local(instant: DateTime<Utc>, zone: Tz) -> NaiveDateTime {
    if !ZONED_YEARS.contains(&instant.year()) {
        return instant.naive_utc();
    }
    instant.with_timezone(&zone).naive_local()
}

/// How many seconds a zone is ahead of UTC at a wall-clock time.
pub(crate) fn offset_seconds(time: NaiveDateTime, zone: Tz) -> i64 {
    let instant = instant(time, zone);
    (local(instant, zone) - instant.naive_utc()).num_seconds()
}

/// The instant something due then becomes overdue: at its time, or when its day is over.
pub fn due_instant(date: NaiveDate, time: Option<NaiveTime>, zone: Tz) -> DateTime<Utc> {
    match time {
        Some(time) => instant(date.and_time(time), zone),
        None => {
            let day_after = date.succ_opt().unwrap_or(date);
            instant(day_after.and_time(NaiveTime::MIN), zone)
        }
    }
}

/// Read `YYYY-MM-DD`.
///
/// # Errors
/// With a message for the user.
pub fn parse_date(text: &str) -> Result<NaiveDate, String> {
    let shaped = text.len() == 10 && text.bytes().all(|b| b.is_ascii_digit() || b == b'-');
    match NaiveDate::parse_from_str(text, "%Y-%m-%d") {
        Ok(date) if shaped && YEARS.contains(&date.year()) => Ok(date),
        Ok(_) if shaped => Err(format!(
            "the year must be from {} to {}",
            YEARS.start(),
            YEARS.end()
        )),
        _ => Err("must be a calendar date as YYYY-MM-DD, for example 2027-01-31".into()),
    }
}

/// Read `HH:MM`.
///
/// # Errors
/// With a message for the user.
pub fn parse_time(text: &str) -> Result<NaiveTime, String> {
    let shaped = text.len() == 5 && text.as_bytes().get(2) == Some(&b':');
    match NaiveTime::parse_from_str(text, "%H:%M") {
        Ok(time) if shaped => Ok(time),
        _ => Err("must be a time of day as HH:MM from 00:00 to 23:59".into()),
    }
}

/// `HH:MM` as a field of JSON.
pub(crate) mod time_of_day {
    use chrono::NaiveTime;
    use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};

    pub fn serialize<S: Serializer>(
        time: &Option<NaiveTime>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        let text = time.map(|time| time.format("%H:%M").to_string());
        text.serialize(serializer)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<NaiveTime>, D::Error> {
        let text = Option::<String>::deserialize(deserializer)?;
        text.map(|text| super::parse_time(&text).map_err(D::Error::custom))
            .transpose()
    }
}

/// Read an RFC 3339 instant.
///
/// # Errors
/// With a message for the user.
pub fn parse_instant(text: &str) -> Result<DateTime<Utc>, String> {
    match DateTime::parse_from_rfc3339(text) {
        Ok(instant) if YEARS.contains(&instant.year()) => Ok(instant.with_timezone(&Utc)),
        Ok(_) => Err(format!(
            "the year must be from {} to {}",
            YEARS.start(),
            YEARS.end()
        )),
        Err(_) => Err(
            "must be an instant as RFC 3339 with an offset, for example 2027-01-31T09:00:00+01:00"
                .into(),
        ),
    }
}

/// Read the IANA name of a time zone.
///
/// # Errors
/// With a message for the user.
pub fn parse_zone(text: &str) -> Result<Tz, String> {
    text.parse()
        .map_err(|_| "must be an IANA time zone, for example Europe/Berlin or UTC".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> NaiveDateTime {
        NaiveDateTime::parse_from_str(text, "%Y-%m-%dT%H:%M").unwrap()
    }

    #[test]
    fn wall_clock_times_become_the_instants_of_rfc_5545() {
        for (zone, wall, utc) in [
            ("Europe/Berlin", "2026-07-01T09:00", "2026-07-01T07:00"),
            // Clocks go from 02:00 to 03:00: 02:30 is not shown.
            ("Europe/Berlin", "2026-03-29T02:30", "2026-03-29T01:30"),
            ("America/New_York", "2027-03-14T02:30", "2027-03-14T07:30"),
            // Clocks go from 03:00 to 02:00: 02:30 is shown twice.
            ("Europe/Berlin", "2026-10-25T02:30", "2026-10-25T00:30"),
            ("America/New_York", "2026-11-01T01:30", "2026-11-01T05:30"),
            // Half an hour of daylight saving.
            (
                "Australia/Lord_Howe",
                "2026-10-04T02:15",
                "2026-10-03T15:45",
            ),
            // A zone where midnight is left out.
            ("Africa/Cairo", "2026-04-24T00:00", "2026-04-23T22:00"),
            // A whole day that never was.
            ("Pacific/Apia", "2011-12-30T12:00", "2011-12-30T22:00"),
            ("Asia/Kathmandu", "2026-01-01T00:00", "2025-12-31T18:15"),
        ] {
            let found = instant(at(wall), zone.parse().unwrap());
            assert_eq!(found.naive_utc(), at(utc), "{wall} {zone}");
        }
    }

    #[test]
    fn a_date_is_overdue_when_its_day_is_over_in_its_zone() {
        let date = parse_date("2026-11-21").unwrap();
        let honolulu = "Pacific/Honolulu".parse().unwrap();
        assert_eq!(
            due_instant(date, None, honolulu).naive_utc(),
            at("2026-11-22T10:00")
        );
        let nine = Some(parse_time("09:00").unwrap());
        assert_eq!(
            due_instant(date, nine, honolulu).naive_utc(),
            at("2026-11-21T19:00")
        );
    }

    #[test]
    fn texts_that_are_nearly_right_are_refused() {
        for text in [
            "2026-02-29",
            "2026-2-1",
            "26-02-01",
            "+2026-1-01",
            "2026-01-01T00:00",
            "",
            "1969-12-31",
            "3000-01-01",
            "２０２６-01-01",
        ] {
            assert!(parse_date(text).is_err(), "{text}");
        }
        assert!(parse_date("2028-02-29").is_ok());
        for text in ["24:00", "9:00", "09:60", "09:00:00", "0900", "", "+9:00"] {
            assert!(parse_time(text).is_err(), "{text}");
        }
        for text in [
            "2026-01-01T09:00:00",
            "2026-01-01",
            "9999-01-01T00:00:00Z",
            "now",
        ] {
            assert!(parse_instant(text).is_err(), "{text}");
        }
        for text in ["Mars/Olympus", "", "Europe", "europe/berlin", "+02:00"] {
            assert!(parse_zone(text).is_err(), "{text}");
        }
    }
}
