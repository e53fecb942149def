//! The option `--from`: where a replay starts, as a person writes it.

use std::str::FromStr;

use chrono::{DateTime, TimeDelta, Utc};

/// Where a replay starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReplayFrom {
    /// At the oldest record.
    Beginning,
    /// At the first record of this time or later.
    Time(DateTime<Utc>),
    /// At this offset in every partition.
    Offset(i64),
}

impl FromStr for ReplayFrom {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if matches!(text, "beginning" | "earliest") {
            return Ok(Self::Beginning);
        }
        if let Ok(offset) = text.parse::<i64>()
            && offset >= 0
        {
            return Ok(Self::Offset(offset));
        }
        if let Some(age) = age(text) {
            return Ok(Self::Time(Utc::now() - age));
        }
        DateTime::parse_from_rfc3339(text)
            .map(|time| Self::Time(time.to_utc()))
            .map_err(|_| {
                "write `beginning`, an instant like 2031-03-26T09:00:00Z, an age like 30m, 2h or \
                 7d, or an offset"
                    .to_owned()
            })
    }
}

fn age(text: &str) -> Option<TimeDelta> {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let number: i64 = digits.parse().ok()?;
    match &text[digits.len()..] {
        "s" => TimeDelta::try_seconds(number),
        "m" => TimeDelta::try_minutes(number),
        "h" => TimeDelta::try_hours(number),
        "d" => TimeDelta::try_days(number),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_a_word_an_instant_an_age_or_an_offset() {
        assert_eq!("beginning".parse(), Ok(ReplayFrom::Beginning));
        assert_eq!("17".parse(), Ok(ReplayFrom::Offset(17)));
        let time = DateTime::from_timestamp(1_932_339_600, 0).unwrap();
        assert_eq!(
            "2031-03-27T09:00:00+08:00".parse(),
            Ok(ReplayFrom::Time(time))
        );
        let Ok(ReplayFrom::Time(time)) = "2h".parse() else {
            panic!("an age is a time");
        };
        assert_eq!((Utc::now() - time).num_minutes(), 120);
        for bad in ["", "end", "-5", "2031-03-27", "5w"] {
            assert!(bad.parse::<ReplayFrom>().is_err(), "{bad}");
        }
    }
}
