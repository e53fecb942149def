//! The next occurrence in a real Postgres: exactly one, whatever is repeated, reopened or raced.

use crate::support::{App, TestDatabase, database};
use chrono::{Days, Utc};
use operations::recurrence::{self, Scheduled};
use operations::{Author, Context, Error};
use serde_json::{Map, Value, json};
use store::reminders::{Added, When};
use store::tasks::{self, Change, Changed, Created, NewTask, Origin};
use uuid::Uuid;

fn object(value: Value) -> Map<String, Value> {
    value.as_object().unwrap().clone()
}

async fn create(db: &App, author: &Author, input: Value) -> Uuid {
    let task = domain::create(&object(input), chrono_tz::UTC, Utc::now()).unwrap();
    let new = NewTask {
        task: &task,
        use_user_zone: false,
        origin: Origin::Request,
    };
    match tasks::create(db, author, new).await.unwrap() {
        Created::New(stored) => stored.id,
        other => panic!("{other:?}"),
    }
}

async fn act(db: &App, author: &Author, task_id: Uuid, change: Change<'_>) {
    let changed = tasks::change(db, author, task_id, &change, None).await;
    assert!(matches!(changed.unwrap(), Changed::Done(_)));
}

async fn json_of(db: &TestDatabase, author: &Author, task_id: Uuid) -> Value {
    let read = tasks::read(&db.app, author.user_id, task_id, true).await;
    read.unwrap().unwrap().stored.value().unwrap()
}

async fn schedule_next(db: &App, author: &Author, task_id: Uuid) -> Result<Scheduled, Error> {
    recurrence::schedule_next(&Context::new(db, author.clone()), task_id).await
}

fn system(author: &Author) -> Author {
    Author::system(author.user_id, events::Source::Recurrence, None)
}

/// A day from today on.
fn day(ahead: u64) -> String {
    (Utc::now().date_naive() + Days::new(ahead)).to_string()
}

#[tokio::test]
async fn the_next_occurrence_is_like_the_one_before_at_its_own_time() {
    let Some(db) = database().await else { return };
    let author = db.user("UTC").await;
    let task_id = create(
        &db.app,
        &author,
        json!({
            "title": "Water the plants", "description": "all", "priority": "high", "tags": ["home"],
            "due_date": day(3), "due_time": "09:00", "time_zone": "UTC",
            "recurrence_rule": "FREQ=WEEKLY;COUNT=3", "remind_at": format!("{}T08:30:00Z", day(3))
        }),
    )
    .await;
    store::reminders::add(
        &db.app,
        &author,
        task_id,
        store::reminders::When::MinutesBefore(10),
    )
    .await
    .unwrap();
    act(&db.app, &author, task_id, Change::Complete).await;
    let Scheduled::Next(next_id) = schedule_next(&db.app, &system(&author), task_id)
        .await
        .unwrap()
    else {
        panic!()
    };
    let (before, next) = (
        json_of(&db, &author, task_id).await,
        json_of(&db, &author, next_id).await,
    );
    for field in [
        "title",
        "description",
        "priority",
        "tags",
        "due_time",
        "time_zone",
        "series_id",
        "repeat_from",
        "user_id",
    ] {
        assert_eq!(next[field], before[field], "{field}");
    }
    for (field, expected) in [
        ("status", json!("pending")),
        ("completed_at", Value::Null),
        ("due_date", json!(day(10))),
        ("recurrence_rule", json!("FREQ=WEEKLY;COUNT=2")),
        ("remind_at", json!(format!("{}T08:30:00.000000Z", day(10)))),
        ("next_occurrence", json!(format!("{}T09:00", day(17)))),
        ("version", json!(1)),
    ] {
        assert_eq!(next[field], expected, "{field}");
    }
    let reminders = store::reminders::list(&db.app, author.user_id, next_id)
        .await
        .unwrap();
    assert_eq!(reminders.len(), 2);
    assert!(
        reminders[1].contains(&format!("{}T08:50:00.000000Z", day(10))),
        "{reminders:?}"
    );
    let created = &db.payloads("task-events").await[2];
    assert_eq!(created["event_type"], "task.created");
    assert_eq!(created["actor"], json!({"type": "system"}));
    assert_eq!(created["data"], next);
    let source: String = db
        .owner
        .query_one(
            "SELECT headers ->> 'ce_source' FROM outbox ORDER BY position DESC LIMIT 1",
            &[],
        )
        .await
        .unwrap()
        .get(0);
    assert_eq!(source, "recurrence");
}

