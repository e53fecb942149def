//! Reminders, notifications and the audit log in a real Postgres: each effect once.

use crate::support::{App, TestDatabase, database};
use chrono::{TimeDelta, Utc};
use domain::{Edited, Task};
use events::{Event, ReminderDue};
use serde_json::{Map, Value, json};
use store::audit::{self, AuditQuery};
use store::notifications::{self, Delivered};
use store::reminders::{self, Added, Removed, When, scan};
use store::tasks::{self, Change, Changed, Created, Edit, NewTask, Origin};
use store::{Author, Page};
use uuid::Uuid;

async fn create(db: &App, author: &Author, task: &Task) -> Uuid {
    let new = NewTask {
        task,
        use_user_zone: false,
        origin: Origin::Request,
    };
    match tasks::create(db, author, new).await.unwrap() {
        Created::New(stored) => stored.id,
        other => panic!("{other:?}"),
    }
}

fn reminded(seconds_ahead: i64) -> Task {
    Task {
        remind_at: Some(Utc::now() + TimeDelta::seconds(seconds_ahead)),
        ..Task::new("Call home", chrono_tz::UTC)
    }
}

async fn act(db: &App, author: &Author, task_id: Uuid, change: Change<'_>) {
    let changed = tasks::change(db, author, task_id, &change, None).await;
    assert!(matches!(changed.unwrap(), Changed::Done(_)));
}

async fn due_events(db: &TestDatabase) -> Vec<ReminderDue> {
    db.payloads("reminders")
        .await
        .iter()
        .map(|payload| {
            let event = Event::from_value(Some(payload.to_string().as_bytes())).unwrap();
            ReminderDue::from_event(&event).unwrap()
        })
        .collect()
}

#[tokio::test]
async fn a_reminder_fires_once_when_its_time_has_come() {
    let Some(db) = database().await else { return };
    let author = db.user("UTC").await;
    let late = create(&db.app, &author, &reminded(-3600)).await;
    create(&db.app, &author, &reminded(3600)).await;
    let scanned = scan(&db.app, 100).await.unwrap();
    assert_eq!((scanned.settled, scanned.fired), (1, 1));
    assert_eq!(scan(&db.app, 100).await.unwrap().settled, 0);
    let due = due_events(&db).await;
    assert_eq!(due.len(), 1);
    assert_eq!((due[0].task_id, due[0].user_id), (late, author.user_id));
    let key: String = db.owner.query_one("SELECT aggregateid || ' ' || (headers ->> 'ce_subject') FROM outbox WHERE aggregatetype = 'reminders'", &[]).await.unwrap().get(0);
    assert_eq!(key, format!("{} task/{late}", author.user_id));
    let value = &db.payloads("reminders").await[0];
    let values = (&value["source"], &value["actor"], &value["data"]["title"]);
    let system = json!({"type": "system"});
    assert_eq!(values, (&json!("reminder"), &system, &json!("Call home")));
}

#[tokio::test]
async fn scans_at_once_share_the_reminders_between_them() {
    let Some(db) = database().await else { return };
    let author = db.user("UTC").await;
    for n in 0..40 {
        create(&db.app, &author, &reminded(-n)).await;
    }
    let connections = futures::future::join_all((0..4).map(|_| db.another())).await;
    futures::future::join_all(
        connections.iter().map(|connection| async move {
            while scan(connection, 3).await.unwrap().settled > 0 {}
        }),
    )
    .await;
    while scan(&db.app, 100).await.unwrap().settled > 0 {}
    let mut ids: Vec<Uuid> = due_events(&db)
        .await
        .iter()
        .map(|due| due.reminder_id)
        .collect();
    assert_eq!(ids.len(), 40);
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 40);
}

