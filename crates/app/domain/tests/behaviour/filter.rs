//! The filter language: what is read, what it means, and where it says that something is wrong.

use chrono::{DateTime, NaiveDate, Utc};
use chrono_tz::Tz;
use domain::filter::{Candidate, MAX_CHARACTERS, MAX_DEPTH, MAX_TERMS, Span, parse};
use domain::{Priority, Status};

fn date(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

fn instant(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

/// A Friday.
const NOW: &str = "2026-11-27T12:00:00Z";

/// A task that no condition but `pending`, `p3`, `no ...` lets through.
fn plain() -> Candidate<'static> {
    Candidate {
        status: Status::Pending,
        priority: Priority::Medium,
        tags: &[],
        project: None,
        places: [None; 3],
        due_date: None,
        due_at: None,
        created_at: instant("2026-11-01T00:00:00Z"),
        updated_at: instant("2026-11-02T00:00:00Z"),
        completed_at: None,
        is_recurring: false,
        is_by_assistant: false,
        texts: &[],
    }
}

fn lets_through(filter: &str, task: &Candidate<'_>) -> bool {
    let filter = parse(filter).unwrap_or_else(|error| panic!("{filter}: {error}"));
    filter.matches(task, instant(NOW), Tz::UTC)
}

fn due(date: &str) -> Candidate<'static> {
    Candidate {
        due_date: Some(date.parse().unwrap()),
        due_at: Some(instant(&format!("{date}T09:00:00Z"))),
        ..plain()
    }
}

#[test]
fn days_are_counted_from_today() {
    for (filter, dates) in [
        ("today", &["2026-11-27"][..]),
        ("tomorrow", &["2026-11-28"]),
        ("due: yesterday", &["2026-11-26"]),
        ("next 3 days", &["2026-11-27", "2026-11-28", "2026-11-29"]),
        ("next 1 day", &["2026-11-27"]),
        ("due: friday", &["2026-11-27"]),
        ("due: Sat", &["2026-11-28"]),
        ("due: thursday", &["2026-12-03"]),
        ("due: +1w", &["2026-12-04"]),
        ("due:-1d", &["2026-11-26"]),
        ("due: 2026-12-02", &["2026-12-02"]),
        ("due before: today", &["2026-11-26"]),
        ("due after: +6d", &["2026-12-04"]),
        (
            "due before: 2026-11-27 | due after: 2026-12-03",
            &["2026-11-26", "2026-12-04"],
        ),
        ("overdue", &["2026-11-26", "2026-11-27"]),
    ] {
        for day in 26..=34 {
            let day = date("2026-11-01") + chrono::Days::new(day - 1);
            let text = day.to_string();
            assert_eq!(
                lets_through(filter, &due(&text)),
                dates.contains(&text.as_str()),
                "{filter} {text}"
            );
        }
    }
}

#[test]
fn today_is_the_day_where_the_user_is() {
    for (zone, today) in [
        ("Pacific/Kiritimati", "2026-11-28"),
        ("Pacific/Honolulu", "2026-11-27"),
    ] {
        let filter = parse("today").unwrap();
        for day in ["2026-11-26", "2026-11-27", "2026-11-28"] {
            let matches = filter.matches(&due(day), instant(NOW), zone.parse().unwrap());
            assert_eq!(matches, day == today, "{zone} {day}");
        }
    }
}

#[test]
fn instants_are_set_against_days_of_the_user_s_zone() {
    let berlin: Tz = "Europe/Berlin".parse().unwrap();
    let matches = |filter: &str, created: &str| {
        let task = Candidate {
            created_at: instant(created),
            ..plain()
        };
        parse(filter).unwrap().matches(&task, instant(NOW), berlin)
    };
    for (created, day) in [
        ("2026-11-25T22:59:59Z", 25),
        ("2026-11-25T23:00:00Z", 26),
        ("2026-11-26T22:59:59Z", 26),
        ("2026-11-26T23:00:00Z", 27),
    ] {
        assert_eq!(matches("created: 2026-11-26", created), day == 26);
        assert_eq!(matches("created before: 2026-11-26", created), day < 26);
        assert_eq!(matches("created after: yesterday", created), day > 26);
        assert_eq!(matches("!created after: yesterday", created), day <= 26);
    }
}

