//! Tasks in a real Postgres: every statement, its events, and what happens when two write at once.

use crate::support::{App, database};
use chrono::{DateTime, Utc};
use domain::{Present, Task};
use serde_json::{Map, Value, json};
use store::tasks::{
    self, Change, Changed, Created, Current, Edit, NewTask, Origin, RequestKey, Stored,
};
use store::{Author, Database};
use uuid::Uuid;

fn now() -> DateTime<Utc> {
    Utc::now()
}

fn object(value: Value) -> Map<String, Value> {
    value.as_object().unwrap().clone()
}

fn new(task: &Task) -> NewTask<'_> {
    NewTask {
        task,
        use_user_zone: false,
        origin: Origin::Request,
    }
}

async fn create(db: &impl Database, author: &Author, input: Value) -> Stored {
    let task = domain::create(&object(input), chrono_tz::UTC, now()).unwrap();
    match tasks::create(db, author, new(&task)).await.unwrap() {
        Created::New(stored) => stored,
        other => panic!("{other:?}"),
    }
}

fn id(stored: &Stored) -> Uuid {
    stored.value().unwrap()["id"]
        .as_str()
        .unwrap()
        .parse()
        .unwrap()
}

async fn patch(db: &App, author: &Author, task_id: Uuid, input: Value) -> Option<Stored> {
    let current = tasks::read(db, author.user_id, task_id, false)
        .await
        .unwrap()?;
    match try_patch(db, author, &current, input, None).await {
        Changed::Done(stored) => Some(stored),
        Changed::Unchanged(_) | Changed::Absent => None,
    }
}

async fn try_patch(
    db: &App,
    author: &Author,
    current: &Current,
    input: Value,
    versions: Option<&[i32]>,
) -> Changed {
    let from = current.stored.task().unwrap();
    let given = object(input);
    let present = Present {
        task: &from,
        json: None,
        occurrence: current.occurrence,
    };
    let to = domain::edit(present, &given, now()).unwrap();
    let edit = Change::Edit(Edit {
        current,
        from: &from,
        to: &to,
        given: &given,
    });
    tasks::change(db, author, id(&current.stored), &edit, versions)
        .await
        .unwrap()
}

async fn act(db: &App, author: &Author, task_id: Uuid, change: Change<'_>) -> Option<Stored> {
    match tasks::change(db, author, task_id, &change, None)
        .await
        .unwrap()
    {
        Changed::Done(stored) => Some(stored),
        Changed::Unchanged(_) | Changed::Absent => None,
    }
}