#[tokio::test]
async fn nobody_is_reminded_of_what_is_done_or_deleted() {
    let Some(db) = database().await else { return };
    let author = db.user("UTC").await;
    let done = create(&db.app, &author, &reminded(-1)).await;
    act(&db.app, &author, done, Change::Complete).await;
    let gone = create(&db.app, &author, &reminded(-1)).await;
    act(&db.app, &author, gone, Change::Delete).await;
    let scanned = scan(&db.app, 100).await.unwrap();
    assert_eq!((scanned.settled, scanned.fired), (2, 0));
    assert!(due_events(&db).await.is_empty());
}

#[tokio::test]
async fn a_reminder_that_is_moved_fires_again() {
    let Some(db) = database().await else { return };
    let author = db.user("UTC").await;
    let task_id = create(&db.app, &author, &reminded(-1)).await;
    scan(&db.app, 100).await.unwrap();
    let current = tasks::read(&db.app, author.user_id, task_id, false)
        .await
        .unwrap()
        .unwrap();
    let from = current.stored.task().unwrap();
    let to = Edited {
        task: Task {
            remind_at: Some(Utc::now() - TimeDelta::seconds(5)),
            ..from.clone()
        },
        occurrence: None,
        starts_series: false,
    };
    act(
        &db.app,
        &author,
        task_id,
        Change::Edit(Edit {
            current: &current,
            from: &from,
            to: &to,
            given: &Map::new(),
        }),
    )
    .await;
    assert_eq!(scan(&db.app, 100).await.unwrap().fired, 1);
    assert_eq!(due_events(&db).await.len(), 2);
    assert_eq!(db.count("SELECT count(*) FROM reminders").await, 1);
}

#[tokio::test]
async fn a_delivery_happens_once_for_each_event() {
    let Some(db) = database().await else { return };
    let author = db.user("UTC").await;
    let task_id = create(&db.app, &author, &reminded(-1)).await;
    scan(&db.app, 100).await.unwrap();
    let due = due_events(&db).await.remove(0);
    assert_eq!(
        notifications::deliver(&db.app, &author, &due)
            .await
            .unwrap(),
        Delivered::Sent
    );
    assert_eq!(
        notifications::deliver(&db.app, &author, &due)
            .await
            .unwrap(),
        Delivered::Nothing
    );
    let sent = db.payloads("task-updates").await;
    assert_eq!(sent.len(), 1);
    assert_eq!(sent[0]["event_type"], "reminder.sent");
    assert_eq!(sent[0]["data"]["id"], task_id.to_string());
    let page = notifications::list(&db.app, author.user_id, 10, None).await;
    let Page { items, next } = page.unwrap();
    assert_eq!((items.len(), next), (1, None));
    let item: Value = serde_json::from_str(&items[0]).unwrap();
    assert_eq!(
        (&item["title"], &item["status"], &item["channel"]),
        (&json!("Call home"), &json!("sent"), &json!("in_app"))
    );
    assert_eq!(item["id"], sent[0]["metadata"]["notification_id"]);

    // Done between the scan and the delivery.
    let second = ReminderDue {
        event_id: Uuid::now_v7(),
        ..due.clone()
    };
    act(&db.app, &author, task_id, Change::Complete).await;
    assert_eq!(
        notifications::deliver(&db.app, &author, &second)
            .await
            .unwrap(),
        Delivered::Skipped
    );
    let unknown = ReminderDue {
        event_id: Uuid::now_v7(),
        task_id: Uuid::now_v7(),
        ..due
    };
    assert_eq!(
        notifications::deliver(&db.app, &author, &unknown)
            .await
            .unwrap(),
        Delivered::Nothing
    );
    assert_eq!(db.events("task-updates").await.len(), 1);
    let newest = notifications::list(&db.app, author.user_id, 1, None).await;
    let newest = newest.unwrap();
    assert!(newest.items[0].contains("skipped"));
    let oldest = notifications::list(&db.app, author.user_id, 1, newest.next.as_ref()).await;
    let oldest = oldest.unwrap();
    assert!(oldest.items[0].contains("sent"));
    assert_eq!(oldest.next, None);
}

