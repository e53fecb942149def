//! What holds for every rule, every start and every zone.

use crate::spec::{slot, spec, start, zones};
use chrono::{DateTime, Days, NaiveDate, NaiveDateTime, TimeDelta, Utc};
use domain::{Present, RepeatFrom, Repetition, Rule, Slot, Task, first_slot, occurrences, time};
use proptest::prelude::*;
use serde_json::{Map, json};

const UTC: chrono_tz::Tz = chrono_tz::UTC;

fn from_due(rule: &Rule, zone: chrono_tz::Tz) -> Repetition<'_> {
    Repetition {
        rule,
        from: RepeatFrom::Due,
        zone,
    }
}

/// Any date that can be held, also far outside those that a task may have.
fn any_time() -> impl Strategy<Value = NaiveDateTime> {
    let days = NaiveDate::MIN.num_days_from_ce_i64()..=NaiveDate::MAX.num_days_from_ce_i64();
    let date = prop_oneof![
        4 => (719_000..1_100_000i64).boxed(),
        1 => days.boxed(),
        1 => Just(NaiveDate::MAX.num_days_from_ce_i64()).boxed(),
        1 => Just(NaiveDate::MIN.num_days_from_ce_i64()).boxed(),
    ];
    (date, 0..24u32, 0..60u32).prop_map(|(days, hour, minute)| {
        let date = NaiveDate::from_num_days_from_ce_opt(i32::try_from(days).unwrap()).unwrap();
        date.and_hms_opt(hour, minute, 0).unwrap()
    })
}

trait DaysFromCe {
    fn num_days_from_ce_i64(&self) -> i64;
}

impl DaysFromCe for NaiveDate {
    fn num_days_from_ce_i64(&self) -> i64 {
        chrono::Datelike::num_days_from_ce(self).into()
    }
}

/// Texts that are nearly rules.
fn nearly_a_rule() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<String>(),
        "(FREQ|INTERVAL|BYDAY|COUNT|;|=|,|MO|-?[0-9]{1,4}|WEEKLY|[A-Z;=,é ]){0,20}",
        "FREQ=(DAILY|WEEKLY|MONTHLY|YEARLY|HOURLY)(;INTERVAL=[0-9]{1,4})?(;BYDAY=[-+0-9MOTUWEHFRSA,]{1,12})?\
         (;BYMONTHDAY=[-0-9,]{1,8})?(;BYSETPOS=[-0-9,]{1,6})?(;BYWEEKNO=[-0-9,]{1,6})?(;UNTIL=[0-9TZ]{8,16})?(;COUNT=[0-9]{1,5})?",
    ]
}

