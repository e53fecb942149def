//! Rules and dates as texts, for tables.

use chrono::{DateTime, NaiveDateTime, Utc};
use domain::{Next, RepeatFrom, Repetition, Rule, Slot, time};

/// `2026-01-31`, or `2026-01-31T09:00` for a task with a time of day.
pub fn slot(text: &str) -> Slot {
    match text.split_once('T') {
        Some((date, clock)) => Slot {
            date: time::parse_date(date).unwrap(),
            time: Some(time::parse_time(clock).unwrap()),
        },
        None => Slot {
            date: time::parse_date(text).unwrap(),
            time: None,
        },
    }
}

pub fn show(slot: Slot) -> String {
    match slot.time {
        Some(time) => format!("{}T{}", slot.date, time.format("%H:%M")),
        None => slot.date.to_string(),
    }
}

pub fn utc(text: &str) -> DateTime<Utc> {
    time::parse_instant(text).unwrap()
}

pub struct Case {
    pub rule: Rule,
    pub from: RepeatFrom,
    pub zone: &'static str,
}

pub fn every(rule: &str) -> Case {
    Case {
        rule: Rule::parse(rule).unwrap(),
        from: RepeatFrom::Due,
        zone: "UTC",
    }
}

pub fn after_completion(rule: &str) -> Case {
    Case {
        from: RepeatFrom::Completion,
        ..every(rule)
    }
}

impl Case {
    pub fn zone(self, zone: &'static str) -> Self {
        Self { zone, ..self }
    }

    pub fn next(&self, due: &str, done: &str) -> Option<Next> {
        self.next_of_moved(due, due, done, &[])
    }

    pub fn next_of_moved(
        &self,
        due: &str,
        occurrence: &str,
        done: &str,
        taken: &[NaiveDateTime],
    ) -> Option<Next> {
        Repetition {
            rule: &self.rule,
            from: self.from,
            zone: self.zone.parse().unwrap(),
        }
        .next(slot(due), slot(occurrence).local(), utc(done), taken)
    }

    pub fn gives(&self, due: &str, done: &str) -> String {
        self.next(due, done)
            .map_or_else(|| "nothing".into(), |next| show(next.slot))
    }

    /// Each done in time: what comes after one another.
    pub fn series(&self, due: &str, length: usize) -> Vec<String> {
        let mut series = vec![due.to_owned()];
        while series.len() < length {
            match self.gives(series.last().unwrap(), "1990-01-01T00:00:00Z") {
                over if over == "nothing" => break,
                next => series.push(next),
            }
        }
        series
    }
}
