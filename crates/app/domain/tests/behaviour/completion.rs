//! What follows a task that is done late, early, elsewhere or never: by tables.

use crate::case::{Case, after_completion, every, show, slot, utc};
use domain::Repetition;

#[test]
fn what_was_missed_does_not_pile_up() {
    for (rule, due, done, next) in [
        // Done late: the first one that is not over. Today is not.
        (
            "FREQ=DAILY",
            "2026-11-01",
            "2026-11-21T08:00:00Z",
            "2026-11-21",
        ),
        (
            "FREQ=DAILY",
            "2026-11-20",
            "2026-11-21T08:00:00Z",
            "2026-11-21",
        ),
        (
            "FREQ=DAILY",
            "2026-11-20T09:00",
            "2026-11-21T10:00:00Z",
            "2026-11-21T09:00",
        ),
        (
            "FREQ=WEEKLY",
            "2026-11-02",
            "2026-11-21T08:00:00Z",
            "2026-11-23",
        ),
        (
            "FREQ=WEEKLY;INTERVAL=2",
            "2026-11-02",
            "2026-11-21T08:00:00Z",
            "2026-11-30",
        ),
        (
            "FREQ=MONTHLY",
            "2020-01-15",
            "2026-11-21T08:00:00Z",
            "2026-12-15",
        ),
        (
            "FREQ=MONTHLY;INTERVAL=5",
            "2020-01-15",
            "2026-11-21T08:00:00Z",
            "2027-02-15",
        ),
        (
            "FREQ=YEARLY;INTERVAL=4",
            "1972-02-29",
            "2026-11-21T08:00:00Z",
            "2028-02-29",
        ),
        // A time of day that is still to come today is not missed.
        (
            "FREQ=DAILY",
            "2026-11-01T09:00",
            "2026-11-21T08:00:00Z",
            "2026-11-21T09:00",
        ),
        // Several times a day, each that has passed is missed.
        (
            "FREQ=DAILY;BYHOUR=9,17",
            "2026-11-20T17:00",
            "2026-11-21T10:00:00Z",
            "2026-11-21T17:00",
        ),
        (
            "FREQ=DAILY;BYHOUR=9,17",
            "2026-11-20T17:00",
            "2026-11-21T18:00:00Z",
            "2026-11-22T09:00",
        ),
        (
            "FREQ=HOURLY",
            "1999-11-21T09:15",
            "2026-11-21T08:00:00Z",
            "2026-11-21T08:15",
        ),
        (
            "FREQ=HOURLY;INTERVAL=7",
            "2026-11-21T00:15",
            "2026-11-22T08:00:00Z",
            "2026-11-22T11:15",
        ),
        // Done in time, or early: the one after, never the same again.
        (
            "FREQ=DAILY",
            "2026-11-21",
            "2026-11-21T08:00:00Z",
            "2026-11-22",
        ),
        (
            "FREQ=WEEKLY",
            "2026-11-27",
            "2026-11-21T08:00:00Z",
            "2026-12-04",
        ),
        (
            "FREQ=WEEKLY;BYDAY=MO,FR",
            "2026-11-27",
            "2026-11-21T08:00:00Z",
            "2026-11-30",
        ),
    ] {
        assert_eq!(every(rule).gives(due, done), next, "{rule} {due} {done}");
    }
}

#[test]
fn a_task_may_be_counted_from_the_day_it_was_done() {
    for (rule, due, done, next) in [
        (
            "FREQ=DAILY;INTERVAL=3",
            "2026-11-01",
            "2026-11-21T08:00:00Z",
            "2026-11-24",
        ),
        (
            "FREQ=DAILY;INTERVAL=3",
            "2026-11-30",
            "2026-11-21T08:00:00Z",
            "2026-11-24",
        ),
        (
            "FREQ=DAILY",
            "2026-11-01T09:00",
            "2026-11-21T22:00:00Z",
            "2026-11-22T09:00",
        ),
        (
            "FREQ=WEEKLY",
            "2026-11-01",
            "2026-11-21T08:00:00Z",
            "2026-11-28",
        ),
        (
            "FREQ=WEEKLY;BYDAY=MO",
            "2026-11-16",
            "2026-11-21T08:00:00Z",
            "2026-11-23",
        ),
        (
            "FREQ=MONTHLY",
            "2026-12-31",
            "2027-01-31T08:00:00Z",
            "2027-02-28",
        ),
        (
            "FREQ=MONTHLY;BYMONTHDAY=28,29,30,31;BYSETPOS=-1",
            "2027-01-31",
            "2027-02-10T08:00:00Z",
            "2027-03-10",
        ),
        (
            "FREQ=HOURLY;INTERVAL=12",
            "2026-11-21T00:15",
            "2026-11-21T08:30:40Z",
            "2026-11-21T20:30",
        ),
    ] {
        assert_eq!(
            after_completion(rule).gives(due, done),
            next,
            "{rule} {due} {done}"
        );
    }
}

