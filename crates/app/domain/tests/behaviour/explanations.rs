//! The sentence that explains a date.

use domain::{RepeatFrom, Repetition, Rule, Slot, time};

fn slot(text: &str) -> Slot {
    let (date, clock) = text.split_once('T').unwrap_or((text, ""));
    Slot {
        date: time::parse_date(date).unwrap(),
        time: time::parse_time(clock).ok(),
    }
}

fn explained(rule: &str, from: RepeatFrom, zone: &str, due: &str, occurrence: &str) -> String {
    let rule = Rule::parse(rule).unwrap();
    let zone = zone.parse().unwrap();
    let repetition = Repetition {
        rule: &rule,
        from,
        zone,
    };
    repetition.explanation(slot(due), slot(occurrence).local())
}

#[test]
fn a_sentence_says_why_a_task_comes_when_it_does() {
    for (rule, due, sentence) in [
        (
            "FREQ=MONTHLY;BYDAY=-1FR",
            "2026-10-30",
            "monthly on the last Friday; next 27 Nov 2026, then 25 Dec; skips nothing",
        ),
        (
            "FREQ=MONTHLY;BYMONTHDAY=31",
            "2026-10-31",
            "monthly on the 31st; next 31 Dec 2026, then 31 Jan 2027; skips the 31st in months without one",
        ),
        (
            "FREQ=MONTHLY;BYMONTHDAY=28,29,30,31;BYSETPOS=-1",
            "2027-01-31",
            "monthly on the 31st, or on the last day of a shorter month; next 28 Feb 2027, then 31 Mar; skips nothing",
        ),
        (
            "FREQ=YEARLY",
            "2028-02-29",
            "yearly on 29 February; next 29 Feb 2032, then 29 Feb 2036; skips the 29th in years without one",
        ),
        (
            "FREQ=MONTHLY;BYDAY=5MO",
            "2026-11-30",
            "monthly on the fifth Monday; next 29 Mar 2027, then 31 May; skips months without a fifth Monday",
        ),
        (
            "FREQ=YEARLY;BYWEEKNO=53;BYDAY=MO",
            "2026-12-28",
            "yearly on Monday in week 53; next 27 Dec 2032, then 28 Dec 2037; skips years without a week 53",
        ),
        (
            "FREQ=MONTHLY;BYDAY=FR;BYSETPOS=5",
            "2026-10-30",
            "monthly: the fifth of each month's times on Friday; next 29 Jan 2027, then 30 Apr; skips each month that has fewer",
        ),
        (
            "FREQ=MONTHLY;BYDAY=FR;BYMONTHDAY=13",
            "2026-11-13",
            "monthly on every Friday, only on the 13th; next 13 Aug 2027, then 13 Oct 2028; \
             skips each month without such a day",
        ),
        (
            "FREQ=MONTHLY;BYMONTH=1,3;BYMONTHDAY=31",
            "2027-01-31",
            "monthly on the 31st in January and March; next 31 Mar 2027, then 31 Jan 2028; skips nothing",
        ),
        (
            "FREQ=WEEKLY;COUNT=2",
            "2026-11-27",
            "weekly on Friday, 2 times; next 4 Dec 2026, for the last time; skips nothing",
        ),
        (
            "FREQ=DAILY;UNTIL=20261127",
            "2026-11-27",
            "daily, until 27 Nov 2026; nothing follows; skips nothing",
        ),
        (
            "FREQ=DAILY;BYHOUR=9,17",
            "2026-11-27T17:30",
            "daily at 09:30 and 17:30; next 28 Nov 2026 at 09:30, then 28 Nov at 17:30; skips nothing",
        ),
    ] {
        let text = explained(rule, RepeatFrom::Due, "UTC", due, due);
        assert_eq!(text, sentence);
    }
}

#[test]
fn one_that_was_moved_or_is_counted_from_completion_says_so() {
    assert_eq!(
        explained(
            "FREQ=WEEKLY",
            RepeatFrom::Due,
            "UTC",
            "2027-01-06",
            "2027-01-04"
        ),
        "weekly on Monday; this one was moved from 4 Jan 2027; next 11 Jan 2027, then 18 Jan; skips nothing"
    );
    assert_eq!(
        explained(
            "FREQ=DAILY;INTERVAL=3",
            RepeatFrom::Completion,
            "UTC",
            "2026-11-27",
            "2026-11-27"
        ),
        "every 3 days, counted from the day it is done; \
         done on 27 Nov 2026 it is next 30 Nov, then 3 Dec; skips nothing"
    );
}

