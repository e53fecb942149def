//! When reminders ring, and when they do not.

use chrono::{DateTime, NaiveDateTime, Utc};
use chrono_tz::Europe::Berlin;
use domain::{Reminder, Ring, Slot, default_reminder, time};

fn slot(text: &str) -> Option<Slot> {
    let (date, clock) = text.split_once('T').unwrap_or((text, ""));
    Some(Slot {
        date: time::parse_date(date).unwrap(),
        time: time::parse_time(clock).ok(),
    })
}

fn utc(text: &str) -> DateTime<Utc> {
    time::parse_instant(text).unwrap()
}

fn local(text: &str) -> NaiveDateTime {
    slot(text).unwrap().local()
}

fn day_before_at_nine() -> Reminder {
    Reminder::DaysBefore {
        days: 1,
        at: time::parse_time("09:00").unwrap(),
    }
}

/// Long before all dates here.
fn early() -> DateTime<Utc> {
    utc("2026-11-27T12:00:00Z")
}

#[test]
fn the_day_before_at_nine_follows_the_date_of_an_all_day_task() {
    let reminder = day_before_at_nine();
    for (due, instant) in [
        ("2027-01-05", "2027-01-04T08:00:00Z"),
        ("2027-02-28", "2027-02-27T08:00:00Z"),
        // Summer time has begun; nine stays nine.
        ("2027-03-29", "2027-03-28T07:00:00Z"),
        ("2027-01-05T23:00", "2027-01-04T08:00:00Z"),
    ] {
        let ring = reminder.ring(slot(due), Berlin, early());
        assert_eq!(ring, Ring::At(utc(instant)), "{due}");
    }
    assert_eq!(reminder.ring(None, Berlin, early()), Ring::Asleep);
    assert_eq!(reminder.text(Berlin), "the day before at 09:00");
}

#[test]
fn minutes_before_sleep_while_there_is_no_time() {
    let reminder = Reminder::MinutesBefore(30);
    let timed = slot("2027-01-05T09:00");
    let at = Ring::At(utc("2027-01-05T07:30:00Z"));
    assert_eq!(reminder.ring(timed, Berlin, early()), at);
    let removed = reminder.after_move((timed, Berlin), (slot("2027-01-05"), Berlin), early());
    assert_eq!(removed, Some(Ring::Asleep));
    let again = reminder.after_move((slot("2027-01-05"), Berlin), (timed, Berlin), early());
    assert_eq!(again, Some(at));
}

#[test]
fn a_due_date_that_is_moved_into_the_past_rings_nothing() {
    let now = utc("2027-01-05T12:00:00Z");
    let due = slot("2027-01-06T09:00");
    for (reminder, to) in [
        (Reminder::MinutesBefore(30), "2027-01-04T09:00"),
        (Reminder::MinutesBefore(0), "2027-01-05T13:00"),
        (day_before_at_nine(), "2027-01-05"),
    ] {
        let ring = reminder.after_move((due, Berlin), (slot(to), Berlin), now);
        assert!(
            matches!(ring, Some(Ring::Passed(_))),
            "{reminder:?} {ring:?}"
        );
    }
    // An absolute one does not follow, and a change of something else rings nothing again.
    let absolute = Reminder::At(utc("2027-01-06T07:00:00Z"));
    let to = (slot("2027-01-04"), Berlin);
    assert_eq!(absolute.after_move((due, Berlin), to, now), None);
    assert_eq!(
        Reminder::MinutesBefore(30).after_move((due, Berlin), (due, Berlin), now),
        None
    );
}

#[test]
fn an_absolute_one_keeps_its_distance_on_the_next_occurrence() {
    let next = |at: &str, due: &str, occurrence: &str, next: &str| {
        let at = Reminder::At(utc(at));
        match at.on_next(
            slot(due).unwrap(),
            local(occurrence),
            slot(next).unwrap(),
            Berlin,
        ) {
            Reminder::At(at) => at.format("%Y-%m-%dT%H:%M:%SZ").to_string(),
            other => panic!("{other:?}"),
        }
    };
    for (at, due, occurrence, following, expected) in [
        // Nine in the evening before stays that when summer time ends.
        (
            "2027-10-29T19:00:00Z",
            "2027-10-30T09:00",
            "2027-10-30T09:00",
            "2027-11-06T09:00",
            "2027-11-05T20:00:00Z",
        ),
        // Moved from Monday to Wednesday: the reminder was Monday's, and is again.
        (
            "2027-01-04T07:00:00Z",
            "2027-01-06T09:00",
            "2027-01-04T09:00",
            "2027-01-11T09:00",
            "2027-01-11T07:00:00Z",
        ),
        // Moved, and the reminder with it.
        (
            "2027-01-06T07:00:00Z",
            "2027-01-06T09:00",
            "2027-01-04T09:00",
            "2027-01-11T09:00",
            "2027-01-11T07:00:00Z",
        ),
        // The morning of a day without a time.
        (
            "2027-01-04T08:00:00Z",
            "2027-01-04",
            "2027-01-04",
            "2027-01-11",
            "2027-01-11T08:00:00Z",
        ),
    ] {
        assert_eq!(next(at, due, occurrence, following), expected, "{at} {due}");
    }
    let relative = Reminder::MinutesBefore(10);
    let due = slot("2027-01-04T09:00").unwrap();
    assert_eq!(relative.on_next(due, due.local(), due, Berlin), relative);
}

#[test]
fn a_reminder_in_the_past_is_refused_by_name() {
    let now = utc("2027-01-05T12:00:00Z");
    let refused = |reminder: Reminder, due: Option<Slot>| {
        reminder
            .check(due, Berlin, now)
            .err()
            .map(|wrong| (wrong.field, wrong.message))
    };
    let past = |field: &str| Some((field.to_owned(), "must not be in the past".to_owned()));
    let timed = slot("2027-01-05T13:15");
    assert_eq!(
        refused(Reminder::At(utc("2027-01-05T11:00:00Z")), None),
        past("remind_at")
    );
    assert_eq!(
        refused(Reminder::At(utc("2027-01-05T11:59:30Z")), None),
        None
    );
    assert_eq!(
        refused(Reminder::MinutesBefore(30), timed),
        past("minutes_before")
    );
    assert_eq!(refused(Reminder::MinutesBefore(10), timed), None);
    assert_eq!(
        refused(day_before_at_nine(), slot("2027-01-06")),
        past("days_before")
    );
    assert_eq!(refused(day_before_at_nine(), slot("2027-01-07")), None);
    let needs_time = refused(Reminder::MinutesBefore(10), slot("2027-01-07")).unwrap();
    assert_eq!(needs_time.1, "needs a task with a due_time");
    assert_eq!(
        refused(day_before_at_nine(), None).unwrap().0,
        "days_before"
    );
    assert!(refused(Reminder::MinutesBefore(u32::MAX), timed).is_some());
}

#[test]
fn a_timed_task_that_names_no_reminder_gets_the_users_default() {
    let timed = slot("2027-01-05T09:00");
    let made = |minutes, names_one, due| default_reminder(minutes, names_one, due, Berlin, early());
    assert_eq!(
        made(Some(30), false, timed),
        Some(Reminder::MinutesBefore(30))
    );
    assert_eq!(made(None, false, timed), None);
    assert_eq!(made(Some(30), true, timed), None);
    assert_eq!(made(Some(30), false, slot("2027-01-05")), None);
    assert_eq!(made(Some(30), false, slot("2026-11-27T13:00")), None);
}
