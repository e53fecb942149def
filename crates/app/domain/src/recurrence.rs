//! When a task comes again.
//!
//! - Counted from the due date (`every` of other task managers): the next time of the rule after
//!   the one that is done. What was missed does not pile up: the next occurrence of a task that was
//!   overdue is the first that lies after the moment it was done, and for a task without a time of
//!   day after that day. One done early is not asked for again at the same time.
//! - Counted from completion (`every!`): the rule begins on the day it was done, at the same time of
//!   day, and the first time after that is taken.
//! - A task that was moved still fills its slot. A rule that names its days goes on after both; a
//!   plain rhythm, such as weekly, goes on from where the task was moved to.
//! - No slot of a series is given out twice, so that an occurrence is never made two times.

use crate::time::{instant, local};
use crate::{Pattern, RepeatFrom, Rule};
use chrono::{DateTime, Datelike, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, Timelike, Utc};
use chrono_tz::Tz;

/// The day and, for some, the time that a task is due, on the clock of its zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Slot {
    /// The day.
    pub date: NaiveDate,
    /// The time of day; none for a task that is due on a day.
    pub time: Option<NaiveTime>,
}

impl Slot {
    /// As one time; midnight for a day.
    pub fn local(self) -> NaiveDateTime {
        self.date.and_time(self.time.unwrap_or(NaiveTime::MIN))
    }

    fn of(local: NaiveDateTime, timed: bool) -> Self {
        Self {
            date: local.date(),
            time: timed.then(|| local.time()),
        }
    }
}

/// What follows an occurrence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Next {
    /// When it is due.
    pub slot: Slot,
    /// Its rule: the same, with a COUNT that has gone down.
    pub rule: Rule,
}

/// How a task repeats.
#[derive(Debug, Clone, Copy)]
pub struct Repetition<'a> {
    /// The rule.
    pub rule: &'a Rule,
    /// What it is counted from.
    pub from: RepeatFrom,
    /// The zone of the task.
    pub zone: Tz,
}

impl Repetition<'_> {
    /// The occurrence after the one that is due at `due`, fills the slot `occurrence` of its series
    /// and was done at `completed_at`. `taken` are slots that the series has given out already.
    /// None when the rule ends.
    pub fn next(
        &self,
        due: Slot,
        occurrence: NaiveDateTime,
        completed_at: DateTime<Utc>,
        taken: &[NaiveDateTime],
    ) -> Option<Next> {
        match self.from {
            RepeatFrom::Due => self.next_from_due(due, occurrence, completed_at, taken),
            RepeatFrom::Completion => self.next_from_completion(due, completed_at, taken),
        }
    }

    fn next_from_due(
        &self,
        due: Slot,
        occurrence: NaiveDateTime,
        completed_at: DateTime<Utc>,
        taken: &[NaiveDateTime],
    ) -> Option<Next> {
        let base = match self.rule.pattern() {
            Pattern::Custom => due.local().max(occurrence),
            _ => due.local(),
        };
        let due_instant = instant(due.local(), self.zone);
        let done = local(completed_at, self.zone);
        let is_next = |time: NaiveDateTime| match due.time {
            // The clock may show two different times for one instant when it goes forward.
            Some(_) => instant(time, self.zone) > completed_at.max(due_instant),
            None => time.date() > done.date(),
        };
        let near = match self.rule.count() {
            // Every time since counts.
            Some(_) => base,
            None => base.max(done - TimeDelta::days(2)),
        };
        let times = self.rule.times(due.local(), near).ok()?;
        for (passed, time) in (1..).zip(times.filter(|time| *time > base)) {
            let count = match self.rule.count() {
                Some(count) if count <= passed => return None,
                count => count.map(|count| count - passed),
            };
            if self.rule.ends_before(time, self.zone) {
                return None;
            }
            if is_next(time) && time != occurrence && !taken.contains(&time) {
                return Some(Next {
                    slot: Slot::of(time, due.time.is_some()),
                    rule: self.rule.with_count(count),
                });
            }
        }
        None
    }

    fn next_from_completion(
        &self,
        due: Slot,
        completed_at: DateTime<Utc>,
        taken: &[NaiveDateTime],
    ) -> Option<Next> {
        let count = match self.rule.count() {
            Some(count) if count <= 1 => return None,
            count => count.map(|count| count - 1),
        };
        let done = local(completed_at, self.zone);
        let start = if self.rule.is_hourly() {
            done.date().and_hms_opt(done.hour(), done.minute(), 0)?
        } else {
            done.date().and_time(due.time.unwrap_or(NaiveTime::MIN))
        };
        let time = self
            .rule
            .anchored_at(start.day())
            .times(start, start)
            .ok()?
            .find(|time| *time > start && !taken.contains(time))?;
        (!self.rule.ends_before(time, self.zone)).then(|| Next {
            slot: Slot::of(time, due.time.is_some()),
            rule: self.rule.with_count(count),
        })
    }
}

/// The first time of a rule from `now` on: today still counts for a task that is due on a day.
pub fn first_slot(
    rule: &Rule,
    time: Option<NaiveTime>,
    zone: Tz,
    now: DateTime<Utc>,
) -> Option<Slot> {
    let start = local(now, zone)
        .date()
        .and_time(time.unwrap_or(NaiveTime::MIN));
    let first = rule
        .times(start, start)
        .ok()?
        .find(|found| time.is_none() || instant(*found, zone) > now)?;
    (!rule.ends_before(first, zone)).then(|| Slot::of(first, time.is_some()))
}
