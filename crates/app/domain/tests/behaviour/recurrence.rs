//! When a task comes again, by tables: rhythm, time zones, changes of offset, ends of months.

use chrono::{DateTime, NaiveDateTime, Utc};
use domain::{Next, RepeatFrom, Repetition, Rule, Slot, first_slot, time};

/// `2026-01-31`, or `2026-01-31T09:00` for a task with a time of day.
fn slot(text: &str) -> Slot {
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

fn show(slot: Slot) -> String {
    match slot.time {
        Some(time) => format!("{}T{}", slot.date, time.format("%H:%M")),
        None => slot.date.to_string(),
    }
}

fn utc(text: &str) -> DateTime<Utc> {
    time::parse_instant(text).unwrap()
}

struct Case {
    rule: Rule,
    from: RepeatFrom,
    zone: &'static str,
}

fn every(rule: &str) -> Case {
    Case {
        rule: Rule::parse(rule).unwrap(),
        from: RepeatFrom::Due,
        zone: "UTC",
    }
}

fn after_completion(rule: &str) -> Case {
    Case {
        from: RepeatFrom::Completion,
        ..every(rule)
    }
}

impl Case {
    fn zone(self, zone: &'static str) -> Self {
        Self { zone, ..self }
    }

    fn next(&self, due: &str, done: &str) -> Option<Next> {
        self.next_of_moved(due, due, done, &[])
    }

    fn next_of_moved(
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

    fn gives(&self, due: &str, done: &str) -> String {
        self.next(due, done)
            .map_or_else(|| "nothing".into(), |next| show(next.slot))
    }

    /// Each done in time: what comes after one another.
    fn series(&self, due: &str, length: usize) -> Vec<String> {
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

#[test]
fn a_rule_gives_one_date_after_another() {
    for (rule, series) in [
        ("FREQ=DAILY", "2026-02-27 2026-02-28 2026-03-01"),
        ("FREQ=DAILY;INTERVAL=3", "2026-12-30 2027-01-02 2027-01-05"),
        ("FREQ=WEEKLY", "2026-11-23 2026-11-30 2026-12-07"),
        ("FREQ=WEEKLY;INTERVAL=2", "2026-11-23 2026-12-07 2026-12-21"),
        (
            "FREQ=WEEKLY;BYDAY=MO,WE,FR",
            "2026-11-23 2026-11-25 2026-11-27 2026-11-30",
        ),
        (
            "FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,FR",
            "2026-11-23 2026-11-27 2026-12-07 2026-12-11",
        ),
        (
            "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR",
            "2026-11-27 2026-11-30 2026-12-01",
        ),
        ("FREQ=MONTHLY", "2026-11-15 2026-12-15 2027-01-15"),
        ("FREQ=MONTHLY;BYDAY=2TU", "2026-11-10 2026-12-08 2027-01-12"),
        ("FREQ=MONTHLY;BYDAY=1MO", "2026-11-02 2026-12-07 2027-01-04"),
        (
            "FREQ=MONTHLY;BYDAY=-1FR",
            "2026-11-27 2026-12-25 2027-01-29",
        ),
        (
            "FREQ=MONTHLY;BYMONTHDAY=-1",
            "2027-01-31 2027-02-28 2027-03-31 2027-04-30",
        ),
        (
            "FREQ=MONTHLY;BYMONTHDAY=2,15,27",
            "2026-11-15 2026-11-27 2026-12-02",
        ),
        (
            "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1",
            "2026-10-30 2026-11-30 2026-12-31",
        ),
        (
            "FREQ=MONTHLY;INTERVAL=3",
            "2026-11-01 2027-02-01 2027-05-01",
        ),
        ("FREQ=YEARLY", "2026-11-21 2027-11-21 2028-11-21"),
        (
            "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=-1",
            "2027-02-28 2028-02-29 2029-02-28",
        ),
        (
            "FREQ=YEARLY;BYMONTH=11;BYDAY=4TH",
            "2026-11-26 2027-11-25 2028-11-23",
        ),
        // RFC 5545 to the letter: a day that a month does not have is left out.
        (
            "FREQ=MONTHLY;BYMONTHDAY=31",
            "2027-01-31 2027-03-31 2027-05-31",
        ),
        ("FREQ=YEARLY", "2028-02-29 2032-02-29 2036-02-29"),
        ("FREQ=MONTHLY", "2027-01-31 2027-03-31 2027-05-31"),
    ] {
        let series: Vec<&str> = series.split(' ').collect();
        assert_eq!(
            every(rule).series(series[0], series.len()),
            series,
            "{rule}"
        );
    }
}

#[test]
fn the_monthly_pattern_takes_the_last_day_of_a_shorter_month() {
    for (day, series) in [
        (31, "2027-01-31 2027-02-28 2027-03-31 2027-04-30 2027-05-31"),
        (30, "2027-01-30 2027-02-28 2027-03-30"),
        (29, "2028-01-29 2028-02-29 2028-03-29"),
        (29, "2027-01-29 2027-02-28 2027-03-29"),
        (28, "2027-01-28 2027-02-28 2027-03-28"),
    ] {
        let rule = Rule::plain(domain::Pattern::Monthly, 1, day).unwrap();
        let series: Vec<&str> = series.split(' ').collect();
        let case = every(&rule.to_string());
        assert_eq!(case.series(series[0], series.len()), series, "day {day}");
        assert_eq!(case.rule.pattern(), domain::Pattern::Monthly);
    }
    let rule = Rule::plain(domain::Pattern::Monthly, 2, 31).unwrap();
    let series = every(&rule.to_string()).series("2026-12-31", 3);
    assert_eq!(series, ["2026-12-31", "2027-02-28", "2027-04-30"]);
}

#[test]
fn what_was_missed_does_not_pile_up() {
    for (rule, due, done, next) in [
        // Done late: the first one after the day it was done.
        (
            "FREQ=DAILY",
            "2026-11-01",
            "2026-11-21T08:00:00Z",
            "2026-11-22",
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
        (
            "FREQ=DAILY",
            "2026-11-01T09:00",
            "2026-11-21T09:00:00Z",
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
fn the_day_is_that_of_the_tasks_zone_wherever_the_server_is() {
    // 23:30 UTC on Saturday is Sunday in Auckland and still Saturday in New York.
    let done = "2026-11-21T23:30:00Z";
    for (zone, next) in [
        ("UTC", "2026-11-22"),
        ("Pacific/Auckland", "2026-11-23"),
        ("Pacific/Kiritimati", "2026-11-23"),
        ("America/New_York", "2026-11-22"),
        ("Pacific/Pago_Pago", "2026-11-22"),
    ] {
        assert_eq!(
            every("FREQ=DAILY").zone(zone).gives("2026-11-20", done),
            next,
            "{zone}"
        );
    }
    // A Monday in Sydney is a Sunday in UTC.
    let mondays = every("FREQ=WEEKLY;BYDAY=MO").zone("Australia/Sydney");
    assert_eq!(
        mondays.gives("2026-11-23T08:00", "2026-11-22T20:00:00Z"),
        "2026-11-30T08:00"
    );
}

#[test]
fn a_change_of_offset_neither_moves_nor_doubles_a_task() {
    let berlin = |rule| every(rule).zone("Europe/Berlin");
    // Nine in the morning stays nine in the morning.
    assert_eq!(
        berlin("FREQ=DAILY").series("2026-03-28T09:00", 3),
        ["2026-03-28T09:00", "2026-03-29T09:00", "2026-03-30T09:00"]
    );
    // 02:30 does not exist on the 29th and exists twice on 25 October.
    assert_eq!(
        berlin("FREQ=DAILY").series("2026-03-28T02:30", 3),
        ["2026-03-28T02:30", "2026-03-29T02:30", "2026-03-30T02:30"]
    );
    assert_eq!(
        berlin("FREQ=DAILY").series("2026-10-24T02:30", 3),
        ["2026-10-24T02:30", "2026-10-25T02:30", "2026-10-26T02:30"]
    );
    // Done at the first 02:40, between the two: that occurrence is over, the next is a day later.
    assert_eq!(
        berlin("FREQ=DAILY").gives("2026-10-25T02:30", "2026-10-25T00:40:00Z"),
        "2026-10-26T02:30"
    );
    // 02:30 and 03:30 are one instant that night: it is not asked for twice.
    assert_eq!(
        berlin("FREQ=HOURLY").series("2026-03-29T01:30", 3),
        ["2026-03-29T01:30", "2026-03-29T02:30", "2026-03-29T04:30"]
    );
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
fn a_plain_rhythm_goes_on_from_where_a_task_was_moved_to() {
    for (rule, occurrence, due, expected) in [
        ("FREQ=WEEKLY", "2026-12-14", "2026-12-11", "2026-12-18"),
        ("FREQ=WEEKLY", "2026-12-14", "2026-12-16", "2026-12-23"),
        ("FREQ=MONTHLY", "2026-12-28", "2026-11-05", "2026-12-05"),
        // The day before: the slot of the day itself is the one that was done.
        ("FREQ=DAILY", "2026-12-14", "2026-12-13", "2026-12-15"),
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
fn a_count_runs_out_and_missed_times_count() {
    let thrice = every("FREQ=DAILY;COUNT=3");
    let second = thrice.next("2026-11-01", "2026-11-01T08:00:00Z").unwrap();
    assert_eq!(second.rule.to_string(), "FREQ=DAILY;COUNT=2");
    let third = thrice.next("2026-11-01", "2026-11-02T08:00:00Z").unwrap();
    assert_eq!(show(third.slot), "2026-11-03");
    assert_eq!(third.rule.to_string(), "FREQ=DAILY;COUNT=1");
    assert_eq!(
        thrice.gives("2026-11-01", "2026-11-03T08:00:00Z"),
        "nothing"
    );
    assert_eq!(
        every("FREQ=DAILY;COUNT=1").gives("2026-11-01", "2026-11-01T08:00:00Z"),
        "nothing"
    );
    let after = after_completion("FREQ=DAILY;COUNT=2");
    let last = after.next("2026-11-01", "2026-11-21T08:00:00Z").unwrap();
    assert_eq!(last.rule.count(), Some(1));
    assert_eq!(
        after_completion("FREQ=DAILY;COUNT=1").gives("2026-11-01", "2026-11-21T08:00:00Z"),
        "nothing"
    );
}

#[test]
fn until_is_the_last_time_and_still_counts() {
    for (until, zone, series) in [
        ("20261103", "UTC", "2026-11-01 2026-11-02 2026-11-03"),
        (
            "20261103T000000Z",
            "UTC",
            "2026-11-01 2026-11-02 2026-11-03",
        ),
        (
            "20261103T080000",
            "Asia/Tokyo",
            "2026-11-01T09:00 2026-11-02T09:00",
        ),
        (
            "20261103T090000",
            "Asia/Tokyo",
            "2026-11-01T09:00 2026-11-02T09:00 2026-11-03T09:00",
        ),
        // 09:00 in Tokyo is midnight in UTC.
        (
            "20261103T000000Z",
            "Asia/Tokyo",
            "2026-11-01T09:00 2026-11-02T09:00 2026-11-03T09:00",
        ),
        (
            "20261102T235959Z",
            "Asia/Tokyo",
            "2026-11-01T09:00 2026-11-02T09:00",
        ),
    ] {
        let series: Vec<&str> = series.split(' ').collect();
        let case = every(&format!("FREQ=DAILY;UNTIL={until}")).zone(zone);
        assert_eq!(case.series(series[0], 9), series, "{until} {zone}");
    }
}

#[test]
fn without_a_date_the_first_one_follows_the_rule() {
    let first = |rule: &str, clock: Option<&str>, zone: &str, now: &str| {
        let clock = clock.map(|clock| time::parse_time(clock).unwrap());
        let rule = Rule::parse(rule).unwrap();
        first_slot(&rule, clock, zone.parse().unwrap(), utc(now)).map(show)
    };
    let saturday = "2026-11-21T12:00:00Z";
    let some = |text: &str| Some(text.to_owned());
    assert_eq!(
        first("FREQ=DAILY", None, "UTC", saturday),
        some("2026-11-21")
    );
    assert_eq!(
        first("FREQ=WEEKLY;BYDAY=MO", None, "UTC", saturday),
        some("2026-11-23")
    );
    assert_eq!(
        first("FREQ=DAILY", Some("11:00"), "UTC", saturday),
        some("2026-11-22T11:00")
    );
    assert_eq!(
        first("FREQ=DAILY", Some("13:00"), "UTC", saturday),
        some("2026-11-21T13:00")
    );
    assert_eq!(
        first("FREQ=DAILY", Some("13:00"), "Asia/Tokyo", saturday),
        some("2026-11-22T13:00")
    );
    assert_eq!(
        first("FREQ=DAILY;UNTIL=20261120", None, "UTC", saturday),
        None
    );
    assert_eq!(
        first("FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30", None, "UTC", saturday),
        None
    );
}

#[test]
fn a_rule_that_never_fires_or_lay_for_ages_costs_little() {
    let started = std::time::Instant::now();
    for rule in [
        "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30",
        "FREQ=MONTHLY;BYMONTH=2;BYMONTHDAY=30",
        "FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30",
        "FREQ=YEARLY;INTERVAL=4;BYMONTH=2;BYMONTHDAY=29",
        "FREQ=HOURLY;BYMONTH=2;BYMONTHDAY=30",
        "FREQ=HOURLY;INTERVAL=24;BYHOUR=3",
        "FREQ=MONTHLY;BYMONTHDAY=1;BYSETPOS=2",
    ] {
        let each = std::time::Instant::now();
        assert_eq!(
            every(rule).gives("2026-11-21T09:00", "2026-11-21T08:00:00Z"),
            "nothing",
            "{rule}"
        );
        println!("{rule}: {:?}", each.elapsed());
    }
    for rule in [
        "FREQ=HOURLY",
        "FREQ=DAILY",
        "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR,SA,SU;BYHOUR=0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23",
        "FREQ=YEARLY;BYDAY=MO,TU,WE,TH,FR,SA,SU;BYHOUR=0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23",
        "FREQ=DAILY;COUNT=10000",
    ] {
        let each = std::time::Instant::now();
        every(rule).gives("1970-01-01T09:00", "2026-11-21T08:00:00Z");
        println!("{rule}: {:?}", each.elapsed());
    }
    assert!(started.elapsed().as_secs() < 5, "{:?}", started.elapsed());
}