#[tokio::test]
async fn completing_again_or_handling_the_event_again_makes_no_second_one() {
    let Some(db) = database().await else { return };
    let author = db.user("UTC").await;
    for from in ["due", "completion"] {
        let task_id = create(&db.app, &author, json!({"title": "a", "due_date": day(0), "recurrence_pattern": "daily", "repeat_from": from})).await;
        act(&db.app, &author, task_id, Change::Complete).await;
        let first = schedule_next(&db.app, &system(&author), task_id)
            .await
            .unwrap();
        let Scheduled::Next(next_id) = first else {
            panic!()
        };
        assert_eq!(
            schedule_next(&db.app, &system(&author), task_id)
                .await
                .unwrap(),
            Scheduled::Nothing
        );
        act(&db.app, &author, task_id, Change::Reopen).await;
        assert_eq!(
            schedule_next(&db.app, &system(&author), task_id)
                .await
                .unwrap(),
            Scheduled::Nothing
        );
        act(&db.app, &author, task_id, Change::Complete).await;
        assert_eq!(
            schedule_next(&db.app, &system(&author), task_id)
                .await
                .unwrap(),
            Scheduled::Nothing
        );
        // Also when the next one was deleted meanwhile.
        act(&db.app, &author, next_id, Change::Delete).await;
        assert_eq!(
            schedule_next(&db.app, &system(&author), task_id)
                .await
                .unwrap(),
            Scheduled::Nothing
        );
    }
    assert_eq!(db.count("SELECT count(*) FROM tasks").await, 4);
}

#[tokio::test]
async fn two_hosts_at_once_make_one() {
    let Some(db) = database().await else { return };
    let author = db.user("UTC").await;
    let connections = futures::future::join_all((0..6).map(|_| db.another())).await;
    for _ in 0..10 {
        let task_id = create(
            &db.app,
            &author,
            json!({"title": "a", "due_date": day(0), "recurrence_pattern": "daily"}),
        )
        .await;
        act(&db.app, &author, task_id, Change::Complete).await;
        let system = system(&author);
        let made = futures::future::join_all(
            connections
                .iter()
                .map(|connection| schedule_next(connection, &system, task_id)),
        )
        .await;
        let made = made
            .into_iter()
            .map(Result::unwrap)
            .filter(|made| matches!(made, Scheduled::Next(_)));
        assert_eq!(made.count(), 1);
    }
    assert_eq!(db.count("SELECT count(*) FROM tasks").await, 20);
}

#[tokio::test]
async fn nothing_follows_what_does_not_repeat_was_reopened_or_deleted() {
    let Some(db) = database().await else { return };
    let author = db.user("UTC").await;
    let system = system(&author);
    let single = create(&db.app, &author, json!({"title": "a"})).await;
    act(&db.app, &author, single, Change::Complete).await;
    let daily = json!({"title": "a", "due_date": day(0), "recurrence_pattern": "daily"});
    let pending = create(&db.app, &author, daily.clone()).await;
    let deleted = create(&db.app, &author, daily.clone()).await;
    act(&db.app, &author, deleted, Change::Complete).await;
    act(&db.app, &author, deleted, Change::Delete).await;
    for task_id in [single, pending, deleted, Uuid::now_v7()] {
        assert_eq!(
            schedule_next(&db.app, &system, task_id).await.unwrap(),
            Scheduled::Nothing
        );
    }
    let last = create(
        &db.app,
        &author,
        json!({"title": "a", "due_date": day(0), "recurrence_rule": "FREQ=DAILY;COUNT=1"}),
    )
    .await;
    act(&db.app, &author, last, Change::Complete).await;
    assert_eq!(
        schedule_next(&db.app, &system, last).await.unwrap(),
        Scheduled::Ended
    );
}

#[tokio::test]
async fn a_series_goes_on_however_early_its_tasks_are_done() {
    let Some(db) = database().await else { return };
    let author = db.user("UTC").await;
    for (from, days) in [("due", [1, 2, 3, 4]), ("completion", [1, 2, 3, 4])] {
        let mut task_id = create(&db.app, &author, json!({"title": "a", "due_date": day(0), "recurrence_pattern": "daily", "repeat_from": from})).await;
        let mut found = Vec::new();
        for _ in 0..4 {
            act(&db.app, &author, task_id, Change::Complete).await;
            let Scheduled::Next(next_id) = schedule_next(&db.app, &system(&author), task_id)
                .await
                .unwrap()
            else {
                panic!("{from}")
            };
            found.push(
                json_of(&db, &author, next_id).await["due_date"]
                    .as_str()
                    .unwrap()
                    .to_owned(),
            );
            task_id = next_id;
        }
        assert_eq!(found, days.map(day), "{from}");
    }
}

#[tokio::test]
async fn a_reminder_added_while_the_next_occurrence_is_made_is_copied() {
    let Some(db) = database().await else { return };
    let author = db.user("UTC").await;
    let input = json!({
        "title": "a", "due_date": day(1), "due_time": "09:00", "time_zone": "UTC",
        "recurrence_pattern": "daily",
    });
    let task_id = create(&db.app, &author, input).await;
    act(&db.app, &author, task_id, Change::Complete).await;
    let (one, other) = (db.another().await, db.another().await);
    let add = store::reminders::add(&one, &author, task_id, When::MinutesBefore(10));
    let follow = schedule_next(&other, &author, task_id);
    let (added, followed) = db.in_turn(author.user_id, add, follow).await;
    assert!(matches!(added.unwrap(), Added::New(_)));
    let Scheduled::Next(next_id) = followed.unwrap() else {
        panic!("nothing followed")
    };
    let copied = store::reminders::list(&db.app, author.user_id, next_id).await;
    let copied = copied.unwrap();
    assert_eq!(copied.len(), 1, "{copied:?}");
    assert!(copied[0].contains("\"minutes_before\": 10"), "{copied:?}");
}
