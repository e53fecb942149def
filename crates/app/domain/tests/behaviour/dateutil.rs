//! The dates of thousands of rules, compared with those of python-dateutil. Python is that of the
//! variable PYTHON, or `python3`; without dateutil the test says so and compares nothing.

use crate::spec::{Spec, slot, spec, start};
use chrono::{Datelike, NaiveDate, NaiveDateTime, NaiveTime, Timelike};
use domain::{Slot, occurrences};
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::{Config, TestRng, TestRunner};
use serde_json::{Value, json};
use std::io::Write;
use std::process::{Command, Stdio};

const RULES: usize = 2_500;
const COUNT: usize = 10;
/// How far ahead is looked; Python walks slowly through rules that never fire.
const YEARS: i32 = 12;

/// How dateutil is to be asked. It expands the first period from DTSTART on, where RFC 5545 has all of
/// it, so that a rule with BYSETPOS is begun at the beginning of its period; and it gives BYWEEKNO
/// without BYDAY all seven days. Both are asked with what the rule takes from its start written out.
fn question(spec: &Spec, start: NaiveDateTime) -> Value {
    let is_positioned = !spec.positions.is_empty() && spec.frequency != "HOURLY";
    let asked = if is_positioned || !spec.weeks.is_empty() {
        spec.explicit(start)
    } else {
        spec.clone()
    };
    let date = start.date();
    let first = match spec.frequency {
        _ if !is_positioned => date,
        "YEARLY" => NaiveDate::from_ymd_opt(date.year(), 1, 1).unwrap(),
        "MONTHLY" => date.with_day(1).unwrap(),
        "WEEKLY" => spec.week_begin(date),
        _ => date,
    };
    let clock = if is_positioned {
        NaiveTime::from_hms_opt(0, start.minute(), 0).unwrap()
    } else {
        start.time()
    };
    let written = |time: NaiveDateTime| time.format("%Y-%m-%dT%H:%M:%S").to_string();
    json!({
        "rule": asked.text(), "start": written(first.and_time(clock)), "from": written(start),
        "count": COUNT, "last_year": start.year() + YEARS
    })
}

fn python() -> Option<String> {
    let python = std::env::var("PYTHON").unwrap_or_else(|_| "python3".into());
    let found = Command::new(&python)
        .args(["-c", "import dateutil"])
        .stderr(Stdio::null())
        .status();
    found.is_ok_and(|status| status.success()).then_some(python)
}

#[test]
fn the_dates_are_those_of_python_dateutil() {
    let Some(python) = python() else {
        println!("skipped: pip install python-dateutil");
        return;
    };
    let algorithm = Config::default().rng_algorithm;
    let mut runner =
        TestRunner::new_with_rng(Config::default(), TestRng::deterministic_rng(algorithm));
    let cases: Vec<(Spec, NaiveDateTime)> = (0..RULES)
        .map(|_| (spec(), start()).new_tree(&mut runner).unwrap().current())
        .collect();
    let questions: String = cases
        .iter()
        .map(|(spec, start)| format!("{}\n", question(spec, *start)))
        .collect();

    let script = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/tests/behaviour/expand_rules.py"
    );
    let mut child = Command::new(python)
        .arg(script)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let writer = std::thread::spawn(move || stdin.write_all(questions.as_bytes()));
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap().unwrap();
    assert!(output.status.success(), "the script failed");
    let answers: Vec<Vec<String>> = String::from_utf8(output.stdout)
        .unwrap()
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(answers.len(), RULES);

    let mut differing = Vec::new();
    let dates: usize = answers.iter().map(Vec::len).sum();
    assert!(dates > 2 * RULES, "only {dates} dates to compare");
    for ((spec, start), theirs) in cases.iter().zip(answers) {
        let ours: Vec<String> = occurrences(&spec.rule(), slot(*start), chrono_tz::UTC, COUNT)
            .into_iter()
            .map(Slot::local)
            .filter(|time| time.year() <= start.year() + YEARS)
            .map(|time| time.format("%Y-%m-%dT%H:%M:%S").to_string())
            .collect();
        if ours != theirs {
            differing.push(format!(
                "{} from {start}\n  ours   {ours:?}\n  theirs {theirs:?}",
                spec.text()
            ));
        }
    }
    assert!(
        differing.is_empty(),
        "{} of {RULES} differ:\n{}",
        differing.len(),
        differing.join("\n")
    );
}