/// How many of each; more for a long look.
fn cases() -> u32 {
    let given = std::env::var("PROPTEST_CASES").ok();
    given.and_then(|cases| cases.parse().ok()).unwrap_or(250)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(), max_global_rejects: 10 * cases(), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_dates_are_those_of_a_slow_reading_of_the_rfc(spec in spec(), start in start()) {
        let end = start.date() + Days::new(900);
        let slow = spec.slow_times(start, end);
        let fast: Vec<NaiveDateTime> = occurrences(&spec.rule(), slot(start), UTC, 1000)
            .into_iter()
            .map(Slot::local)
            .take_while(|time| time.date() < end)
            .collect();
        let slow: Vec<NaiveDateTime> =
            slow.into_iter().filter(|time| *time > start).take(1000).collect();
        prop_assert_eq!(fast, slow, "{} from {}", spec.text(), start);
    }

    #[test]
    fn dates_strictly_increase_and_a_rule_is_its_text(spec in spec(), start in start(), zone in zones()) {
        let rule = spec.rule();
        prop_assert_eq!(&Rule::parse(&rule.to_string()).unwrap(), &rule);
        let found = occurrences(&rule, slot(start), zone, 30);
        let times: Vec<NaiveDateTime> = found.iter().map(|slot| slot.local()).collect();
        prop_assert!(times.first().is_none_or(|first| *first > start));
        prop_assert!(times.windows(2).all(|pair| pair[0] < pair[1]), "{:?}", times);
    }

    #[test]
    fn the_next_after_the_next_is_the_second_of_the_list(spec in spec(), start in start(), zone in zones()) {
        let rule = spec.rule();
        let mut due = slot(start);
        for expected in occurrences(&rule, due, zone, 8) {
            let next = from_due(&rule, zone).next(due, due.local(), DateTime::UNIX_EPOCH, &[]);
            prop_assert_eq!(next.map(|next| next.slot), Some(expected));
            due = expected;
        }
    }

    #[test]
    fn after_years_it_goes_on_as_if_nothing_had_been_missed(
        spec in spec(), start in start(), late in 0..7_300i64, zone in zones()
    ) {
        prop_assume!(!spec.fires_several_times_a_day());
        let rule = spec.rule();
        let done_day = start.date() + Days::new(late.unsigned_abs());
        let done = time::instant(done_day.and_hms_opt(12, 0, 0).unwrap(), zone);
        let done_day = time::local(done, zone).date();
        let next = from_due(&rule, zone).next(slot(start), start, done, &[]);
        let listed = occurrences(&rule, slot(start), zone, 1000);
        prop_assume!(listed.last().is_none_or(|last| last.date >= done_day) || listed.len() < 1000);
        let first = listed.into_iter().find(|slot| slot.date >= done_day);
        prop_assert_eq!(next.map(|next| next.slot), first);
    }

    #[test]
    fn no_zone_changes_what_the_clock_says(spec in spec(), start in start(), zone in zones()) {
        prop_assume!(!spec.fires_several_times_a_day());
        let rule = spec.rule();
        prop_assert_eq!(
            occurrences(&rule, slot(start), zone, 20),
            occurrences(&rule, slot(start), UTC, 20)
        );
    }

    #[test]
    fn a_count_is_as_many_as_it_says(spec in spec(), start in start(), count in 1..40u32) {
        let rule = Rule::parse(&format!("{};COUNT={count}", spec.text())).unwrap();
        let endless = occurrences(&spec.rule(), slot(start), UTC, count as usize - 1);
        prop_assert_eq!(occurrences(&rule, slot(start), UTC, 1000), endless);
    }

    #[test]
    fn counted_from_completion_only_the_day_of_completion_matters(
        spec in spec(), start in start(), done in start(), other in start()
    ) {
        prop_assume!(spec.interval > 1);
        let rule = spec.rule();
        let repetition = Repetition { from: RepeatFrom::Completion, ..from_due(&rule, UTC) };
        let after = |due: NaiveDateTime| {
            let due = Slot { date: due.date(), time: Some(start.time()) };
            repetition.next(due, due.local(), done.and_utc(), &[]).map(|next| next.slot)
        };
        prop_assert_eq!(after(start), after(other));
        prop_assert!(after(start).is_none_or(|next| next.date > done.date() || spec.frequency == "HOURLY"));
    }

    #[test]
    fn nothing_panics_whatever_is_asked(
        text in nearly_a_rule(), due in any_time(), own in any_time(), done in any_time(),
        is_timed: bool, from_completion: bool, zone in zones(), to in any_time()
    ) {
        let Ok(rule) = Rule::parse(&text) else { return Ok(()) };
        let slot_of = |time: NaiveDateTime| Slot { date: time.date(), time: is_timed.then(|| time.time()) };
        let from = if from_completion { RepeatFrom::Completion } else { RepeatFrom::Due };
        let repetition = Repetition { rule: &rule, from, zone };
        let done: DateTime<Utc> = done.and_utc();
        repetition.next(slot_of(due), own, done, &[own]);
        repetition.skip(slot_of(due), own, done, &[]);
        let preview = repetition.preview(slot_of(due), own, 5);
        prop_assert!(preview.explanation.contains("; skips "));
        first_slot(&rule, is_timed.then(|| due.time()), zone, done);
        let mut task = Task::new("a", zone);
        (task.due_date, task.due_time) = (Some(due.date()), is_timed.then(|| due.time()));
        task.rule = Some(rule.clone());
        task.remind_at = Some(done);
        let input: Map<_, _> = json!({"due_date": to.date().to_string(), "apply_to": "series"})
            .as_object().cloned().unwrap();
        let present = Present { task: &task, json: None, occurrence: Some(own) };
        if let Ok(edited) = domain::edit(present, &input, done) {
            prop_assert_eq!(edited.task.due_date, Some(to.date()));
        }
        if let Some(next) = repetition.next(slot_of(due), own, done, &[]) {
            task.follow(&next, own);
        }
        task.with_user_zone(zone, UTC);
        task.due_at();
    }

    #[test]
    fn every_rule_is_said_in_words_that_name_what_it_has(spec in spec(), start in start(), zone in zones()) {
        let rule = spec.rule();
        let text = from_due(&rule, zone).explanation(slot(start), start);
        let has = |wanted: &str| text.contains(wanted);
        prop_assert!(!has("no month") && !has("  ") && !has(" ,") && !has(" ;"), "{text}");
        prop_assert!(spec.interval == 1 || has(&format!("every {} ", spec.interval)), "{text}");
        let names = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];
        for (_, day) in &spec.days {
            let grouped = has("any day") || has("working day") || has("weekend") || has(" day in") || has("day;");
            prop_assert!(has(names[*day]) || grouped, "{text}: {}", spec.text());
        }
        for week in spec.weeks.iter().filter(|week| **week > 0) {
            prop_assert!(has(&format!("week {week}")), "{text}");
        }
        prop_assert!(has("; next ") || has("; nothing follows"), "{text}");
    }

    #[test]
    fn an_instant_and_its_wall_clock_time_belong_together(time in start(), zone in zones()) {
        let instant = time::instant(time, zone);
        match time::shown(time, zone) {
            time::Shown::Never(instead) => {
                prop_assert!(instead > time);
                prop_assert_eq!(time::local(instant, zone), instead);
            }
            time::Shown::Once | time::Shown::Twice => {
                prop_assert_eq!(time::local(instant, zone), time);
                let before = instant - TimeDelta::hours(3);
                prop_assert!(time::local(before, zone) < time || zone != UTC);
            }
        }
    }
}