#[test]
fn a_moved_task_does_not_come_back_to_its_own_slot() {
    let mondays = every("FREQ=WEEKLY;BYDAY=MO");
    let next = |due: &str| {
        let next = mondays.next_of_moved(due, "2026-12-14", "2026-12-01T00:00:00Z", &[]);
        show(next.unwrap().slot)
    };
    assert_eq!(next("2026-12-11"), "2026-12-21");
    assert_eq!(next("2026-12-16"), "2026-12-21");
    assert_eq!(next("2026-12-22"), "2026-12-28");
}

#[test]
fn postponing_one_occurrence_does_not_move_the_series() {
    for (rule, occurrence, due, expected) in [
        ("FREQ=WEEKLY", "2027-01-04", "2027-01-06", "2027-01-11"),
        ("FREQ=WEEKLY", "2027-01-04", "2027-01-01", "2027-01-11"),
        (
            "FREQ=WEEKLY;BYDAY=MO",
            "2027-01-04",
            "2027-01-06",
            "2027-01-11",
        ),
        // Past the next one, which is not asked for then.
        ("FREQ=WEEKLY", "2027-01-04", "2027-01-12", "2027-01-18"),
        (
            "FREQ=WEEKLY;INTERVAL=2",
            "2027-01-04",
            "2027-01-12",
            "2027-01-18",
        ),
        (
            "FREQ=MONTHLY;BYMONTHDAY=28,29,30,31;BYSETPOS=-1",
            "2027-01-31",
            "2027-02-02",
            "2027-02-28",
        ),
        ("FREQ=MONTHLY", "2027-01-28", "2027-02-05", "2027-02-28"),
        ("FREQ=DAILY", "2026-12-14", "2026-12-13", "2026-12-15"),
        (
            "FREQ=DAILY",
            "2026-12-14T09:00",
            "2026-12-14T16:00",
            "2026-12-15T09:00",
        ),
        ("FREQ=YEARLY", "2027-03-01", "2027-03-09", "2028-03-01"),
    ] {
        let next = every(rule).next_of_moved(due, occurrence, "2026-11-01T00:00:00Z", &[]);
        assert_eq!(show(next.unwrap().slot), expected, "{rule} {due}");
    }
}

#[test]
fn no_slot_of_a_series_is_given_out_twice() {
    let daily = after_completion("FREQ=DAILY");
    let taken = [slot("2026-11-22").local()];
    let next = daily
        .next_of_moved("2026-11-22", "2026-11-22", "2026-11-21T20:00:00Z", &taken)
        .unwrap();
    assert_eq!(show(next.slot), "2026-11-23");
}

#[test]
fn counted_from_completion_an_interval_means_at_least_that_interval() {
    for (rule, done, next) in [
        (
            "FREQ=WEEKLY;INTERVAL=4;BYDAY=SU",
            "2026-11-27T12:00:00Z",
            "2026-12-27",
        ),
        (
            "FREQ=MONTHLY;INTERVAL=3;BYDAY=MO",
            "2026-11-27T12:00:00Z",
            "2027-02-01",
        ),
        (
            "FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,FR",
            "2026-11-23T12:00:00Z",
            "2026-12-07",
        ),
        (
            "FREQ=YEARLY;INTERVAL=2;BYMONTH=12;BYMONTHDAY=1",
            "2026-11-27T12:00:00Z",
            "2028-12-01",
        ),
        (
            "FREQ=MONTHLY;INTERVAL=2;COUNT=9",
            "2026-12-31T12:00:00Z",
            "2027-02-28",
        ),
        // Without an interval, the next day that the rule names.
        (
            "FREQ=WEEKLY;BYDAY=MO,WE,FR",
            "2026-11-23T12:00:00Z",
            "2026-11-25",
        ),
        (
            "FREQ=MONTHLY;BYMONTHDAY=15",
            "2026-11-20T12:00:00Z",
            "2026-12-15",
        ),
    ] {
        assert_eq!(
            after_completion(rule).gives("2026-11-20", done),
            next,
            "{rule}"
        );
    }
}