#[test]
fn a_task_without_a_value_meets_only_the_opposite() {
    let task = plain();
    for filter in [
        "today",
        "due before: +900w",
        "due after: -900w",
        "overdue",
        "next 999 days",
        "#a",
        "+a",
        "completed",
        "completed after: -900w",
        "completed before: today",
        "recurring",
        "by assistant",
        "\"a\"",
        "p1",
    ] {
        assert!(!lets_through(filter, &task), "{filter}");
        assert!(lets_through(&format!("!{filter}"), &task), "!{filter}");
    }
    for filter in [
        "no date",
        "no tag",
        "no tags",
        "no project",
        "pending",
        "p3",
        "medium",
        "updated after: 2026-11-01",
    ] {
        assert!(lets_through(filter, &task), "{filter}");
        assert!(
            !lets_through(&format!("not {filter}"), &task),
            "not {filter}"
        );
    }
}

#[test]
fn every_condition_lets_its_task_through() {
    let tags = ["Café crème".to_owned(), "R&D".to_owned()];
    let task = Candidate {
        status: Status::Completed,
        priority: Priority::Urgent,
        tags: &tags,
        project: Some("Zwei Wörter"),
        due_date: Some(date("2026-11-20")),
        due_at: Some(instant("2026-11-20T09:00:00Z")),
        completed_at: Some(instant("2026-11-26T09:00:00Z")),
        is_recurring: true,
        is_by_assistant: true,
        texts: &["Call the Zahnarzt", "don’t forget: 10\u{A0}€ (cash)"],
        ..plain()
    };
    for filter in [
        "p1",
        "URGENT",
        "completed",
        "#\"cafe creme\"",
        "@“Café  Crème”",
        "#\"r&d\"",
        "+\"zwei worter\"",
        "recurring",
        "by assistant",
        "search: arzt",
        "search: CALL zahn",
        "\"call the\"",
        "search: don't forget",
        "\"10 €\"",
        "search: \"(cash)\"",
        "completed after: -2d",
        "completed: yesterday",
        "due before: today & !overdue",
        "created: 2026-11-01",
        "updated: 2026-11-02",
        "p1&recurring",
        "p4|p1",
        "!(p4|p2)",
        "not p4 and not p3",
        "p4 && p2 || p1",
        "search: arzt & p1",
        "search: arzt or p4",
        "NOT low AND completed",
    ] {
        assert!(lets_through(filter, &task), "{filter}");
        assert!(!lets_through(&format!("!({filter})"), &task), "!({filter})");
    }
    for filter in [
        "#cafe",
        "#creme",
        "+zwei",
        "overdue",
        "search: call dentist",
        "\"the call\"",
        "pending",
        "no date",
    ] {
        assert!(!lets_through(filter, &task), "{filter}");
    }
}

#[test]
fn not_binds_closest_and_or_least() {
    for (filter, canonical) in [
        ("p1 | p2 & !p3", "p1 | p2 & !p3"),
        ("(p1 or p2) and not p3", "(p1 | p2) & !p3"),
        ("!(p1&p2)", "!(p1 & p2)"),
        ("!!p1", "!!p1"),
        ("((p1))", "p1"),
        ("p1 & (p2 & p3)", "p1 & (p2 & p3)"),
        ("Today AND #Home", "today & #Home"),
        ("due: tomorrow", "tomorrow"),
        ("due: +14d", "due: +14d"),
        ("due: -2w", "due: -14d"),
        ("due before:mon", "due before: monday"),
        ("search: milk \"and honey\"", "\"milk\" & \"and honey\""),
        ("search: milk | p1", "\"milk\" | p1"),
        ("#\"Home\"", "#Home"),
        (
            "#\"two words\" & +\"say \\\"hi\\\"\"",
            "#\"two words\" & +\"say \\\"hi\\\"\"",
        ),
        (
            "completed & completed after: -7d",
            "completed & completed after: -7d",
        ),
    ] {
        assert_eq!(parse(filter).unwrap().to_string(), canonical);
    }
}

