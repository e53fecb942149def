//! One slice through everything: HTTP, Postgres, event log, handlers, reminder, WebSocket.

use chrono::{TimeDelta, Utc};
use serde_json::{Value, json};
use system_tests::{Account, Api, Socket, eventually};

async fn audit_of_task(api: &Api, account: &Account, task_id: &str) -> Vec<Value> {
    let path = account.path(&format!("/audit-logs?task_id={task_id}"));
    api.all(&path, &account.token).await
}

async fn tasks(api: &Api, account: &Account) -> Vec<Value> {
    api.all(&account.path("/tasks"), &account.token).await
}

async fn create(api: &Api, account: &Account, body: Value) -> Value {
    let reply = api
        .post(&account.path("/tasks"), &account.token, &body)
        .await;
    let task = reply.json(201);
    let id = task["id"].as_str().expect("an id");
    assert!(
        reply
            .header("location")
            .is_some_and(|location| location.ends_with(id))
    );
    assert!(reply.header("etag").is_some());
    task
}

fn id(value: &Value) -> &str {
    value["id"].as_str().expect("an id")
}

#[tokio::test(flavor = "multi_thread")]
async fn completing_a_weekly_task_brings_its_next_occurrence_exactly_once() {
    let Some(system) = crate::shared().await else {
        return;
    };
    let api = system.api();
    let ada = api.sign_up().await;

    let task = create(
        &api,
        &ada,
        json!({
            "title": "Water the plants",
            "due_date": "2031-03-26",
            "due_time": "09:00",
            "time_zone": "Europe/Berlin",
            "recurrence_pattern": "weekly",
        }),
    )
    .await;
    assert_eq!(task["status"], "pending");
    assert!(
        task["recurrence_rule"]
            .as_str()
            .expect("a rule")
            .contains("FREQ=WEEKLY")
    );

    let path = ada.path(&format!("/tasks/{}/complete", id(&task)));
    let completed = api.post(&path, &ada.token, &json!({})).await.json(200);
    assert_eq!(completed["status"], "completed");
    assert!(completed["completed_at"].is_string());
    // A second time changes nothing and brings no second occurrence.
    let again = api.post(&path, &ada.token, &json!({})).await.json(200);
    assert_eq!(again["version"], completed["version"]);

    let next = eventually("the next occurrence", async || {
        let all = tasks(&api, &ada).await;
        all.into_iter().find(|other| other["status"] == "pending")
    })
    .await;
    // Across the change to summer time, at the same time of day.
    assert_eq!(next["due_date"], "2031-04-02");
    assert_eq!(next["due_time"], "09:00");
    assert_eq!(next["time_zone"], "Europe/Berlin");
    assert_eq!(next["title"], "Water the plants");
    assert_eq!(next["series_id"], task["series_id"]);
    assert_ne!(next["id"], task["id"]);

    // The audit log of the first: created, then completed, with before and after.
    let first = eventually("the audit log of the task", async || {
        let entries = audit_of_task(&api, &ada, id(&task)).await;
        (entries.len() == 2).then_some(entries)
    })
    .await;
    assert_eq!(first[0]["event_type"], "task.created");
    assert_eq!(first[0]["previous_data"], Value::Null);
    assert_eq!(first[0]["data"]["title"], "Water the plants");
    assert_eq!(first[0]["source"], "rest");
    assert_eq!(
        first[0]["subject"],
        json!({"type": "task", "id": task["id"]})
    );
    assert_ne!(first[0]["change_id"], first[1]["change_id"]);
    assert!(first[0]["hash"].is_string());
    assert_eq!(first[0]["actor"], json!({"type": "user", "id": ada.id}));
    assert_eq!(first[1]["event_type"], "task.completed");
    assert_eq!(first[1]["previous_data"]["status"], "pending");
    assert_eq!(first[1]["data"]["status"], "completed");

    // And of everything: the account, and in order created, completed, created. The account's events
    // have a topic of their own, and between topics there is no order.
    let mut types = eventually("the whole audit log", async || {
        let entries = api.all(&ada.path("/audit-logs"), &ada.token).await;
        let types: Vec<String> = entries
            .iter()
            .map(|entry| entry["event_type"].as_str().expect("a type").to_owned())
            .collect();
        (types.len() >= 4).then_some(types)
    })
    .await;
    let of_account: Vec<_> = types
        .extract_if(.., |kind| kind.starts_with("user."))
        .collect();
    assert_eq!(of_account, ["user.signed_up"]);
    assert_eq!(types, ["task.created", "task.completed", "task.created"]);
    let of_next = audit_of_task(&api, &ada, id(&next)).await;
    assert_eq!(of_next[0]["source"], "recurrence");
    assert_eq!(of_next[0]["actor"], json!({"type": "system"}));

    assert_eq!(
        tasks(&api, &ada).await.len(),
        2,
        "exactly one next occurrence"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reminder_two_seconds_ahead_reaches_the_socket_and_the_notification_log() {
    let Some(system) = crate::shared().await else {
        return;
    };
    let api = system.api();
    let ada = api.sign_up().await;
    let (mut socket, _, _) = Socket::open(&api, &ada.token, None).await;

    let remind_at = Utc::now() + TimeDelta::seconds(2);
    let task = create(
        &api,
        &ada,
        json!({"title": "Take the tea out", "remind_at": remind_at.to_rfc3339()}),
    )
    .await;

    let frame = socket.next_event("reminder.sent").await;
    assert!(Utc::now() >= remind_at, "never early");
    assert_eq!(frame["type"], "event");
    assert_eq!(frame["task_id"], task["id"]);
    assert_eq!(frame["data"]["title"], "Take the tea out");

    let notifications = eventually("the notification", async || {
        let items = api.all(&ada.path("/notifications"), &ada.token).await;
        (!items.is_empty()).then_some(items)
    })
    .await;
    assert_eq!(notifications.len(), 1);
    assert_eq!(notifications[0]["task_id"], task["id"]);
}
