//! Dates and numbers in plain English.

use chrono::{NaiveDate, NaiveTime, Weekday};

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

pub(crate) const fn weekday(day: Weekday) -> &'static str {
    match day {
        Weekday::Mon => "Monday",
        Weekday::Tue => "Tuesday",
        Weekday::Wed => "Wednesday",
        Weekday::Thu => "Thursday",
        Weekday::Fri => "Friday",
        Weekday::Sat => "Saturday",
        Weekday::Sun => "Sunday",
    }
}

/// The name of a month from 1 to 12.
pub(crate) fn month(number: i16) -> &'static str {
    usize::try_from(number - 1)
        .ok()
        .and_then(|index| MONTHS.get(index))
        .copied()
        .unwrap_or("no month")
}

/// `27 Nov 2026`; the year is left out where it is known.
pub(crate) fn date(date: NaiveDate, year_is_known: bool) -> String {
    let format = if year_is_known { "%-d %b" } else { "%-d %b %Y" };
    date.format(format).to_string()
}

/// `09:00`.
pub(crate) fn clock(time: NaiveTime) -> String {
    time.format("%H:%M").to_string()
}

/// `a`, `a and b`, `a, b and c`.
pub(crate) fn list(words: &[String], last: &str) -> String {
    match words {
        [] => String::new(),
        [word] => word.clone(),
        [first @ .., word] => format!("{} {last} {word}", first.join(", ")),
    }
}

/// `1st`, `2nd`, `11th`.
pub(crate) fn numeral(number: i16) -> String {
    let number = number.unsigned_abs();
    let ending = match (number % 10, number % 100) {
        (_, 11..=13) => "th",
        (1, _) => "st",
        (2, _) => "nd",
        (3, _) => "rd",
        _ => "th",
    };
    format!("{number}{ending}")
}

/// `first`, `last`, `second to last`, `10th`.
pub(crate) fn ordinal(number: i16) -> String {
    let word = |number: i16| match number {
        1 => "first".to_owned(),
        2 => "second".to_owned(),
        3 => "third".to_owned(),
        4 => "fourth".to_owned(),
        5 => "fifth".to_owned(),
        _ => numeral(number),
    };
    match number {
        -1 => "last".to_owned(),
        number if number < 0 => format!("{} to last", word(-number)),
        number => word(number),
    }
}
