//! Making and patching tasks: defaults, merge patch, and everything that is wrong at once.

use chrono::{DateTime, Utc};
use domain::{Pattern, Present, Task, Violations};
use serde_json::{Map, Value, json};

fn now() -> DateTime<Utc> {
    domain::time::parse_instant("2026-11-21T12:00:00Z").unwrap()
}

fn object(value: Value) -> Map<String, Value> {
    value.as_object().unwrap().clone()
}

fn create(input: Value) -> Result<Task, Violations> {
    domain::create(&object(input), chrono_tz::Europe::Berlin, now())
}

fn patch(task: &Task, input: Value) -> Result<Task, Violations> {
    domain::patch(task, &object(input), now())
}

fn wrong(result: Result<Task, Violations>) -> Vec<String> {
    let mut fields: Vec<String> = result
        .unwrap_err()
        .into_iter()
        .map(|violation| violation.field)
        .collect();
    fields.sort();
    fields
}

fn due(task: &Task) -> String {
    task.due_date
        .map(|date| date.to_string())
        .unwrap_or_default()
}

#[test]
fn a_title_is_enough() {
    let task = create(json!({"title": "  Buy milk "})).unwrap();
    assert_eq!(task, Task::new("Buy milk", chrono_tz::Europe::Berlin));
}

#[test]
fn everything_that_is_wrong_is_said_at_once() {
    let fields = wrong(create(json!({
        "title": " ",
        "description": 7,
        "priority": "asap",
        "status": "completed",
        "tags": ["a", ""],
        "due_date": "2026-02-30",
        "due_time": "25:00",
        "time_zone": "Mars/Olympus",
        "recurrence_rule": "FREQ=SOMETIMES",
        "recurrence_interval": 0,
        "repeat_from": "birth",
        "remind_at": "soon",
        "id": "x",
        "colour": "red"
    })));
    assert_eq!(
        fields,
        [
            "colour",
            "description",
            "due_date",
            "due_time",
            "id",
            "priority",
            "recurrence_interval",
            "recurrence_rule",
            "remind_at",
            "repeat_from",
            "status",
            "tags",
            "time_zone",
            "title"
        ]
    );
    assert_eq!(wrong(create(json!({}))), ["title"]);
    assert_eq!(wrong(create(json!({"title": null}))), ["title"]);
}

#[test]
fn limits_are_counted_in_characters() {
    assert!(create(json!({"title": "ä".repeat(500)})).is_ok());
    assert_eq!(wrong(create(json!({"title": "ä".repeat(501)}))), ["title"]);
    assert_eq!(wrong(create(json!({"title": "a\nb"}))), ["title"]);
    assert!(create(json!({"title": "a", "description": "ä\n".repeat(10_000)})).is_ok());
    assert_eq!(
        wrong(create(
            json!({"title": "a", "description": "a".repeat(20_001)})
        )),
        ["description"]
    );
    let tags: Vec<String> = (0..51).map(|n| n.to_string()).collect();
    assert_eq!(wrong(create(json!({"title": "a", "tags": tags}))), ["tags"]);
    let many: Map<String, Value> = (0..300).map(|n| (format!("f{n}"), json!(1))).collect();
    assert!(create(Value::Object(many)).is_err());
}

#[test]
fn tags_are_sorted_and_none_comes_twice() {
    let task = create(json!({"title": "a", "tags": ["work", " home", "work"]})).unwrap();
    assert_eq!(task.tags, ["home", "work"]);
}

#[test]
fn a_pattern_becomes_a_rule() {
    for (input, rule) in [
        (json!({"recurrence_pattern": "weekly"}), "FREQ=WEEKLY"),
        (
            json!({"recurrence_pattern": "daily", "recurrence_interval": 3}),
            "FREQ=DAILY;INTERVAL=3",
        ),
        (
            json!({"recurrence_pattern": "monthly"}),
            "FREQ=MONTHLY;BYMONTHDAY=28,29,30,31;BYSETPOS=-1",
        ),
        (
            json!({"recurrence_pattern": "weekly", "recurrence_rule": null}),
            "FREQ=WEEKLY",
        ),
        (
            json!({"recurrence_pattern": "custom", "recurrence_rule": "FREQ=YEARLY;COUNT=2"}),
            "FREQ=YEARLY;COUNT=2",
        ),
        (
            json!({"recurrence_pattern": "yearly", "recurrence_rule": "FREQ=YEARLY"}),
            "FREQ=YEARLY",
        ),
        (json!({"recurrence_pattern": "yearly"}), "FREQ=YEARLY"),
    ] {
        let mut input = object(input);
        input.insert("title".into(), json!("a"));
        input.insert("due_date".into(), json!("2027-01-31"));
        let task = domain::create(&input, chrono_tz::UTC, now()).unwrap();
        assert_eq!(task.rule.unwrap().to_string(), rule);
    }
}