#[tokio::test]
async fn a_task_goes_through_its_life_and_each_step_is_one_event() {
    let Some(db) = database().await else { return };
    let author = db.user("Europe/Berlin").await;
    let task = create(&db.app, &author, json!({
        "title": "Water the plants", "description": "all of them", "priority": "high", "tags": ["home", "green"],
        "due_date": "2027-01-31", "due_time": "09:00", "time_zone": "Europe/Berlin", "recurrence_pattern": "monthly",
        "remind_at": "2027-01-31T08:45:00+01:00"
    }))
    .await;
    let value = task.value().unwrap();
    let user_id = author.user_id.to_string();
    for (field, expected) in [
        ("user_id", json!(user_id)),
        ("title", json!("Water the plants")),
        ("description", json!("all of them")),
        ("status", json!("pending")),
        ("priority", json!("high")),
        ("tags", json!(["green", "home"])),
        ("due_date", json!("2027-01-31")),
        ("due_time", json!("09:00")),
        ("time_zone", json!("Europe/Berlin")),
        (
            "recurrence_rule",
            json!("FREQ=MONTHLY;BYMONTHDAY=28,29,30,31;BYSETPOS=-1"),
        ),
        ("recurrence_pattern", json!("monthly")),
        ("recurrence_interval", json!(1)),
        ("repeat_from", json!("due")),
        ("next_occurrence", json!("2027-02-28T09:00")),
        ("series_id", value["id"].clone()),
        ("remind_at", json!("2027-01-31T07:45:00.000000Z")),
        ("completed_at", Value::Null),
        ("deleted_at", Value::Null),
        ("version", json!(1)),
    ] {
        assert_eq!(value[field], expected, "{field}");
    }
    assert_eq!(value.as_object().unwrap().len(), 22);

    let task_id = id(&task);
    let patched = patch(
        &db.app,
        &author,
        task_id,
        json!({"title": "Water", "tags": [], "remind_at": null}),
    )
    .await
    .unwrap();
    assert_eq!(patched.version, 2);
    let completed = act(&db.app, &author, task_id, Change::Complete)
        .await
        .unwrap();
    assert_eq!(completed.value().unwrap()["status"], "completed");
    assert!(completed.value().unwrap()["completed_at"].is_string());
    assert_eq!(completed.value().unwrap()["next_occurrence"], Value::Null);
    assert_eq!(act(&db.app, &author, task_id, Change::Complete).await, None);
    let reopened = act(&db.app, &author, task_id, Change::Reopen)
        .await
        .unwrap();
    assert_eq!(reopened.value().unwrap()["completed_at"], Value::Null);
    assert!(
        act(&db.app, &author, task_id, Change::Delete)
            .await
            .unwrap()
            .value()
            .unwrap()["deleted_at"]
            .is_string()
    );
    assert!(
        tasks::read(&db.app, author.user_id, task_id, false)
            .await
            .unwrap()
            .is_none()
    );
    let shown = tasks::show(&db.app, author.user_id, task_id).await;
    assert_eq!(shown.unwrap(), None);
    assert_eq!(act(&db.app, &author, task_id, Change::Delete).await, None);
    let restored = act(&db.app, &author, task_id, Change::Restore)
        .await
        .unwrap();
    let shown = tasks::show(&db.app, author.user_id, task_id).await;
    assert_eq!(shown.unwrap().as_ref(), Some(&restored));
    assert_eq!(restored.version, 6);

    assert_eq!(
        db.events("task-events").await,
        [
            "task.created",
            "task.updated",
            "task.completed",
            "task.reopened",
            "task.deleted",
            "task.restored"
        ]
    );
    let payloads = db.payloads("task-events").await;
    assert_eq!(payloads[0]["previous_data"], Value::Null);
    assert_eq!(payloads[1]["previous_data"], payloads[0]["data"]);
    assert_eq!(payloads[1]["data"], patched.value().unwrap());
    for payload in &payloads {
        let event = events::Event::from_value(Some(payload.to_string().as_bytes())).unwrap();
        assert_eq!(event.task_id, Some(task_id));
        assert_eq!(event.actor, author.actor);
    }
    let headers = db.owner.query_one("SELECT headers::text, id::text, payload ->> 'event_id', aggregateid FROM outbox LIMIT 1", &[]).await.unwrap();
    assert_eq!(
        headers.get::<_, String>(0),
        format!(r#"{{"ce_source": "rest", "ce_subject": "task/{task_id}"}}"#)
    );
    assert_eq!(headers.get::<_, String>(1), headers.get::<_, String>(2));
    assert_eq!(headers.get::<_, String>(3), user_id);
    assert_eq!(db.count("SELECT count(*) FROM tags").await, 2);
    assert_eq!(db.count("SELECT count(*) FROM reminders").await, 0);
}

#[tokio::test]
async fn a_task_without_a_zone_gets_its_users() {
    let Some(db) = database().await else { return };
    let author = db.user("Asia/Tokyo").await;
    let task = Task::new("a", chrono_tz::UTC);
    let new = NewTask {
        use_user_zone: true,
        ..new(&task)
    };
    let Created::New(stored) = tasks::create(&db.app, &author, new.clone()).await.unwrap() else {
        panic!()
    };
    assert_eq!(stored.value().unwrap()["time_zone"], "Asia/Tokyo");
    assert_eq!(
        tasks::user_time_zone(&db.app, author.user_id)
            .await
            .unwrap()
            .as_deref(),
        Some("Asia/Tokyo")
    );
    let nobody = Author::user(Uuid::now_v7(), events::Source::Rest, None);
    assert_eq!(
        tasks::create(&db.app, &nobody, new).await.unwrap(),
        Created::Nothing
    );
    assert_eq!(
        tasks::user_time_zone(&db.app, nobody.user_id)
            .await
            .unwrap(),
        None
    );
}

#[tokio::test]
async fn another_users_task_is_not_there() {
    let Some(db) = database().await else { return };
    let (anna, bert) = (db.user("UTC").await, db.user("UTC").await);
    let task_id = id(&create(&db.app, &anna, json!({"title": "a"})).await);
    assert!(
        tasks::read(&db.app, bert.user_id, task_id, true)
            .await
            .unwrap()
            .is_none()
    );
    for change in [
        Change::Complete,
        Change::Reopen,
        Change::Delete,
        Change::Restore,
    ] {
        assert_eq!(act(&db.app, &bert, task_id, change).await, None);
    }
    assert!(
        patch(&db.app, &bert, task_id, json!({"title": "b"}))
            .await
            .is_none()
    );
    assert_eq!(db.events("task-events").await, ["task.created"]);
}

#[tokio::test]
async fn a_repeated_request_gets_the_first_reply_and_makes_nothing() {
    let Some(db) = database().await else { return };
    let author = db.user("UTC").await;
    let task = Task::new("a", chrono_tz::UTC);
    let with = |fingerprint: &str| NewTask {
        origin: Origin::KeyedRequest(RequestKey {
            key: "k".into(),
            fingerprint: fingerprint.into(),
        }),
        ..new(&task)
    };
    let Created::New(first) = tasks::create(&db.app, &author, with("aa")).await.unwrap() else {
        panic!()
    };
    patch(
        &db.app,
        &author,
        id(&first),
        json!({"title": "changed since"}),
    )
    .await
    .unwrap();
    let Created::Replayed(again) = tasks::create(&db.app, &author, with("aa")).await.unwrap()
    else {
        panic!()
    };
    assert_eq!(
        (again.value().unwrap(), again.version),
        (first.value().unwrap(), 1)
    );
    assert_eq!(
        tasks::create(&db.app, &author, with("bb")).await.unwrap(),
        Created::KeyReused
    );
    let other = db.user("UTC").await;
    assert!(matches!(
        tasks::create(&db.app, &other, with("bb")).await.unwrap(),
        Created::New(_)
    ));
    assert_eq!(db.count("SELECT count(*) FROM tasks").await, 2);
    assert_eq!(db.events("task-events").await.len(), 3);
}

#[tokio::test]
async fn the_same_key_sent_at_once_makes_one_task() {
    let Some(db) = database().await else { return };
    let author = db.user("UTC").await;
    let task = Task::new("a", chrono_tz::UTC);
    let connections = futures::future::join_all((0..8).map(|_| db.another())).await;
    let results = futures::future::join_all(connections.iter().map(|connection| {
        let new = NewTask {
            origin: Origin::KeyedRequest(RequestKey {
                key: "k".into(),
                fingerprint: "aa".into(),
            }),
            ..new(&task)
        };
        let author = author.clone();
        async move { tasks::create(connection, &author, new).await.unwrap() }
    }))
    .await;
    assert_eq!(
        results
            .iter()
            .filter(|result| matches!(result, Created::New(_)))
            .count(),
        1
    );
    assert_eq!(
        results
            .iter()
            .filter(|result| matches!(result, Created::Replayed(_)))
            .count(),
        7
    );
    assert_eq!(db.count("SELECT count(*) FROM tasks").await, 1);
}

#[tokio::test]
async fn of_changes_at_once_none_is_lost_and_the_events_tell_one_story() {
    let Some(db) = database().await else { return };
    let author = db.user("UTC").await;
    let task_id = id(&create(&db.app, &author, json!({"title": "0", "tags": []})).await);
    let connections = futures::future::join_all((0..6).map(|_| db.another())).await;
    // With what was read, so at that version: read, change, and again if it was too late.
    futures::future::join_all(connections.iter().enumerate().map(|(n, connection)| {
        let author = author.clone();
        async move {
            for round in 0..5 {
                loop {
                    let current = tasks::read(connection, author.user_id, task_id, false)
                        .await
                        .unwrap()
                        .unwrap();
                    let mut tags = current.stored.task().unwrap().tags;
                    tags.push(format!("{n}-{round}"));
                    let input = json!({"tags": tags});
                    let version = [current.stored.version];
                    let changed = try_patch(connection, &author, &current, input, Some(&version));
                    if matches!(changed.await, Changed::Done(_)) {
                        break;
                    }
                }
            }
        }
    }))
    .await;
    let task = tasks::read(&db.app, author.user_id, task_id, false)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(task.stored.task().unwrap().tags.len(), 30);
    assert_eq!(task.stored.version, 31);
    let payloads = db.payloads("task-events").await;
    assert_eq!(payloads.len() as i32, task.stored.version);
    for pair in payloads.windows(2) {
        assert_eq!(pair[1]["previous_data"], pair[0]["data"]);
    }
}

#[tokio::test]
async fn completed_at_once_a_task_is_completed_once() {
    let Some(db) = database().await else { return };
    let author = db.user("UTC").await;
    let task_id = id(&create(&db.app, &author, json!({"title": "a"})).await);
    let connections = futures::future::join_all((0..8).map(|_| db.another())).await;
    let results = futures::future::join_all(
        connections
            .iter()
            .map(|connection| act(connection, &author, task_id, Change::Complete)),
    )
    .await;
    assert_eq!(results.iter().flatten().count(), 1);
    assert_eq!(
        db.events("task-events").await,
        ["task.created", "task.completed"]
    );
}

#[tokio::test]
async fn another_rhythm_begins_another_series_and_another_day_does_not() {
    let Some(db) = database().await else { return };
    let author = db.user("UTC").await;
    let task = create(
        &db.app,
        &author,
        json!({"title": "a", "due_date": "2027-01-31", "recurrence_pattern": "monthly"}),
    )
    .await;
    let task_id = id(&task);
    let series = |stored: &Stored| stored.value().unwrap()["series_id"].clone();
    let moved = patch(&db.app, &author, task_id, json!({"due_date": "2027-02-15"}))
        .await
        .unwrap();
    assert_eq!(series(&moved), series(&task));
    let weekly = patch(
        &db.app,
        &author,
        task_id,
        json!({"recurrence_pattern": "weekly"}),
    )
    .await
    .unwrap();
    assert_ne!(series(&weekly), series(&task));
    let single = patch(&db.app, &author, task_id, json!({"recurrence_rule": null}))
        .await
        .unwrap();
    assert_eq!(series(&single), series(&weekly));
    assert_eq!(single.value().unwrap()["next_occurrence"], Value::Null);
}
