//! When a task comes again.
//!
//! - A task fills a slot of its series. The rule is counted from that slot, also when the task was
//!   moved to another day: postponing one occurrence moves no other. What follows lies after both,
//!   the slot and where the task was moved to.
//! - Counted from the due date (`every` of other task managers): the next time of the rule that is
//!   not missed. A day that is over was missed; today is not, even if its time has passed, so the
//!   task of yesterday that is done today is followed by today's. Where a rule fires several times a
//!   day, each time that has passed was missed. One done early is not asked for again.
//! - Counted from completion (`every!`): the rule begins on the day it was done, at the same time of
//!   day, and nothing else matters, so that what is done twice on a day is not pushed twice. An
//!   INTERVAL means at least that many periods after the one in which it was done. Without one, a
//!   rule that names its days goes on with the next of them that was not asked for yet.
//! - COUNT counts the times of the rule, those that were missed or left out among them; counted from
//!   completion, what was done.
//! - No slot of a series is given out twice, so that an occurrence is never made two times.

mod explain;
mod preview;
mod task;

pub use preview::{Preview, occurrences};

use crate::time::{instant, local};
use crate::{RepeatFrom, Rule};
use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, Timelike, Utc};
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

    pub(crate) fn of(local: NaiveDateTime, timed: bool) -> Self {
        Self {
            date: local.date(),
            time: timed.then(|| local.time()),
        }
    }
}

/// What follows an occurrence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Next {
    /// When it is due; as one time, the slot that it fills in its series.
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
    /// and was done at `completed_at`. `taken` are slots that the series has given out and that are
    /// not to be given out again. None when the rule ends.
    pub fn next(
        &self,
        due: Slot,
        occurrence: NaiveDateTime,
        completed_at: DateTime<Utc>,
        taken: &[NaiveDateTime],
    ) -> Option<Next> {
        match self.from {
            RepeatFrom::Due => self.next_from_due(due, occurrence, completed_at, taken),
            RepeatFrom::Completion => {
                let done = local(completed_at, self.zone);
                self.next_from_completion(due, occurrence, done, taken)
            }
        }
    }

    /// The occurrence that a task goes on with when this one is left out, undone: as if it had been
    /// done in time, or now if it is overdue. None when it is the last.
    pub fn skip(
        &self,
        due: Slot,
        occurrence: NaiveDateTime,
        now: DateTime<Utc>,
        taken: &[NaiveDateTime],
    ) -> Option<Next> {
        match self.from {
            RepeatFrom::Due => self.next_from_due(due, occurrence, now, taken),
            RepeatFrom::Completion => {
                let left = local(now, self.zone).max(due.local());
                self.next_from_completion(due, occurrence, left, taken)
            }
        }
    }

    fn next_from_due(
        &self,
        due: Slot,
        occurrence: NaiveDateTime,
        completed_at: DateTime<Utc>,
        taken: &[NaiveDateTime],
    ) -> Option<Next> {
        let is_timed = due.time.is_some();
        let base = due.local().max(occurrence);
        let due_instant = instant(due.local(), self.zone);
        let done = local(completed_at, self.zone);
        let is_next = |time: NaiveDateTime| {
            if is_timed && self.rule.fires_several_times_a_day() {
                // The clock may show two different times for one instant when it goes forward.
                instant(time, self.zone) > completed_at.max(due_instant)
            } else {
                time.date() >= done.date()
            }
        };
        let near = match self.rule.count() {
            // Every time since counts.
            Some(_) => occurrence,
            None => base.max(two_days_before(done)),
        };
        let times = self.rule.times(occurrence, near);
        for (passed, time) in (1..).zip(times.filter(|time| *time > occurrence)) {
            let count = match self.rule.count() {
                Some(count) if count <= passed => return None,
                count => count.map(|count| count - passed),
            };
            if self.rule.ends_before(time, is_timed, self.zone) {
                return None;
            }
            if time > base && is_next(time) && !taken.contains(&time) {
                return Some(Next {
                    slot: Slot::of(time, is_timed),
                    rule: self.rule.with_count(count),
                });
            }
        }
        None
    }

    fn next_from_completion(
        &self,
        due: Slot,
        occurrence: NaiveDateTime,
        done: NaiveDateTime,
        taken: &[NaiveDateTime],
    ) -> Option<Next> {
        let is_timed = due.time.is_some();
        let count = match self.rule.count() {
            Some(count) if count <= 1 => return None,
            count => count.map(|count| count - 1),
        };
        let start = if self.rule.is_hourly() {
            done.date().and_hms_opt(done.hour(), done.minute(), 0)?
        } else {
            done.date().and_time(due.time.unwrap_or(NaiveTime::MIN))
        };
        let rule = self.rule.anchored_on(start.date());
        let from = match rule.interval() {
            1 => start,
            _ => rule.period_after(start, 1)?,
        };
        let is_later = |time: NaiveDateTime| {
            if is_timed && rule.fires_several_times_a_day() {
                time > done
            } else {
                time.date() > done.date()
            }
        };
        // A day that the rule names and that was done early.
        let names_days = rule.interval() == 1 && !rule.is_plain();
        let was_asked =
            |time: NaiveDateTime| names_days && (time <= occurrence || time == due.local());
        let time = rule
            .times(start, from)
            .find(|time| is_later(*time) && !was_asked(*time) && !taken.contains(time))?;
        (!rule.ends_before(time, is_timed, self.zone)).then(|| Next {
            slot: Slot::of(time, is_timed),
            rule: rule.with_count(count),
        })
    }
}

/// Longer ago than any clock was ever put back.
fn two_days_before(time: NaiveDateTime) -> NaiveDateTime {
    time.checked_sub_signed(TimeDelta::days(2)).unwrap_or(time)
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
        .find(|found| time.is_none() || instant(*found, zone) > now)?;
    (!rule.ends_before(first, time.is_some(), zone)).then(|| Slot::of(first, time.is_some()))
}