#[test]
fn recurrence_fields_that_contradict_each_other_are_refused() {
    for (input, field) in [
        (
            json!({"recurrence_pattern": "daily", "recurrence_rule": "FREQ=WEEKLY"}),
            "recurrence_pattern",
        ),
        (
            json!({"recurrence_interval": 2, "recurrence_rule": "FREQ=WEEKLY"}),
            "recurrence_interval",
        ),
        (
            json!({"recurrence_pattern": "custom"}),
            "recurrence_pattern",
        ),
        (json!({"recurrence_interval": 2}), "recurrence_interval"),
        (json!({"recurrence_rule": "FREQ=HOURLY"}), "due_time"),
        (
            json!({"recurrence_rule": "FREQ=DAILY;BYHOUR=9,17"}),
            "due_time",
        ),
        (
            json!({"recurrence_rule": "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30"}),
            "recurrence_rule",
        ),
        (
            json!({"recurrence_rule": "FREQ=DAILY;UNTIL=20261101", "due_date": "2026-11-21"}),
            "recurrence_rule",
        ),
        (
            json!({"recurrence_rule": "FREQ=DAILY;UNTIL=20261101"}),
            "recurrence_rule",
        ),
        (json!({"due_time": "09:00"}), "due_time"),
    ] {
        let mut input = object(input);
        input.insert("title".into(), json!("a"));
        assert_eq!(
            wrong(create(Value::Object(input.clone()))),
            [field],
            "{input:?}"
        );
    }
}

#[test]
fn a_repeating_task_without_a_day_begins_on_the_first_that_fits() {
    let task = create(json!({"title": "a", "recurrence_rule": "FREQ=WEEKLY;BYDAY=MO"})).unwrap();
    assert_eq!(due(&task), "2026-11-23");
    // A day that was given is kept, also off the rule: that occurrence was moved.
    let task = create(
        json!({"title": "a", "recurrence_rule": "FREQ=WEEKLY;BYDAY=MO", "due_date": "2026-11-24"}),
    )
    .unwrap();
    assert_eq!(due(&task), "2026-11-24");
    let task = patch(
        &create(json!({"title": "a"})).unwrap(),
        json!({"recurrence_pattern": "daily", "due_time": "14:00"}),
    )
    .unwrap();
    assert_eq!(due(&task), "2026-11-21");
}

#[test]
fn null_clears_and_absent_stays() {
    let task = create(json!({
        "title": "a", "description": "b", "priority": "urgent", "tags": ["x"],
        "due_date": "2026-12-01", "due_time": "09:00", "remind_at": "2026-12-01T07:00:00+01:00"
    }))
    .unwrap();
    assert_eq!(patch(&task, json!({})).unwrap(), task);
    let cleared = patch(&task, json!({"description": null, "priority": null, "tags": null, "due_date": null, "remind_at": null})).unwrap();
    assert_eq!(cleared, Task::new("a", chrono_tz::Europe::Berlin));
    assert_eq!(
        wrong(patch(
            &task,
            json!({"title": null, "status": null, "time_zone": null})
        )),
        ["status", "time_zone", "title"]
    );
    assert_eq!(
        wrong(patch(&task, json!({"due_date": null, "due_time": "10:00"}))),
        ["due_time"]
    );
    assert_eq!(
        patch(&task, json!({"description": ""}))
            .unwrap()
            .description,
        None
    );
}

#[test]
fn moving_a_repeating_task_keeps_its_rule() {
    let weekly = create(json!({"title": "a", "due_date": "2026-11-23", "recurrence_rule": "FREQ=WEEKLY;BYDAY=MO;COUNT=5"})).unwrap();
    let moved = patch(&weekly, json!({"due_date": "2026-11-25"})).unwrap();
    assert_eq!(moved.rule, weekly.rule);
    assert_eq!(
        wrong(patch(&weekly, json!({"due_date": null}))),
        ["due_date"]
    );
    assert!(patch(&weekly, json!({"due_date": null, "recurrence_rule": null})).is_ok());
    assert_eq!(
        patch(&weekly, json!({"recurrence_pattern": "none"}))
            .unwrap()
            .rule,
        None
    );
}