#[test]
fn a_change_of_the_clock_is_noted() {
    for (zone, due, note) in [
        (
            "Europe/Berlin",
            "2027-03-27T02:30",
            "clocks in Europe/Berlin leave out 02:30 on 28 Mar 2027: that one is due at 03:30",
        ),
        (
            "Europe/Berlin",
            "2027-10-30T02:30",
            "clocks in Europe/Berlin show 02:30 twice on 31 Oct 2027: that one is due the first time",
        ),
        (
            "America/New_York",
            "2027-03-13T09:00",
            "clocks in America/New_York go forward by 14 Mar 2027: it stays at 09:00",
        ),
        (
            "America/New_York",
            "2027-11-06T09:00",
            "clocks in America/New_York go back by 7 Nov 2027: it stays at 09:00",
        ),
    ] {
        let text = explained("FREQ=DAILY", RepeatFrom::Due, zone, due, due);
        assert!(text.ends_with(&format!("; {note}")), "{text}");
    }
    for (zone, due) in [
        ("Europe/Berlin", "2027-01-04T02:30"),
        ("Europe/Berlin", "2027-03-27"),
        ("Asia/Kolkata", "2027-03-27T02:30"),
    ] {
        let text = explained("FREQ=DAILY", RepeatFrom::Due, zone, due, due);
        assert!(text.ends_with("; skips nothing"), "{text}");
    }
}

#[test]
fn a_rule_is_said_in_plain_english() {
    let friday = slot("2026-11-27");
    for (rule, text) in [
        ("FREQ=DAILY", "daily"),
        ("FREQ=DAILY;INTERVAL=3", "every 3 days"),
        ("FREQ=DAILY;BYMONTH=1,2", "daily in January and February"),
        (
            "FREQ=DAILY;BYMONTHDAY=-1",
            "daily on the last day of a month",
        ),
        (
            "FREQ=DAILY;BYDAY=SA,SU",
            "daily on weekends (Saturday and Sunday)",
        ),
        ("FREQ=WEEKLY", "weekly on Friday"),
        ("FREQ=WEEKLY;BYDAY=WE,MO", "weekly on Monday and Wednesday"),
        (
            "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR",
            "weekly on working days (Monday to Friday)",
        ),
        (
            "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=2",
            "weekly on the second working day (Monday to Friday)",
        ),
        (
            "FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,SU;WKST=SU",
            "every 2 weeks on Monday and Sunday, weeks begin on Sunday",
        ),
        ("FREQ=MONTHLY", "monthly on the 27th"),
        ("FREQ=MONTHLY;BYDAY=-1FR", "monthly on the last Friday"),
        ("FREQ=MONTHLY;BYDAY=MO", "monthly on every Monday"),
        (
            "FREQ=MONTHLY;BYDAY=1MO,3MO",
            "monthly on the first Monday and the third Monday",
        ),
        (
            "FREQ=MONTHLY;BYMONTHDAY=15,-1",
            "monthly on the 15th and last day",
        ),
        (
            "FREQ=MONTHLY;BYDAY=FR;BYMONTHDAY=13",
            "monthly on every Friday, only on the 13th",
        ),
        (
            "FREQ=MONTHLY;BYMONTHDAY=28,29,30,31;BYSETPOS=-1",
            "monthly on the 31st, or on the last day of a shorter month",
        ),
        (
            "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1",
            "monthly on the last working day (Monday to Friday)",
        ),
        ("FREQ=YEARLY", "yearly on 27 November"),
        (
            "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=28,29;BYSETPOS=-1",
            "yearly on 29 February, or on the 28th where there is none",
        ),
        (
            "FREQ=YEARLY;BYMONTH=11;BYDAY=4TH",
            "yearly on the fourth Thursday in November",
        ),
        (
            "FREQ=YEARLY;BYDAY=20MO",
            "yearly on the 20th Monday of the year",
        ),
        (
            "FREQ=YEARLY;BYYEARDAY=100,-1",
            "yearly on the 100th and last day of the year",
        ),
        ("FREQ=YEARLY;BYWEEKNO=20", "yearly on Friday in week 20"),
        ("FREQ=YEARLY;BYMONTHDAY=1", "yearly on the 1st of a month"),
        ("FREQ=DAILY;COUNT=3", "daily, 3 times"),
        ("FREQ=DAILY;COUNT=1", "daily, for the last time"),
        ("FREQ=DAILY;UNTIL=20271231", "daily, until 31 Dec 2027"),
        (
            "FREQ=DAILY;UNTIL=20271231T235959Z",
            "daily, until 31 Dec 2027",
        ),
        ("FREQ=HOURLY;INTERVAL=7", "every 7 hours"),
        ("FREQ=HOURLY;BYHOUR=9,17", "hourly, only at 09:00 and 17:00"),
    ] {
        let rule = Rule::parse(rule).unwrap();
        assert_eq!(rule.text(friday), text, "{rule}");
    }
    let instant = "FREQ=DAILY;UNTIL=20271231T235959Z";
    let rule = Rule::parse(instant).unwrap();
    assert_eq!(
        rule.text(slot("2026-11-27T09:15")),
        "daily at 09:15, until 31 Dec 2027 at 23:59 UTC"
    );
    let timed = |rule: &str| Rule::parse(rule).unwrap().text(slot("2026-11-27T09:15"));
    assert_eq!(timed("FREQ=DAILY"), "daily at 09:15");
    assert_eq!(timed("FREQ=DAILY;BYHOUR=8,20"), "daily at 08:15 and 20:15");
    assert_eq!(timed("FREQ=HOURLY;BYHOUR=9"), "hourly, only at 09:15");
}
