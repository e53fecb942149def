//! The dates of a series, by tables: rhythm, time zones, changes of offset, ends of months.

use crate::case::{every, show, slot, utc};
use chrono::{Datelike, NaiveDate};
use domain::{Rule, first_slot, occurrences, time};

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
fn the_day_is_that_of_the_tasks_zone_wherever_the_server_is() {
    // 23:30 UTC on Saturday is Sunday in Auckland and still Saturday in New York.
    let done = "2026-11-21T23:30:00Z";
    for (zone, next) in [
        ("UTC", "2026-11-21"),
        ("Pacific/Auckland", "2026-11-22"),
        ("Pacific/Kiritimati", "2026-11-22"),
        ("America/New_York", "2026-11-21"),
        ("Pacific/Pago_Pago", "2026-11-21"),
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
fn a_rule_is_expanded_from_the_beginning_of_its_period() {
    for (rule, series) in [
        (
            "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=2",
            "2027-11-09 2027-11-16 2027-11-23 2027-11-30",
        ),
        (
            "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=3",
            "2027-11-03 2027-12-03 2028-01-05",
        ),
        (
            "FREQ=YEARLY;BYDAY=FR;BYSETPOS=10",
            "2027-11-09 2028-03-10 2029-03-09",
        ),
        (
            "FREQ=DAILY;BYHOUR=8,12,18;BYSETPOS=-1",
            "2027-11-09T18:30 2027-11-10T18:30",
        ),
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
fn a_week_number_without_a_weekday_keeps_that_of_the_start() {
    let case = every("FREQ=YEARLY;BYWEEKNO=20");
    assert_eq!(
        case.series("2027-05-20", 3),
        ["2027-05-20", "2028-05-18", "2029-05-17"]
    );
}

#[test]
fn leap_days_come_as_the_rule_or_the_pattern_has_them() {
    let leap_day = slot("2028-02-29").date;
    let pattern = Rule::plain_on(domain::Pattern::Yearly, 1, leap_day).unwrap();
    assert_eq!(
        every(&pattern.to_string()).series("2028-02-29", 5),
        [
            "2028-02-29",
            "2029-02-28",
            "2030-02-28",
            "2031-02-28",
            "2032-02-29"
        ]
    );
    assert_eq!(pattern.pattern(), domain::Pattern::Yearly);
    // RFC 5545 to the letter.
    assert_eq!(
        every("FREQ=YEARLY").series("2028-02-29", 3),
        ["2028-02-29", "2032-02-29", "2036-02-29"]
    );
    assert_eq!(
        every("FREQ=DAILY;INTERVAL=365").series("2028-02-29", 3),
        ["2028-02-29", "2029-02-28", "2030-02-28"]
    );
    // 2100 is no leap year.
    assert_eq!(
        every("FREQ=YEARLY").series("2096-02-29", 2),
        ["2096-02-29", "2104-02-29"]
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
fn an_instant_that_ends_an_all_day_rule_is_the_day_it_was_meant_to_be() {
    for (until, zone, last) in [
        // A date that a calendar wrote as an instant.
        ("20270105T000000Z", "Pacific/Honolulu", "2027-01-05"),
        ("20270105T235959Z", "Pacific/Honolulu", "2027-01-05"),
        ("20270105T000000Z", "Pacific/Auckland", "2027-01-05"),
        ("20270105T235959Z", "Europe/Berlin", "2027-01-05"),
        // Midnight, and the end of the day, on the clock of the zone.
        ("20270105T100000Z", "Pacific/Honolulu", "2027-01-05"),
        ("20270106T095959Z", "Pacific/Honolulu", "2027-01-05"),
        ("20270104T230000Z", "Europe/Berlin", "2027-01-05"),
        ("20270105T225959Z", "Europe/Berlin", "2027-01-05"),
        ("20270105T120000", "Europe/Berlin", "2027-01-05"),
    ] {
        let case = every(&format!("FREQ=DAILY;UNTIL={until}")).zone(zone);
        let series = case.series("2027-01-03", 9);
        assert_eq!(series.last().unwrap(), last, "{until} {zone}");
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
fn the_rarest_days_of_the_calendar_are_found() {
    for (day, letters) in (0..).zip(["MO", "TU", "WE", "TH", "FR", "SA", "SU"]) {
        let leap_days = (2001..2999)
            .filter_map(|year| NaiveDate::from_ymd_opt(year, 2, 29))
            .filter(|date| date.weekday().num_days_from_monday() == day);
        let expected: Vec<String> = leap_days.map(|date| date.to_string()).collect();
        for frequency in ["DAILY", "MONTHLY", "YEARLY"] {
            let rule = format!("FREQ={frequency};BYMONTH=2;BYMONTHDAY=29;BYDAY={letters}");
            let rule = Rule::parse(&rule).unwrap();
            let found = occurrences(&rule, slot("2000-12-31"), chrono_tz::UTC, 1000);
            let found: Vec<String> = found.into_iter().map(show).collect();
            assert_eq!(found, expected, "{rule}");
        }
    }
}

#[test]
fn a_rule_that_never_fires_ends_and_one_that_lay_for_ages_goes_on() {
    for rule in [
        "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30",
        "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=31",
        "FREQ=MONTHLY;BYMONTH=2;BYMONTHDAY=30",
        "FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30",
        "FREQ=YEARLY;INTERVAL=4;BYMONTH=2;BYMONTHDAY=29",
        "FREQ=YEARLY;BYMONTH=6;BYWEEKNO=53",
        "FREQ=YEARLY;BYMONTH=1;BYYEARDAY=200",
        "FREQ=HOURLY;BYMONTH=2;BYMONTHDAY=30",
        "FREQ=HOURLY;INTERVAL=24;BYHOUR=3",
        "FREQ=HOURLY;BYYEARDAY=366;BYMONTHDAY=1",
        "FREQ=DAILY;INTERVAL=7;BYDAY=MO",
        "FREQ=HOURLY;INTERVAL=168;BYDAY=MO",
        "FREQ=MONTHLY;INTERVAL=2;BYMONTHDAY=1;BYSETPOS=2",
        "FREQ=DAILY;BYHOUR=9;BYSETPOS=2",
        "FREQ=WEEKLY;BYDAY=MO;BYSETPOS=2",
        "FREQ=MONTHLY;BYMONTHDAY=1;BYSETPOS=2",
        "FREQ=MONTHLY;BYDAY=6MO",
    ] {
        let given = every(rule).gives("2026-11-21T09:00", "2026-11-21T08:00:00Z");
        assert_eq!(given, "nothing", "{rule}");
    }
    let hours: Vec<String> = (0..24).map(|hour| hour.to_string()).collect();
    let all = format!("BYDAY=MO,TU,WE,TH,FR,SA,SU;BYHOUR={}", hours.join(","));
    for (rule, next) in [
        ("FREQ=HOURLY", "2026-11-21T09:00"),
        ("FREQ=DAILY", "2026-11-21T09:00"),
        ("FREQ=DAILY;INTERVAL=1000", "2027-07-01T09:00"),
        (&format!("FREQ=WEEKLY;{all}"), "2026-11-21T09:00"),
        (&format!("FREQ=YEARLY;{all}"), "2026-11-21T09:00"),
        ("FREQ=DAILY;COUNT=10000", "nothing"),
        ("FREQ=WEEKLY;COUNT=10000", "2026-11-26T09:00"),
    ] {
        let given = every(rule).gives("1970-01-01T09:00", "2026-11-21T08:00:00Z");
        assert_eq!(given, next, "{rule}");
    }
}