#[tokio::test]
async fn reminders_are_added_and_removed_within_limits() {
    let Some(db) = database().await else { return };
    let author = db.user("UTC").await;
    let stranger = db.user("UTC").await;
    let task_id = create(&db.app, &author, &reminded(60)).await;
    let add = async |author: &Author, when| {
        reminders::add(&db.app, author, task_id, when)
            .await
            .unwrap()
    };
    let Added::New(json) = add(&author, When::At(Utc::now())).await else {
        panic!()
    };
    assert_eq!(add(&author, When::MinutesBefore(10)).await, Added::NoTime);
    assert_eq!(add(&stranger, When::At(Utc::now())).await, Added::NoTask);
    for _ in 2..reminders::MAX_PER_TASK {
        assert!(matches!(
            add(&author, When::At(Utc::now())).await,
            Added::New(_)
        ));
    }
    assert_eq!(add(&author, When::At(Utc::now())).await, Added::TooMany);
    let all = reminders::list(&db.app, author.user_id, task_id)
        .await
        .unwrap();
    assert_eq!(all.len() as i64, reminders::MAX_PER_TASK);
    assert!(
        reminders::list(&db.app, stranger.user_id, task_id)
            .await
            .unwrap()
            .is_empty()
    );
    let id_of = |json: &str| -> Uuid {
        let json: Value = serde_json::from_str(json).unwrap();
        json["id"].as_str().unwrap().parse().unwrap()
    };
    let own = all
        .iter()
        .find(|json| json.contains("\"is_task_field\": true"))
        .unwrap();
    let remove = async |user, id| reminders::remove(&db.app, user, task_id, id).await.unwrap();
    assert_eq!(
        remove(stranger.user_id, id_of(&json)).await,
        Removed::Absent
    );
    assert_eq!(remove(author.user_id, id_of(own)).await, Removed::TaskField);
    assert_eq!(remove(author.user_id, id_of(&json)).await, Removed::Done);
    assert_eq!(remove(author.user_id, id_of(&json)).await, Removed::Absent);
}

