//! Which texts are rules, and what is said of those that are not.

use domain::{Pattern, Rule};

#[test]
fn rules_are_kept_as_one_canonical_text() {
    for (text, canonical) in [
        ("FREQ=DAILY", "FREQ=DAILY"),
        (
            "rrule:freq=weekly;byday=mo,we;interval=2",
            "FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,WE",
        ),
        (
            "BYSETPOS=-1;BYDAY=MO,TU;FREQ=MONTHLY;INTERVAL=1",
            "FREQ=MONTHLY;BYDAY=MO,TU;BYSETPOS=-1",
        ),
        ("FREQ=DAILY;COUNT=3", "FREQ=DAILY;COUNT=3"),
        (
            "FREQ=DAILY;UNTIL=20271231T235959Z",
            "FREQ=DAILY;UNTIL=20271231T235959Z",
        ),
        (
            "FREQ=WEEKLY;WKST=SU;BYDAY=SU",
            "FREQ=WEEKLY;BYDAY=SU;WKST=SU",
        ),
        (
            " FREQ=YEARLY;BYMONTH=11;BYDAY=+4TH ",
            "FREQ=YEARLY;BYMONTH=11;BYDAY=4TH",
        ),
        // What calendars write: a semicolon at the end, blanks, seconds that are none.
        ("FREQ=WEEKLY;BYDAY=MO;", "FREQ=WEEKLY;BYDAY=MO"),
        (
            "FREQ=WEEKLY; BYDAY=MO; INTERVAL=2",
            "FREQ=WEEKLY;INTERVAL=2;BYDAY=MO",
        ),
        ("FREQ=DAILY;BYSECOND=0", "FREQ=DAILY"),
        // One order for values, those from the end last, and none twice.
        ("FREQ=WEEKLY;BYDAY=FR,MO,FR", "FREQ=WEEKLY;BYDAY=MO,FR"),
        (
            "FREQ=MONTHLY;BYMONTHDAY=-1,15,1",
            "FREQ=MONTHLY;BYMONTHDAY=1,15,-1",
        ),
        (
            "FREQ=MONTHLY;BYDAY=-1FR,2TU,1WE",
            "FREQ=MONTHLY;BYDAY=1WE,2TU,-1FR",
        ),
    ] {
        let rule = Rule::parse(text).unwrap();
        assert_eq!(rule.to_string(), canonical);
        assert_eq!(Rule::parse(canonical).unwrap(), rule);
    }
}

#[test]
fn a_plain_rule_has_a_word_and_any_other_is_custom() {
    for (text, pattern, interval) in [
        ("FREQ=DAILY", Pattern::Daily, 1),
        ("FREQ=WEEKLY;INTERVAL=2", Pattern::Weekly, 2),
        ("FREQ=MONTHLY", Pattern::Monthly, 1),
        (
            "FREQ=MONTHLY;INTERVAL=3;BYMONTHDAY=28,29,30,31;BYSETPOS=-1",
            Pattern::Monthly,
            3,
        ),
        ("FREQ=MONTHLY;BYMONTHDAY=-1", Pattern::Custom, 1),
        ("FREQ=DAILY;COUNT=3", Pattern::Custom, 1),
        ("FREQ=WEEKLY;BYDAY=MO", Pattern::Custom, 1),
        ("FREQ=YEARLY;INTERVAL=5", Pattern::Yearly, 5),
        (
            "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=28,29;BYSETPOS=-1",
            Pattern::Yearly,
            1,
        ),
        ("FREQ=YEARLY;BYMONTH=3", Pattern::Custom, 1),
        ("FREQ=HOURLY", Pattern::Custom, 1),
    ] {
        let rule = Rule::parse(text).unwrap();
        assert_eq!(
            (rule.pattern(), rule.interval()),
            (pattern, interval),
            "{text}"
        );
    }
}

#[test]
fn what_is_no_rule_is_refused_with_its_reason() {
    for (text, reason) in [
        ("", "RFC 5545"),
        ("every day", "RFC 5545"),
        ("FREQ=", "FREQ must be one of"),
        ("FREQ=FORTNIGHTLY", "FREQ must be one of"),
        ("INTERVAL=2", "needs FREQ"),
        ("FREQ=MINUTELY", "more often than hourly"),
        ("FREQ=SECONDLY", "more often than hourly"),
        ("FREQ=DAILY;FREQ=DAILY", "`FREQ` twice"),
        ("FREQ=DAILY;INTERVAL=0", "from 1 to 1000"),
        ("FREQ=DAILY;INTERVAL=-1", "from 1 to 1000"),
        ("FREQ=DAILY;INTERVAL=99999999999", "from 1 to 1000"),
        ("FREQ=DAILY;COUNT=0", "from 1 to 10000"),
        ("FREQ=DAILY;COUNT=3;UNTIL=20270101", "both COUNT and UNTIL"),
        ("FREQ=DAILY;UNTIL=tomorrow", "UNTIL must be"),
        ("FREQ=DAILY;UNTIL=20270230", "UNTIL must be"),
        ("FREQ=DAILY;UNTIL=99990101", "UNTIL must be"),
        (
            "FREQ=DAILY;BYMINUTE=0,30",
            "BYMINUTE must be the minute of due_time",
        ),
        (
            "FREQ=DAILY;BYMINUTE=60",
            "BYMINUTE must be the minute of due_time",
        ),
        ("FREQ=DAILY;BYSECOND=30", "BYSECOND must be 0"),
        (";", "RFC 5545"),
        ("FREQ=DAILY;;COUNT=2", "RFC 5545"),
        ("FREQ=DAILY;X-FOO=1", "`X-FOO` is not supported"),
        ("FREQ=WEEKLY;BYDAY=XX", "no weekday"),
        ("FREQ=WEEKLY;BYDAY=", "no weekday"),
        ("FREQ=WEEKLY;BYDAY=MONDAY", "no weekday"),
        ("FREQ=WEEKLY;BYDAY=ééé", "no weekday"),
        ("FREQ=WEEKLY;BYDAY=2MO", "only in MONTHLY and YEARLY"),
        ("FREQ=MONTHLY;BYDAY=0MO", "without 0"),
        ("FREQ=MONTHLY;BYDAY=60MO", "from -53 to 53"),
        ("FREQ=MONTHLY;BYMONTHDAY=32", "from -31 to 31"),
        ("FREQ=MONTHLY;BYMONTHDAY=0", "without 0"),
        ("FREQ=WEEKLY;BYMONTHDAY=1", "does not go with FREQ=WEEKLY"),
        ("FREQ=MONTHLY;BYWEEKNO=1", "does not go with FREQ=MONTHLY"),
        ("FREQ=DAILY;BYYEARDAY=1", "does not go with FREQ=DAILY"),
        ("FREQ=YEARLY;BYMONTH=13", "from 1 to 12"),
        ("FREQ=DAILY;BYHOUR=24", "from 0 to 23"),
        ("FREQ=DAILY;BYSETPOS=1", "BYSETPOS needs another"),
        ("FREQ=DAILY;WKST=1", "WKST must be"),
        ("DTSTART:20260101T000000Z\nRRULE:FREQ=DAILY", "due_date"),
    ] {
        let message = Rule::parse(text).unwrap_err().to_string();
        assert!(message.contains(reason), "{text}: {message}");
    }
    assert!(Rule::parse(&format!("FREQ=DAILY;BYHOUR={}", "1,".repeat(500))).is_err());
}
