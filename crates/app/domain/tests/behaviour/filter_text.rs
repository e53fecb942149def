//! Any filter reads back as itself, and no text is more than the parser can bear.

use crate::random::Random;
use chrono::{DateTime, NaiveDate, Utc, Weekday};
use chrono_tz::Tz;
use domain::filter::{Candidate, Day, Field, Filter, MAX_CHARACTERS, Relation, Term, parse};
use domain::{Priority, Status};

fn date(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

fn instant(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

const NOW: &str = "2026-11-27T12:00:00Z";

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

fn random_day(random: &mut Random) -> Day {
    match random.below(3) {
        0 => Day::Date(date("1970-01-01") + chrono::Days::new(random.below(376_000) as u64)),
        1 => Day::Offset(random.below(73_001) as i32 - 36_500),
        _ => Day::Weekday(Weekday::try_from(random.below(7) as u8).unwrap()),
    }
}

/// What a filter may hold as name or text: something is left of it, and nothing stands around it.
fn random_name(random: &mut Random) -> String {
    loop {
        let name = domain::text::clean(&random.text(8));
        if !domain::text::fold(&name).is_empty() {
            return name;
        }
    }
}

fn random_term(random: &mut Random) -> Term {
    match random.below(14) {
        0 => Term::NextDays(random.below(999) as u16 + 1),
        1 => Term::NoDate,
        2 => Term::Overdue,
        3 => Term::Status(random.pick(&[Status::Pending, Status::Completed])),
        4 => Term::Priority(random.pick(&[
            Priority::Low,
            Priority::Medium,
            Priority::High,
            Priority::Urgent,
        ])),
        5 => Term::Tag(random_name(random)),
        6 => Term::NoTag,
        7 => Term::Project(random_name(random)),
        8 => Term::NoProject,
        9 => Term::Recurring,
        10 => Term::ByAssistant,
        11 => Term::Text(random_name(random)),
        _ => Term::Day {
            field: random.pick(&[Field::Due, Field::Created, Field::Updated, Field::Completed]),
            relation: random.pick(&[Relation::On, Relation::Before, Relation::After]),
            day: random_day(random),
        },
    }
}

fn random_filter(random: &mut Random, depth: usize) -> Filter {
    let several = |random: &mut Random| {
        let count = 2 + random.below(2);
        (0..count)
            .map(|_| random_filter(random, depth - 1))
            .collect()
    };
    match random.below(if depth == 0 { 1 } else { 5 }) {
        1 => Filter::All(several(random)),
        2 => Filter::Any(several(random)),
        3 => Filter::Not(Box::new(random_filter(random, depth - 1))),
        _ => Filter::Term(random_term(random)),
    }
}

#[test]
fn a_filter_reads_back_as_itself() {
    let mut random = Random::new(8);
    let mut tried = 0;
    while tried < 30_000 {
        let depth = random.below(4);
        let filter = random_filter(&mut random, depth);
        let text = filter.to_string();
        if text.chars().count() > MAX_CHARACTERS {
            continue;
        }
        assert_eq!(parse(&text).as_ref(), Ok(&filter), "{text:?}");
        tried += 1;
    }
}

#[test]
fn no_text_makes_the_parser_panic_and_its_errors_lie_within_the_text() {
    const WORDS: &[&str] = &[
        "today",
        "due",
        "before",
        "after",
        ":",
        "no",
        "date",
        "next",
        "7",
        "days",
        "search",
        "and",
        "or",
        "not",
        "&",
        "|",
        "!",
        "(",
        ")",
        "#",
        "@",
        "+",
        "\"",
        "\\",
        "”",
        "2027-01-31",
        "+7d",
        "-2w",
        "p1",
        "by",
        "assistant",
        "completed",
    ];
    let mut random = Random::new(9);
    let mut good = 0;
    for _ in 0..200_000 {
        let mut text = String::new();
        for _ in 0..random.below(12) {
            match random.below(8) {
                0 => text.push_str(&random.text(3)),
                _ => text.push_str(random.pick(WORDS)),
            }
            if random.one_in(2) {
                text.push(' ');
            }
        }
        match parse(&text) {
            Ok(filter) => {
                good += 1;
                let again = parse(&filter.to_string());
                assert_eq!(again.as_ref(), Ok(&filter), "{text:?}");
                filter.matches(&plain(), instant(NOW), Tz::UTC);
            }
            Err(error) => {
                let length = text.chars().count();
                assert!(
                    error.span.start <= error.span.end && error.span.end <= length,
                    "{text:?}: {error:?}"
                );
                assert!(
                    (1..=length + 1).contains(&error.column),
                    "{text:?}: {error:?}"
                );
            }
        }
    }
    assert!(good > 1_000, "{good}");
}

#[test]
fn a_filter_can_be_resolved_at_any_time_in_any_zone() {
    let mut random = Random::new(10);
    for _ in 0..2_000 {
        let filter = random_filter(&mut random, 2);
        let zone = chrono_tz::TZ_VARIANTS[random.below(chrono_tz::TZ_VARIANTS.len())];
        let now = DateTime::from_timestamp(random.below(32_000_000_000) as i64, 0).unwrap();
        filter.matches(&plain(), now, zone);
    }
}
