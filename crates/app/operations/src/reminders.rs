//! The reminders of a task.

use crate::tasks::no_task;
use crate::{Context, Error, Violations};
use chrono::{DateTime, Utc};
use store::Database;
use store::reminders::{self, Added, MAX_PER_TASK, Removed, When};
use uuid::Uuid;

/// The longest time ahead: a year.
const MAX_MINUTES: i32 = 525_600;
const MISSING: &str = "is required, or else minutes_before";

/// A reminder that is about to be added: one of the two.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NewReminder {
    /// At this instant.
    pub remind_at: Option<DateTime<Utc>>,
    /// So many minutes before the task is due; moves with it.
    pub minutes_before: Option<i64>,
}

/// The reminders of a task that is not in the trash, each as its JSON, in the order of their time.
///
/// # Errors
/// When there is no such task, or the database fails.
pub async fn list(context: &Context<impl Database>, task_id: Uuid) -> Result<Vec<String>, Error> {
    let user_id = context.user_id();
    crate::tasks::read(context, task_id).await?;
    Ok(reminders::list(&context.db, user_id, task_id).await?)
}

/// Adds a reminder to a task; its JSON.
///
/// # Errors
/// When the input is wrong, there is no such task, it has reminders enough or the database fails.
pub async fn add(
    context: &Context<impl Database>,
    task_id: Uuid,
    new: NewReminder,
) -> Result<String, Error> {
    let when = new.when()?;
    match reminders::add(&context.db, &context.author, task_id, when).await? {
        Added::New(json) => Ok(json),
        Added::NoTask => Err(no_task()),
        Added::NoTime => Err(Error::invalid(
            "minutes_before",
            "needs a task with a due_time to count back from",
        )),
        Added::TooMany => Err(Error::conflict(
            "remind_at",
            format!("a task has at most {MAX_PER_TASK} reminders"),
        )),
    }
}

/// Removes a reminder of a task.
///
/// # Errors
/// When there is no such reminder, it is the task's own field or the database fails.
pub async fn remove(
    context: &Context<impl Database>,
    task_id: Uuid,
    reminder_id: Uuid,
) -> Result<(), Error> {
    match reminders::remove(&context.db, context.user_id(), task_id, reminder_id).await? {
        Removed::Done => Ok(()),
        Removed::Absent => Err(Error::NotFound("reminder")),
        Removed::TaskField => Err(Error::conflict(
            "reminder_id",
            "is the task's own remind_at: set that to null instead",
        )),
    }
}

impl NewReminder {
    fn when(&self) -> Result<When, Error> {
        let mut wrong = Violations::default();
        let before = self.minutes_before.and_then(|minutes| {
            let minutes = i32::try_from(minutes).ok();
            let allowed = minutes.filter(|minutes| (0..=MAX_MINUTES).contains(minutes));
            if allowed.is_none() {
                wrong.add("minutes_before", format!("must be from 0 to {MAX_MINUTES}"));
            }
            allowed
        });
        match (self.remind_at, before) {
            (Some(_), Some(_)) => {
                wrong.add("minutes_before", "must not come together with remind_at");
            }
            (None, None) if wrong.is_empty() => wrong.add("remind_at", MISSING),
            _ => {}
        }
        wrong.into_result(()).map_err(Error::Invalid)?;
        let at = self.remind_at.map(When::At);
        at.or(before.map(When::MinutesBefore))
            .ok_or_else(|| Error::invalid("remind_at", MISSING))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_of_the_two_is_needed_and_no_more() {
        let when = |remind_at, minutes_before| {
            let new = NewReminder {
                remind_at,
                minutes_before,
            };
            new.when().map_err(|refused| match refused {
                Error::Invalid(wrong) => wrong.into_iter().next().map(|first| first.field),
                other => panic!("{other}"),
            })
        };
        let now = Utc::now();
        assert_eq!(when(Some(now), None), Ok(When::At(now)));
        assert_eq!(when(None, Some(0)), Ok(When::MinutesBefore(0)));
        assert_eq!(when(None, None), Err(Some("remind_at".into())));
        for minutes in [-1, 525_601, i64::MAX] {
            let refused = Err(Some("minutes_before".into()));
            assert_eq!(when(None, Some(minutes)), refused, "{minutes}");
        }
        assert!(when(Some(now), Some(1)).is_err());
    }
}
