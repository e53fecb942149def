//! When a reminder rings.
//!
//! - A relative one follows the task: so many minutes before its time, or so many days before its day
//!   at a time of day, on the clock of the task's zone.
//! - Without what it counts from it sleeps, until there is a time, or a day, again. It never falls
//!   back to midnight.
//! - A change that puts it into the past rings nothing. A new one in the past is refused.
//! - An absolute one stays when its task is moved, and keeps its distance on the next occurrence.

use crate::time::{instant, local};
use crate::{Slot, Violation};
use chrono::{DateTime, Days, NaiveDateTime, NaiveTime, TimeDelta, Utc};
use chrono_tz::Tz;

/// A year.
pub const MAX_MINUTES_BEFORE: u32 = 525_600;
/// A year.
pub const MAX_DAYS_BEFORE: u32 = 365;

/// How far a new reminder may be in the past: clocks differ, and people choose whole minutes.
const GRACE_SECONDS: i64 = 60;

/// When to remind of a task.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reminder {
    /// At this instant.
    At(DateTime<Utc>),
    /// So many minutes before the task's time, for tasks that have one.
    MinutesBefore(u32),
    /// So many days before the task's day, at this time of day: "the day before at 09:00".
    DaysBefore {
        /// 0 is the day itself.
        days: u32,
        /// On the clock of the task's zone.
        at: NaiveTime,
    },
}

/// What a reminder does after its task was made or changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ring {
    /// It rings then.
    At(DateTime<Utc>),
    /// It would have rung then, and rings no more.
    Passed(DateTime<Utc>),
    /// The task has not what it counts from.
    Asleep,
}

impl Reminder {
    /// The instant it stands for, for a task that is due then; none while it sleeps.
    pub fn instant(self, due: Option<Slot>, zone: Tz) -> Option<DateTime<Utc>> {
        match self {
            Self::At(instant) => Some(instant),
            Self::MinutesBefore(minutes) => {
                let due = due.filter(|due| due.time.is_some())?;
                let before = TimeDelta::try_minutes(minutes.into())?;
                instant(due.local(), zone).checked_sub_signed(before)
            }
            Self::DaysBefore { days, at } => {
                let day = due?.date.checked_sub_days(Days::new(days.into()))?;
                Some(instant(day.and_time(at), zone))
            }
        }
    }

    /// What it does from `now` on, for a task that is due then.
    pub fn ring(self, due: Option<Slot>, zone: Tz, now: DateTime<Utc>) -> Ring {
        match self.instant(due, zone) {
            None => Ring::Asleep,
            Some(instant) if instant <= now => Ring::Passed(instant),
            Some(instant) => Ring::At(instant),
        }
    }

    /// What it does after the task's day, time or zone changed; none where that changes nothing, so
    /// that what has rung stays so.
    pub fn after_move(
        self,
        before: (Option<Slot>, Tz),
        after: (Option<Slot>, Tz),
        now: DateTime<Utc>,
    ) -> Option<Ring> {
        let was = self.instant(before.0, before.1);
        (was != self.instant(after.0, after.1)).then(|| self.ring(after.0, after.1, now))
    }

    /// The same reminder of the next occurrence. `due` and `occurrence` are when this one is due and
    /// the slot it fills: they differ for one that was moved. An absolute reminder keeps its distance
    /// on the clock to the nearer of the two that it comes before.
    pub fn on_next(self, due: Slot, occurrence: NaiveDateTime, next: Slot, zone: Tz) -> Self {
        let Self::At(at) = self else {
            return self;
        };
        let at = local(at, zone);
        let end_of = |time: NaiveDateTime| match due.time {
            Some(_) => time,
            None => time.checked_add_days(Days::new(1)).unwrap_or(time),
        };
        let counted_from = [due.local(), occurrence]
            .into_iter()
            .filter(|time| at <= end_of(*time))
            .min()
            .unwrap_or_else(|| due.local());
        let moved = next.local().checked_add_signed(at - counted_from);
        Self::At(instant(moved.unwrap_or(at), zone))
    }

    /// Whether a task that is due then may get this reminder now.
    ///
    /// # Errors
    /// Names the field that is wrong.
    pub fn check(self, due: Option<Slot>, zone: Tz, now: DateTime<Utc>) -> Result<(), Violation> {
        let (field, needs) = match self {
            Self::At(_) => ("remind_at", ""),
            Self::MinutesBefore(minutes) if minutes > MAX_MINUTES_BEFORE => {
                return refuse(
                    "minutes_before",
                    format!("must be from 0 to {MAX_MINUTES_BEFORE}"),
                );
            }
            Self::MinutesBefore(_) => ("minutes_before", "needs a task with a due_time"),
            Self::DaysBefore { days, .. } if days > MAX_DAYS_BEFORE => {
                return refuse(
                    "days_before",
                    format!("must be from 0 to {MAX_DAYS_BEFORE}"),
                );
            }
            Self::DaysBefore { .. } => ("days_before", "needs a task with a due_date"),
        };
        match self.instant(due, zone) {
            None => refuse(field, needs.to_owned()),
            Some(instant) if (now - instant).num_seconds() > GRACE_SECONDS => {
                refuse(field, "must not be in the past".to_owned())
            }
            Some(_) => Ok(()),
        }
    }

    /// In plain English: "the day before at 09:00".
    pub fn text(self, zone: Tz) -> String {
        match self {
            Self::At(at) => local(at, zone).format("%-d %b %Y at %H:%M").to_string(),
            Self::MinutesBefore(0) => "when it is due".to_owned(),
            Self::MinutesBefore(1) => "1 minute before".to_owned(),
            Self::MinutesBefore(minutes) => format!("{minutes} minutes before"),
            Self::DaysBefore { days, at } => {
                let day = match days {
                    0 => "on the day".to_owned(),
                    1 => "the day before".to_owned(),
                    days => format!("{days} days before"),
                };
                format!("{day} at {}", at.format("%H:%M"))
            }
        }
    }
}

/// The reminder that a user's `default_reminder_minutes` makes for a new task: for one that has a
/// time and names no reminder, unless it would be over.
pub fn default_reminder(
    default_minutes: Option<u32>,
    names_one: bool,
    due: Option<Slot>,
    zone: Tz,
    now: DateTime<Utc>,
) -> Option<Reminder> {
    let reminder = Reminder::MinutesBefore(default_minutes.filter(|_| !names_one)?);
    matches!(reminder.ring(due, zone, now), Ring::At(_)).then_some(reminder)
}

fn refuse(field: &str, message: String) -> Result<(), Violation> {
    Err(Violation {
        field: field.to_owned(),
        message,
    })
}
