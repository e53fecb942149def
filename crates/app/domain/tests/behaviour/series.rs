//! What a change of one task does to its series.

use chrono::{DateTime, NaiveDateTime, Utc};
use domain::{Edited, Pattern, Present, Task, Violations};
use serde_json::{Map, Value, json};

fn now() -> DateTime<Utc> {
    domain::time::parse_instant("2026-11-21T12:00:00Z").unwrap()
}

fn object(value: Value) -> Map<String, Value> {
    value.as_object().unwrap().clone()
}

/// A pending task of a series, and its slot there.
struct InSeries {
    task: Task,
    occurrence: NaiveDateTime,
}

impl InSeries {
    fn new(input: Value) -> Self {
        let task = domain::create(&object(input), chrono_tz::Europe::Berlin, now()).unwrap();
        let occurrence = task.slot().unwrap().local();
        Self { task, occurrence }
    }

    /// The one after this, done in time.
    fn next(&self) -> Self {
        let next = self
            .task
            .repetition()
            .unwrap()
            .next(
                self.task.slot().unwrap(),
                self.occurrence,
                DateTime::UNIX_EPOCH,
                &[],
            )
            .unwrap();
        Self {
            task: self.task.follow(&next, self.occurrence),
            occurrence: next.slot.local(),
        }
    }

    fn edit(&self, input: Value) -> Result<Edited, Violations> {
        let present = Present {
            task: &self.task,
            json: None,
            occurrence: Some(self.occurrence),
        };
        domain::edit(present, &object(input), now())
    }

    fn edited(&self, input: Value) -> Self {
        let edited = self.edit(input).unwrap();
        Self {
            task: edited.task,
            occurrence: edited.occurrence.unwrap(),
        }
    }

    fn due(&self) -> String {
        let date = self.task.due_date.unwrap();
        match self.task.due_time {
            Some(time) => format!("{date}T{}", time.format("%H:%M")),
            None => date.to_string(),
        }
    }
}

#[test]
fn a_field_that_is_given_with_its_own_value_is_no_change() {
    let january = InSeries::new(
        json!({"title": "a", "due_date": "2027-01-31", "recurrence_pattern": "monthly"}),
    );
    let february = january.next();
    assert_eq!(february.due(), "2027-02-28");
    for own in [
        json!({"due_date": "2027-02-28"}),
        json!({"recurrence_pattern": "monthly"}),
        json!({"recurrence_interval": 1}),
        json!({"due_time": null}),
        json!({"due_date": "2027-02-28", "recurrence_pattern": "monthly", "apply_to": "series"}),
        json!({"recurrence_rule": "rrule:bymonthday=31,30,29,28;freq=monthly;bysetpos=-1"}),
    ] {
        let edited = february.edit(own.clone()).unwrap();
        assert_eq!(edited.task, february.task, "{own}");
        assert_eq!(edited.occurrence, Some(february.occurrence), "{own}");
        assert!(!edited.starts_series, "{own}");
        assert_eq!(february.edited(own).next().due(), "2027-03-31");
    }
    // Nor does one that is changed beside it make it forget the 31st.
    let slower = february.edited(json!({"due_date": "2027-02-28", "recurrence_interval": 2}));
    assert_eq!(slower.next().due(), "2027-04-30");
}

#[test]
fn a_day_that_is_given_moves_one_occurrence_and_with_apply_to_the_series() {
    let monday = InSeries::new(
        json!({"title": "a", "due_date": "2027-01-04", "recurrence_pattern": "weekly"}),
    );
    let moved = json!({"due_date": "2027-01-06"});
    assert_eq!(monday.edited(moved.clone()).next().due(), "2027-01-11");
    assert_eq!(
        domain::patch(&monday.task, &object(moved), now())
            .unwrap()
            .rule,
        monday.task.rule
    );
    let series = json!({"due_date": "2027-01-06", "apply_to": "series"});
    assert!(monday.edit(series.clone()).unwrap().starts_series);
    assert_eq!(monday.edited(series).next().due(), "2027-01-13");

    let last = InSeries::new(
        json!({"title": "a", "due_date": "2027-01-31", "recurrence_pattern": "monthly"}),
    );
    let once = last.edited(json!({"due_date": "2027-02-02"}));
    assert_eq!(once.next().due(), "2027-02-28");
    let all = last.edited(json!({"due_date": "2027-02-02", "apply_to": "series"}));
    assert_eq!(all.next().due(), "2027-03-02");
    let longer = all.edited(json!({"due_date": "2027-03-30", "apply_to": "series"}));
    assert_eq!(longer.next().due(), "2027-04-30");
    assert_eq!(longer.task.pattern(), Pattern::Monthly);
}