#[tokio::test]
async fn the_audit_log_holds_each_event_once_in_order_and_shows_tampering() {
    let Some(db) = database().await else { return };
    let (anna, bert) = (db.user("UTC").await, db.user("UTC").await);
    let task = create(&db.app, &anna, &reminded(60)).await;
    create(&db.app, &bert, &reminded(60)).await;
    act(&db.app, &anna, task, Change::Complete).await;
    act(&db.app, &anna, task, Change::Reopen).await;
    let all = db.payloads("task-events").await;
    assert_eq!(audit::record(&db.app, all[..2].to_vec()).await.unwrap(), 2);
    // A redelivery from the start.
    assert_eq!(audit::record(&db.app, all.clone()).await.unwrap(), 2);
    assert_eq!(audit::record(&db.app, all).await.unwrap(), 0);

    let everything = AuditQuery {
        limit: 100,
        ..AuditQuery::default()
    };
    let read = async |query: &AuditQuery| {
        let page = audit::list(&db.app, anna.user_id, query).await;
        let Page { items, next } = page.unwrap();
        let items: Vec<Value> = items
            .iter()
            .map(|item| serde_json::from_str(item).unwrap())
            .collect();
        (items, next)
    };
    let (items, next) = read(&everything).await;
    let types: Vec<&str> = items
        .iter()
        .map(|item| item["event_type"].as_str().unwrap())
        .collect();
    assert_eq!(
        (types, next),
        (
            vec!["task.created", "task.completed", "task.reopened"],
            None
        )
    );
    for item in &items {
        assert_eq!(
            (&item["id"], &item["source"]),
            (&item["event_id"], &json!("rest"))
        );
        assert_eq!(item["subject"], json!({"type": "task", "id": task}));
        assert_eq!(item["hash"].as_str().map(str::len), Some(64));
    }
    assert_eq!(items[1]["previous_data"], items[0]["data"]);
    let (first, next) = read(&AuditQuery {
        limit: 2,
        ..everything.clone()
    })
    .await;
    let (rest, end) = read(&AuditQuery {
        limit: 2,
        after: next.unwrap(),
        ..everything.clone()
    })
    .await;
    assert_eq!(([first, rest].concat(), end), (items, None));
    let (completed, _) = read(&AuditQuery {
        task_id: Some(task),
        event_type: Some("task.completed".into()),
        ..everything.clone()
    })
    .await;
    assert_eq!(completed.len(), 1);
    let (of_another, _) = read(&AuditQuery {
        task_id: Some(Uuid::now_v7()),
        ..everything
    })
    .await;
    assert!(of_another.is_empty());

    let broken_at = async || -> Option<i64> {
        let statement = "SELECT audit_chain_broken_at($1)";
        db.owner
            .query_one(statement, &[&anna.user_id])
            .await
            .unwrap()
            .get(0)
    };
    assert_eq!(broken_at().await, None);
    for (tamper, at) in [
        (
            "UPDATE audit_log SET event = jsonb_set(event, '{timestamp}', '\"2020-01-01T00:00:00Z\"') WHERE seq = 2",
            Some(2),
        ),
        (
            "UPDATE audit_log SET source = 'chat' WHERE seq = 1",
            Some(1),
        ),
        (
            "UPDATE audit_log SET event_type = 'task.deleted' WHERE seq = 3",
            Some(3),
        ),
        (
            "UPDATE audit_log SET subject_type = 'user' WHERE seq = 1",
            Some(1),
        ),
        ("UPDATE audit_log SET change_id = id WHERE seq = 2", Some(2)),
        ("DELETE FROM audit_log WHERE seq = 2", Some(3)),
        ("DELETE FROM audit_log WHERE seq = 3", Some(3)),
    ] {
        db.owner
            .batch_execute(&format!("BEGIN; {tamper}"))
            .await
            .unwrap();
        assert_eq!(broken_at().await, at, "{tamper}");
        db.owner.batch_execute("ROLLBACK").await.unwrap();
    }
}

#[tokio::test]
async fn deliveries_of_the_same_events_at_once_make_one_chain() {
    let Some(db) = database().await else { return };
    let author = db.user("UTC").await;
    for _ in 0..20 {
        create(&db.app, &author, &reminded(60)).await;
    }
    let all = db.payloads("task-events").await;
    let connections = futures::future::join_all((0..4).map(|_| db.another())).await;
    let added = futures::future::join_all(connections.iter().map(|connection| {
        let all = all.clone();
        async move {
            let mut added = 0;
            for entry in all {
                added += audit::record(connection, vec![entry]).await.unwrap();
            }
            added
        }
    }))
    .await;
    assert_eq!(added.iter().sum::<i32>(), 20);
    let statement = "SELECT audit_chain_broken_at($1) IS NULL AND count(*) = 20 FROM audit_log";
    let whole: bool = db
        .owner
        .query_one(statement, &[&author.user_id])
        .await
        .unwrap()
        .get(0);
    assert!(whole);
}

#[tokio::test]
async fn the_application_cannot_change_the_audit_log_nor_read_secrets() {
    let Some(db) = database().await else { return };
    for statement in [
        "UPDATE audit_log SET source = 'x'",
        "DELETE FROM audit_log",
        "TRUNCATE audit_log",
        "DELETE FROM outbox",
        "UPDATE outbox SET type = 'x'",
        "SELECT * FROM log_positions",
        "CREATE TABLE mine (id int)",
        "SELECT FROM passwords",
        "SELECT FROM sessions",
        "SELECT FROM personal_access_tokens",
        "SELECT FROM sign_in_attempts",
        "UPDATE users SET email = 'other@example.org'",
    ] {
        let refused = store::Database::query(&db.app, statement, Vec::new())
            .await
            .unwrap_err();
        assert!(
            refused.to_string().contains("permission denied"),
            "{statement}: {refused}"
        );
    }
}