#[test]
fn counted_from_completion_what_is_done_twice_on_a_day_is_not_pushed_twice() {
    let done = "2026-11-27T12:00:00Z";
    for rule in [
        "FREQ=DAILY",
        "FREQ=DAILY;INTERVAL=3",
        "FREQ=WEEKLY",
        "FREQ=MONTHLY",
        "FREQ=WEEKLY;INTERVAL=4;BYDAY=SU",
    ] {
        let first = after_completion(rule).gives("2026-11-26", done);
        assert_eq!(after_completion(rule).gives(&first, done), first, "{rule}");
    }
    // But a day that the rule names and that is done is not asked for again, also when it was moved.
    let named = after_completion("FREQ=MONTHLY;BYMONTHDAY=30");
    let moved = named.next_of_moved("2026-12-02", "2026-11-30", done, &[]);
    assert_eq!(show(moved.unwrap().slot), "2026-12-30");
    assert_eq!(
        after_completion("FREQ=MONTHLY;BYMONTHDAY=30").gives("2026-11-30", done),
        "2026-12-30"
    );
}

#[test]
fn one_that_is_skipped_goes_on_with_the_next() {
    let skip = |case: &Case, due: &str, now: &str| {
        Repetition {
            rule: &case.rule,
            from: case.from,
            zone: chrono_tz::UTC,
        }
        .skip(slot(due), slot(due).local(), utc(now), &[])
        .map(|next| show(next.slot))
    };
    let now = "2026-11-27T12:00:00Z";
    let some = |text: &str| Some(text.to_owned());
    assert_eq!(
        skip(&every("FREQ=WEEKLY"), "2026-11-30", now),
        some("2026-12-07")
    );
    assert_eq!(
        skip(&every("FREQ=DAILY"), "2026-11-20", now),
        some("2026-11-27")
    );
    let after = after_completion("FREQ=DAILY;INTERVAL=3");
    assert_eq!(skip(&after, "2026-11-30", now), some("2026-12-03"));
    assert_eq!(skip(&after, "2026-11-20", now), some("2026-11-30"));
    assert_eq!(skip(&every("FREQ=DAILY;COUNT=1"), "2026-11-30", now), None);
    assert_eq!(
        skip(&every("FREQ=DAILY;UNTIL=20261130"), "2026-11-30", now),
        None
    );
}

#[test]
fn a_count_runs_out_and_missed_times_count() {
    let thrice = every("FREQ=DAILY;COUNT=3");
    let second = thrice.next("2026-11-01", "2026-11-01T08:00:00Z").unwrap();
    assert_eq!(second.rule.to_string(), "FREQ=DAILY;COUNT=2");
    let third = thrice.next("2026-11-01", "2026-11-03T08:00:00Z").unwrap();
    assert_eq!(show(third.slot), "2026-11-03");
    assert_eq!(third.rule.to_string(), "FREQ=DAILY;COUNT=1");
    assert_eq!(
        thrice.gives("2026-11-01", "2026-11-04T08:00:00Z"),
        "nothing"
    );
    assert_eq!(
        every("FREQ=DAILY;COUNT=1").gives("2026-11-01", "2026-11-01T08:00:00Z"),
        "nothing"
    );
    // One that was moved past others has used them up.
    let moved = every("FREQ=DAILY;COUNT=5").next_of_moved(
        "2026-11-04",
        "2026-11-01",
        "2026-11-04T08:00:00Z",
        &[],
    );
    let last = moved.unwrap();
    assert_eq!(
        (show(last.slot), last.rule.count()),
        ("2026-11-05".into(), Some(1))
    );
    let after = after_completion("FREQ=DAILY;COUNT=2");
    let last = after.next("2026-11-01", "2026-11-21T08:00:00Z").unwrap();
    assert_eq!(last.rule.count(), Some(1));
    assert_eq!(
        after_completion("FREQ=DAILY;COUNT=1").gives("2026-11-01", "2026-11-21T08:00:00Z"),
        "nothing"
    );
}
