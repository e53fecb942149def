//! What holds for every series: own values change nothing, one that is moved moves no other, a count
//! ends, reminders keep their distance.

use crate::spec::{slot, spec, start, zones};
use chrono::{DateTime, NaiveDateTime, TimeDelta, Utc};
use domain::{Present, Reminder, RepeatFrom, Repetition, Rule, Slot, Task, occurrences, time};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

const UTC: chrono_tz::Tz = chrono_tz::UTC;

fn task(rule: Rule, due: NaiveDateTime) -> Task {
    let mut task = Task::new("a", UTC);
    (task.due_date, task.due_time) = (Some(due.date()), Some(due.time()));
    task.rule = Some(rule);
    task
}

/// The fields of the schedule as the API gives them.
fn own_fields(task: &Task) -> Map<String, Value> {
    let fields = json!({
        "due_date": task.due_date.map(|date| date.to_string()),
        "due_time": task.due_time.map(|time| time.format("%H:%M").to_string()),
        "time_zone": task.time_zone.name(),
        "recurrence_rule": task.rule.as_ref().map(ToString::to_string),
        "recurrence_pattern": task.pattern().as_str(),
        "recurrence_interval": task.rule.as_ref().map(Rule::interval),
        "repeat_from": task.repeat_from.as_str(),
        "remind_at": task.remind_at.map(|at| at.to_rfc3339()),
    });
    fields.as_object().cloned().unwrap()
}

fn moved(
    task: &Task,
    occurrence: NaiveDateTime,
    to: NaiveDateTime,
    apply_to: &str,
) -> Option<domain::Edited> {
    let input = json!({
        "due_date": to.date().to_string(), "due_time": to.format("%H:%M").to_string(), "apply_to": apply_to
    });
    let present = Present {
        task,
        json: None,
        occurrence: Some(occurrence),
    };
    domain::edit(present, input.as_object().unwrap(), DateTime::UNIX_EPOCH).ok()
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(250) })]

    #[test]
    fn own_values_change_nothing_whichever_come_back(
        spec in spec(), start in start(), moved_by in -20..20i64, apply: bool, mask in 0..256u32, now in start()
    ) {
        let mut task = task(spec.rule(), start + TimeDelta::days(moved_by));
        task.remind_at = Some(start.and_utc());
        let mut fields = own_fields(&task);
        let mut bit = 0;
        fields.retain(|_, _| {
            bit += 1;
            mask >> (bit - 1) & 1 == 1
        });
        if apply {
            fields.insert("apply_to".into(), json!("series"));
        }
        let present = Present { task: &task, json: None, occurrence: Some(start) };
        let edited = domain::edit(present, &fields, now.and_utc()).unwrap();
        prop_assert_eq!(&edited.task, &task);
        prop_assert_eq!(edited.occurrence, Some(start));
        prop_assert!(!edited.starts_series);
    }

    #[test]
    fn one_that_is_moved_moves_no_other(spec in spec(), start in start(), by in -2_000..2_000i64) {
        let to = start + TimeDelta::hours(by);
        let before = task(spec.rule(), start);
        let edited = moved(&before, start, to, "occurrence").unwrap();
        prop_assert_eq!(&edited.task.rule, &before.rule);
        prop_assert_eq!(edited.occurrence, Some(start));
        let after = edited.task.repetition().unwrap().occurrences(slot(to), start, 5);
        let series = occurrences(&spec.rule(), slot(start), UTC, 1000);
        prop_assume!(series.last().is_none_or(|last| last.local() > to + TimeDelta::days(400)) || series.len() < 1000);
        let expected: Vec<Slot> = series.into_iter().filter(|slot| slot.local() > to).take(5).collect();
        prop_assert_eq!(after, expected);
    }

    #[test]
    fn a_series_that_is_moved_begins_where_it_was_moved_to(spec in spec(), start in start(), days in -40..40i64) {
        // Begin on the rule: a start off it is no day that the rule names.
        let Some(own) = occurrences(&spec.rule(), slot(start), UTC, 1).first().copied() else { return Ok(()) };
        let own = own.local();
        let to = own + TimeDelta::days(days);
        prop_assume!(to != own);
        let Some(edited) = moved(&task(spec.rule(), own), own, to, "series") else { return Ok(()) };
        prop_assert_eq!(edited.occurrence, Some(to));
        prop_assert!(edited.starts_series);
        let rule = edited.task.rule.unwrap();
        prop_assert_eq!(rule.interval(), spec.rule().interval());
        let next = occurrences(&rule, slot(to), UTC, 1).first().copied();
        prop_assert!(next.is_none_or(|next| next.local() > to));
    }

    #[test]
    fn a_count_ends_however_late_each_is_done(
        spec in spec(), start in start(), count in 1..20u32, late in prop::collection::vec(-50..200i64, 20), from_completion: bool
    ) {
        let mut rule = Rule::parse(&format!("{};COUNT={count}", spec.text())).unwrap();
        let from = if from_completion { RepeatFrom::Completion } else { RepeatFrom::Due };
        let (mut due, mut made) = (slot(start), 1);
        for late in late {
            let done: DateTime<Utc> = due.local().and_utc() + TimeDelta::hours(late);
            let repetition = Repetition { rule: &rule, from, zone: UTC };
            let Some(next) = repetition.next(due, due.local(), done, &[]) else { break };
            prop_assert!(next.rule.count() < rule.count());
            (rule, due, made) = (next.rule, next.slot, made + 1);
        }
        prop_assert!(made <= count, "{made} of {count}");
    }

    #[test]
    fn a_reminder_keeps_its_distance_on_the_clock(
        spec in spec(), start in start(), ahead in 0..20_000i64, zone in zones()
    ) {
        let Some(next) = occurrences(&spec.rule(), slot(start), zone, 1).first().copied() else { return Ok(()) };
        let at = start - TimeDelta::minutes(ahead);
        let expected = next.local() - TimeDelta::minutes(ahead);
        for time in [at, expected] {
            prop_assume!(!matches!(time::shown(time, zone), time::Shown::Never(_)));
        }
        let reminder = Reminder::At(time::instant(at, zone));
        let moved = reminder.on_next(slot(start), start, next, zone);
        prop_assert_eq!(moved, Reminder::At(time::instant(expected, zone)));
    }

    #[test]
    fn a_user_who_moves_and_comes_back_has_the_same_tasks(start in start(), there in zones(), home in zones()) {
        let task = Task { time_zone: home, ..task(Rule::parse("FREQ=DAILY").unwrap(), start) };
        let Some(away) = task.with_user_zone(home, there) else { return Ok(()) };
        prop_assert_eq!((away.due_date, away.due_time), (task.due_date, task.due_time));
        prop_assert_eq!(away.with_user_zone(there, home), Some(task));
    }
}
