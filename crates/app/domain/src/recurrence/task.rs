//! What becomes of a task in its series: the one that follows, the last one, one in another zone.

use super::Next;
use crate::time::{instant, local};
use crate::{Reminder, Status, Task};
use chrono::{DateTime, NaiveDateTime, Utc};
use chrono_tz::Tz;

impl Task {
    /// The task that follows this one, which fills the slot `occurrence` of its series; also this one
    /// itself when it is skipped. A reminder at an instant keeps its distance on the clock.
    pub fn follow(&self, next: &Next, occurrence: NaiveDateTime) -> Self {
        let due = self.slot().unwrap_or(next.slot);
        let remind_at = self.remind_at.and_then(|at| {
            let reminder = Reminder::At(at).on_next(due, occurrence, next.slot, self.time_zone);
            reminder.instant(Some(next.slot), self.time_zone)
        });
        Self {
            status: Status::Pending,
            due_date: Some(next.slot.date),
            due_time: next.slot.time,
            remind_at,
            rule: Some(next.rule.clone()),
            ..self.clone()
        }
    }

    /// The task when its series ends with it: nothing follows when it is done.
    pub fn end_series(&self) -> Self {
        Self {
            rule: None,
            ..self.clone()
        }
    }

    /// The task after its user moved from one zone to another; none where nothing changes.
    ///
    /// What is pending in the user's old zone comes along: nine stays nine, on the new clock, for
    /// reminders too. A task in another zone was put there on purpose and stays, and so does what is
    /// done.
    pub fn with_user_zone(&self, old: Tz, new: Tz) -> Option<Self> {
        if old == new || self.time_zone != old || self.status == Status::Completed {
            return None;
        }
        let moved = |at: DateTime<Utc>| instant(local(at, old), new);
        Some(Self {
            time_zone: new,
            remind_at: self.remind_at.map(moved),
            ..self.clone()
        })
    }
}