#[test]
fn a_time_that_is_given_moves_one_occurrence_and_one_that_is_new_is_the_series() {
    let nine = InSeries::new(json!({
        "title": "a", "due_date": "2027-01-04", "due_time": "09:00", "recurrence_pattern": "daily"
    }));
    let later = nine.edited(json!({"due_time": "16:00"}));
    assert_eq!(later.next().due(), "2027-01-05T09:00");
    let all = nine.edited(json!({"due_time": "16:00", "apply_to": "series"}));
    assert_eq!(all.next().due(), "2027-01-05T16:00");
    let day = later.edited(json!({"due_time": null}));
    assert_eq!(day.next().due(), "2027-01-05");
    assert_eq!(
        day.edited(json!({"due_time": "08:00"})).next().due(),
        "2027-01-05T08:00"
    );
}

#[test]
fn a_rule_that_names_its_day_follows_the_series() {
    for (rule, from, to, moved, next) in [
        (
            "FREQ=WEEKLY;BYDAY=MO",
            "2027-01-04",
            "2027-01-06",
            "FREQ=WEEKLY;BYDAY=WE",
            "2027-01-13",
        ),
        (
            "FREQ=WEEKLY;BYDAY=MO,FR",
            "2027-01-04",
            "2027-01-05",
            "FREQ=WEEKLY;BYDAY=TU,FR",
            "2027-01-08",
        ),
        // It has that day already.
        (
            "FREQ=WEEKLY;BYDAY=MO,FR",
            "2027-01-04",
            "2027-01-08",
            "FREQ=WEEKLY;BYDAY=MO,FR",
            "2027-01-11",
        ),
        (
            "FREQ=MONTHLY;BYMONTHDAY=15",
            "2027-01-15",
            "2027-01-20",
            "FREQ=MONTHLY;BYMONTHDAY=20",
            "2027-02-20",
        ),
        (
            "FREQ=MONTHLY;BYMONTHDAY=-1",
            "2027-01-31",
            "2027-02-03",
            "FREQ=MONTHLY;BYMONTHDAY=3",
            "2027-03-03",
        ),
        (
            "FREQ=MONTHLY;BYDAY=2TU",
            "2027-01-12",
            "2027-01-21",
            "FREQ=MONTHLY;BYDAY=3TH",
            "2027-02-18",
        ),
        (
            "FREQ=MONTHLY;BYDAY=-1FR",
            "2027-01-29",
            "2027-01-28",
            "FREQ=MONTHLY;BYDAY=-1TH",
            "2027-02-25",
        ),
        (
            "FREQ=YEARLY;BYMONTH=11;BYDAY=4TH",
            "2027-11-25",
            "2027-12-02",
            "FREQ=YEARLY;BYMONTH=12;BYDAY=1TH",
            "2028-12-07",
        ),
        (
            "FREQ=WEEKLY;INTERVAL=2;BYDAY=MO;COUNT=5",
            "2027-01-04",
            "2027-01-12",
            "FREQ=WEEKLY;INTERVAL=2;BYDAY=TU;COUNT=5",
            "2027-01-26",
        ),
    ] {
        let series =
            InSeries::new(json!({"title": "a", "due_date": from, "recurrence_rule": rule}));
        let all = series.edited(json!({"due_date": to, "apply_to": "series"}));
        assert_eq!(all.task.rule.as_ref().unwrap().to_string(), moved, "{rule}");
        assert_eq!(all.next().due(), next, "{rule}");
    }
    let series = InSeries::new(json!({
        "title": "a", "due_date": "2027-01-29", "recurrence_rule": "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1"
    }));
    let refused = series.edit(json!({"due_date": "2027-01-28", "apply_to": "series"}));
    let fields: Vec<String> = refused
        .unwrap_err()
        .into_iter()
        .map(|wrong| wrong.field)
        .collect();
    assert_eq!(fields, ["apply_to"]);
    assert!(series.edit(json!({"apply_to": "everything"})).is_err());
}

#[test]
fn another_rhythm_begins_another_series_and_another_end_does_not() {
    let moved = InSeries::new(
        json!({"title": "a", "due_date": "2027-01-04", "recurrence_pattern": "weekly"}),
    )
    .edited(json!({"due_date": "2027-01-06"}));
    let ended = moved
        .edit(json!({"recurrence_rule": "FREQ=WEEKLY;COUNT=4"}))
        .unwrap();
    assert!(!ended.starts_series);
    assert_eq!(ended.occurrence, Some(moved.occurrence));
    // Every second week from its own week, on its own weekday.
    assert!(
        moved
            .edit(json!({"recurrence_interval": 2}))
            .unwrap()
            .starts_series
    );
    assert_eq!(
        moved.edited(json!({"recurrence_interval": 2})).next().due(),
        "2027-01-18"
    );
    let monthly = moved.edited(json!({"recurrence_pattern": "monthly"}));
    assert_eq!(monthly.next().due(), "2027-02-06");
    let none = moved.edit(json!({"recurrence_rule": null})).unwrap();
    assert_eq!(none.task.rule, None);
}
