//! Values that several commands take.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use crate::database::Address;

/// A database's URL; shown without its password.
#[derive(Clone)]
pub struct DatabaseUrl(pub Address);

impl FromStr for DatabaseUrl {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text.is_empty() {
            return Err("it is empty; unset DATABASE_URL, or give a URL".into());
        }
        Address::parse(text)
            .map(Self)
            .map_err(|error| format!("{error:#}"))
    }
}

impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("postgres://…")
    }
}

/// `500ms`, `30s`, `5m`.
pub fn duration(text: &str) -> Result<Duration, String> {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let number: u64 = digits
        .parse()
        .map_err(|_| "write it like 500ms, 30s or 5m".to_owned())?;
    match &text[digits.len()..] {
        "ms" => Ok(Duration::from_millis(number)),
        "s" => Ok(Duration::from_secs(number)),
        "m" => Ok(Duration::from_secs(number.saturating_mul(60))),
        _ => Err("write it like 500ms, 30s or 5m".into()),
    }
}

/// `4096`, `64KiB`, `10MiB`, `2GiB`.
pub fn byte_size(text: &str) -> Result<u64, String> {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let wrong = || "write it like 4096, 64KiB, 10MiB or 2GiB".to_owned();
    let number: u64 = digits.parse().map_err(|_| wrong())?;
    let unit: u64 = match &text[digits.len()..] {
        "" | "B" => 1,
        "KiB" => 1 << 10,
        "MiB" => 1 << 20,
        "GiB" => 1 << 30,
        _ => return Err(wrong()),
    };
    number.checked_mul(unit).ok_or_else(wrong)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_have_a_unit() {
        assert_eq!(duration("500ms"), Ok(Duration::from_millis(500)));
        assert_eq!(duration("30s"), Ok(Duration::from_secs(30)));
        assert_eq!(duration("5m"), Ok(Duration::from_secs(300)));
        for bad in ["", "5", "s", "-1s", "1h30", "1.5s"] {
            assert!(duration(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn sizes_may_have_a_unit() {
        assert_eq!(byte_size("10"), Ok(10));
        assert_eq!(byte_size("64KiB"), Ok(65536));
        assert_eq!(byte_size("2GiB"), Ok(2 << 30));
        for bad in ["", "MiB", "1MB", "99999999999GiB"] {
            assert!(byte_size(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_database_url_never_shows_its_password() {
        let url: DatabaseUrl = "postgres://o:hunter2@h/d".parse().unwrap();
        assert!(!format!("{url:?}").contains("hunter2"));
        let error = "postgres://o:hunter2@h,i/d"
            .parse::<DatabaseUrl>()
            .unwrap_err();
        assert!(!error.contains("hunter2"), "{error}");
    }
}