#[test]
fn an_error_says_where_it_is_and_what_was_expected() {
    for (filter, column, span, expected) in [
        ("", 1, (0, 0), "a condition"),
        ("   ", 4, (3, 3), "a condition"),
        ("today &", 8, (7, 7), "a condition"),
        ("todya", 1, (0, 5), "a condition"),
        ("p1 | todya & p2", 6, (5, 10), "a condition"),
        ("#Küche & todya", 10, (9, 14), "a condition"),
        ("🙂", 1, (0, 1), "a condition"),
        ("today tomorrow", 7, (6, 14), "& or |"),
        ("(today", 7, (6, 6), "&, | or )"),
        ("(today p1", 8, (7, 9), "&, | or )"),
        ("today)", 6, (5, 6), "no parenthesis is open"),
        ("()", 2, (1, 2), "a condition"),
        ("due", 4, (3, 3), "before:, after: or :"),
        ("due before today", 12, (11, 16), ":"),
        ("due: someday", 6, (5, 12), "a date"),
        ("due: 2026-02-30", 6, (5, 15), "a date"),
        ("due: 3000-01-01", 6, (5, 15), "a date"),
        ("due: 7d", 6, (5, 7), "a date"),
        ("due: +99999999d", 6, (5, 15), "a date"),
        ("due:", 5, (4, 4), "a date"),
        ("next days", 6, (5, 9), "a number of days from 1 to 999"),
        ("next 0 days", 6, (5, 6), "a number of days"),
        ("next +7 days", 6, (5, 7), "a number of days"),
        ("next 7", 7, (6, 6), "days"),
        ("no way", 4, (3, 6), "date, tag or project"),
        ("by me", 4, (3, 5), "assistant"),
        ("#", 2, (1, 1), "the name of a tag"),
        ("# home", 2, (1, 1), "the name of a tag"),
        ("#\u{200B}", 2, (1, 2), "the name of a tag"),
        ("+\"\"", 2, (1, 3), "the name of a project"),
        ("\"milk", 6, (0, 5), "a closing \""),
        ("\"milk\\\"", 8, (0, 7), "a closing \""),
        ("\" \"", 1, (0, 3), "words to search for"),
        ("search milk", 8, (7, 11), ":"),
        ("search: & p1", 9, (8, 9), "words to search for"),
        ("p1 & search:", 13, (12, 12), "words to search for"),
        ("p5", 1, (0, 2), "a condition"),
        ("p1 !p2", 4, (3, 6), "& or |"),
    ] {
        let error = parse(filter).unwrap_err();
        assert_eq!(
            (error.column, error.span),
            (
                column,
                Span {
                    start: span.0,
                    end: span.1
                }
            ),
            "{filter}: {error}"
        );
        assert!(error.expected.contains(expected), "{filter}: {error}");
        assert!(
            error
                .to_string()
                .starts_with(&format!("column {column}: expected "))
        );
    }
}

#[test]
fn length_depth_and_number_of_conditions_are_bounded() {
    let long = |length: usize| format!("\"{}\"", "é".repeat(length - 2));
    assert!(parse(&long(MAX_CHARACTERS)).is_ok());
    let error = parse(&long(MAX_CHARACTERS + 1)).unwrap_err();
    assert_eq!(error.column, MAX_CHARACTERS + 1);

    let deep = |depth: usize| format!("{}p1{}", "(".repeat(depth), ")".repeat(depth));
    assert!(parse(&deep(MAX_DEPTH)).is_ok());
    assert_eq!(
        parse(&deep(MAX_DEPTH + 1)).unwrap_err().column,
        MAX_DEPTH + 1
    );
    assert!(parse(&format!("{}p1", "!".repeat(MAX_DEPTH + 1))).is_err());
    assert!(parse(&"(".repeat(MAX_CHARACTERS)).is_err());
    // Those beside each other do not nest.
    assert!(parse(&vec!["!(p1)"; MAX_TERMS].join("|")).is_ok());

    assert!(parse(&vec!["p1"; MAX_TERMS].join("&")).is_ok());
    assert!(parse(&vec!["p1"; MAX_TERMS + 1].join("&")).is_err());
    let words = |count: usize| format!("search:{}", " w".repeat(count));
    assert!(parse(&words(MAX_TERMS)).is_ok());
    assert!(parse(&words(MAX_TERMS + 1)).is_err());
}