#[test]
fn the_object_as_it_was_read_is_accepted() {
    let json = object(json!({
        "id": "x", "user_id": "y", "title": "a", "description": null, "status": "pending", "priority": "medium",
        "tags": [], "due_date": "2027-02-28", "due_time": null, "time_zone": "Europe/Berlin",
        "recurrence_rule": "FREQ=MONTHLY;BYMONTHDAY=28,29,30,31;BYSETPOS=-1", "recurrence_pattern": "monthly",
        "recurrence_interval": 1, "repeat_from": "due", "next_occurrence": "2027-03-31", "series_id": "z",
        "remind_at": "2026-11-21T12:00:00.000000Z", "completed_at": null, "deleted_at": null,
        "created_at": "2026-11-21T12:00:00.000000Z", "updated_at": "2026-11-21T12:00:00.000000Z", "version": 3
    }));
    let task = create(json!({
        "title": "a", "due_date": "2027-02-28", "remind_at": "2026-11-21T13:00:00+01:00",
        "recurrence_rule": "FREQ=MONTHLY;BYMONTHDAY=28,29,30,31;BYSETPOS=-1"
    }))
    .unwrap();
    let present = Present {
        task: &task,
        json: Some(&json),
        occurrence: None,
    };
    let now = || domain::time::parse_instant("2026-12-01T12:00:00Z").unwrap();
    assert_eq!(domain::edit(present, &json, now()).unwrap().task, task);
    let mut renamed = json.clone();
    renamed["title"] = json!("b");
    assert_eq!(
        domain::edit(present, &renamed, now()).unwrap().task.title,
        "b"
    );
    let mut forged = json.clone();
    forged["version"] = json!(4);
    assert!(domain::edit(present, &forged, now()).is_err());
    // What is changed wins over what only came back.
    let mut stopped = json.clone();
    stopped["recurrence_pattern"] = json!("none");
    assert_eq!(
        domain::edit(present, &stopped, now()).unwrap().task.rule,
        None
    );
    let mut weekly = json.clone();
    weekly["recurrence_pattern"] = json!("weekly");
    let weekly = domain::edit(present, &weekly, now()).unwrap().task;
    assert_eq!(weekly.rule.unwrap().to_string(), "FREQ=WEEKLY");
    let mut undated = object(json!({"due_date": null, "recurrence_rule": null}));
    undated.extend(
        json.clone()
            .into_iter()
            .filter(|(field, _)| field == "due_time"),
    );
    assert!(domain::edit(present, &undated, now()).is_ok());
}

#[test]
fn a_minute_in_the_rule_is_that_of_due_time() {
    let rule = "FREQ=DAILY;BYHOUR=9;BYMINUTE=30;BYSECOND=0";
    let input = |time: Value| json!({"title": "a", "due_date": "2027-01-04", "due_time": time, "recurrence_rule": rule});
    let task = create(input(json!("09:30"))).unwrap();
    assert_eq!(
        task.rule.as_ref().unwrap().to_string(),
        "FREQ=DAILY;BYHOUR=9"
    );
    assert_eq!(
        patch(&task, json!({"recurrence_rule": rule})).unwrap(),
        task
    );
    assert_eq!(wrong(create(input(json!("09:15")))), ["recurrence_rule"]);
    let midnight =
        json!({"title": "a", "due_date": "2027-01-04", "recurrence_rule": "FREQ=DAILY;BYMINUTE=0"});
    assert!(create(midnight).is_ok());
}

#[test]
fn a_new_reminder_in_the_past_is_refused_by_name_and_one_that_has_passed_stays() {
    let past = json!({"title": "a", "remind_at": "2026-11-21T11:00:00Z"});
    assert_eq!(wrong(create(past)), ["remind_at"]);
    let task = create(json!({"title": "a", "remind_at": "2026-11-21T12:00:00Z"})).unwrap();
    let later = domain::time::parse_instant("2026-12-01T12:00:00Z").unwrap();
    let same = object(json!({"title": "b", "remind_at": "2026-11-21T13:00:00+01:00"}));
    assert!(domain::patch(&task, &same, later).is_ok());
    let moved = object(json!({"remind_at": "2026-11-30T12:00:00Z"}));
    assert_eq!(wrong(domain::patch(&task, &moved, later)), ["remind_at"]);
}

#[test]
fn a_user_who_moves_takes_along_what_is_pending_in_the_old_zone() {
    use chrono_tz::{America::New_York, Asia::Tokyo, Europe::Berlin};
    let task = create(json!({
        "title": "a", "due_date": "2027-01-04", "due_time": "09:00", "remind_at": "2027-01-04T08:30:00+01:00"
    }))
    .unwrap();
    let moved = task.with_user_zone(Berlin, New_York).unwrap();
    assert_eq!(
        (moved.due_date, moved.due_time),
        (task.due_date, task.due_time)
    );
    assert_eq!(
        moved.due_at().unwrap().to_rfc3339(),
        "2027-01-04T14:00:00+00:00"
    );
    assert_eq!(
        moved.remind_at.unwrap().to_rfc3339(),
        "2027-01-04T13:30:00+00:00"
    );
    assert_eq!(task.with_user_zone(Tokyo, New_York), None);
    let done = Task {
        status: domain::Status::Completed,
        ..task
    };
    assert_eq!(done.with_user_zone(Berlin, New_York), None);
}

#[test]
fn a_series_ends_with_the_task_that_is_done_for_ever() {
    let weekly =
        create(json!({"title": "a", "due_date": "2027-01-04", "recurrence_pattern": "weekly"}));
    let last = weekly.unwrap().end_series();
    assert!(last.repetition().is_none());
    assert_eq!(last.next_occurrence(None), None);
}

#[test]
fn the_whole_task_can_be_sent_back() {
    let task =
        create(json!({"title": "a", "due_date": "2027-01-31", "recurrence_pattern": "monthly"}))
            .unwrap();
    let same = patch(&task, json!({
        "title": "a", "description": null, "status": "pending", "priority": "medium", "tags": [],
        "due_date": "2027-01-31", "due_time": null, "time_zone": "Europe/Berlin",
        "recurrence_rule": "FREQ=MONTHLY;BYMONTHDAY=28,29,30,31;BYSETPOS=-1",
        "recurrence_pattern": "monthly", "recurrence_interval": 1, "repeat_from": "due", "remind_at": null
    }))
    .unwrap();
    assert_eq!(same, task);
}

#[test]
fn the_users_zone_matters_only_for_what_is_on_the_clock() {
    for (input, needs) in [
        (json!({"title": "a"}), false),
        (json!({"title": "a", "due_date": null}), false),
        (json!({"title": "a", "due_date": "2026-11-21"}), true),
        (json!({"title": "a", "recurrence_pattern": "daily"}), true),
        (
            json!({"title": "a", "due_date": "2026-11-21", "time_zone": "UTC"}),
            false,
        ),
    ] {
        assert_eq!(
            domain::needs_user_time_zone(&object(input.clone())),
            needs,
            "{input}"
        );
    }
}

#[test]
fn the_next_occurrence_keeps_the_reminder_at_its_distance_on_the_clock() {
    let task = create(json!({
        "title": "a", "due_date": "2027-10-30", "due_time": "09:00", "time_zone": "Europe/Berlin",
        "recurrence_pattern": "daily", "remind_at": "2027-10-29T21:00:00+02:00"
    }))
    .unwrap();
    let next = task
        .repetition()
        .unwrap()
        .next(
            task.slot().unwrap(),
            task.slot().unwrap().local(),
            now() - chrono::TimeDelta::days(40),
            &[],
        )
        .unwrap();
    let following = task.follow(&next, task.slot().unwrap().local());
    assert_eq!(due(&following), "2027-10-31");
    // Summer time ends that night.
    assert_eq!(
        following.due_at().unwrap().to_rfc3339(),
        "2027-10-31T08:00:00+00:00"
    );
    assert_eq!(
        following.remind_at.unwrap().to_rfc3339(),
        "2027-10-30T19:00:00+00:00"
    );
}

#[test]
fn the_tasks_json_reads_back_as_the_task() {
    let json = json!({
        "id": "x", "title": "a", "description": null, "status": "completed", "priority": "high", "tags": ["x", "y"],
        "due_date": "2026-10-24", "due_time": "09:00", "time_zone": "Europe/Berlin",
        "recurrence_rule": "FREQ=DAILY", "repeat_from": "completion", "remind_at": "2026-10-23T19:00:00.000000Z"
    });
    let task: Task = serde_json::from_value(json.clone()).unwrap();
    assert_eq!(task.pattern(), Pattern::Daily);
    assert_eq!(task.tags, ["x", "y"]);
    // Written, it is the columns of a row.
    let written = serde_json::to_value(&task).unwrap();
    for (field, value) in written.as_object().unwrap() {
        let same = value == &json[field] || field == "remind_at";
        assert!(same, "{field}: {value}");
    }
    for (field, bad) in [
        ("due_date", "soon"),
        ("due_time", "9"),
        ("priority", "none"),
    ] {
        let mut broken = json.clone();
        broken[field] = json!(bad);
        assert!(serde_json::from_value::<Task>(broken).is_err(), "{field}");
    }
}
