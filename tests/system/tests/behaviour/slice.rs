//! One slice through everything: HTTP, Postgres, event log, handlers, reminder, WebSocket.

use std::time::Duration;

use chrono::{TimeDelta, Utc};
use serde_json::{Value, json};
use system_tests::{Account, Api, Socket, eventually};

const EFFECT_WITHIN: Duration = Duration::from_secs(10);

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
    let Some(system) = crate::system().await else {
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

    let next = eventually("the next occurrence", EFFECT_WITHIN, async || {
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
    let first = eventually("the audit log of the task", EFFECT_WITHIN, async || {
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
    let mut types = eventually("the whole audit log", EFFECT_WITHIN, async || {
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
async fn nobody_sees_anything_of_another_user() {
    let Some(system) = crate::system().await else {
        return;
    };
    let api = system.api();
    let (ada, bob) = (api.sign_up().await, api.sign_up().await);
    let task = create(&api, &ada, json!({"title": "Secret"})).await;
    let of_ada = ada.path(&format!("/tasks/{}", id(&task)));

    for path in [
        &of_ada,
        &ada.path("/tasks"),
        &ada.path("/audit-logs"),
        &ada.path("/notifications"),
    ] {
        // Known, but not allowed: a fresh token would not help.
        api.get(path, &bob.token).await.problem(403);
        let reply = api.send(api.request(http::Method::GET, path)).await;
        reply.problem(401);
        assert!(reply.header("www-authenticate").is_some(), "{path}");
    }
    api.patch(&of_ada, &bob.token, &json!({"title": "Mine"}))
        .await
        .problem(403);
    api.delete(&of_ada, &bob.token).await.problem(403);

    // Under their own name there is no such task.
    let of_bob = bob.path(&format!("/tasks/{}", id(&task)));
    api.get(&of_bob, &bob.token).await.problem(404);
    api.patch(&of_bob, &bob.token, &json!({"title": "Mine"}))
        .await
        .problem(404);
    api.delete(&of_bob, &bob.token).await.problem(404);
    let complete = format!("{of_bob}/complete");
    api.post(&complete, &bob.token, &json!({}))
        .await
        .problem(404);
    assert!(tasks(&api, &bob).await.is_empty());
    let path = bob.path(&format!("/audit-logs?task_id={}", id(&task)));
    assert!(api.all(&path, &bob.token).await.is_empty());

    assert_eq!(
        api.get(&of_ada, &ada.token).await.json(200)["title"],
        "Secret"
    );
    let me = api
        .get(&format!("/api/me/tasks/{}", id(&task)), &ada.token)
        .await;
    assert_eq!(me.json(200)["id"], task["id"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reminder_two_seconds_ahead_reaches_the_socket_and_the_notification_log() {
    let Some(system) = crate::system().await else {
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

    let notifications = eventually("the notification", EFFECT_WITHIN, async || {
        let items = api.all(&ada.path("/notifications"), &ada.token).await;
        (!items.is_empty()).then_some(items)
    })
    .await;
    assert_eq!(notifications.len(), 1);
    assert_eq!(notifications[0]["task_id"], task["id"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_socket_gets_its_own_users_updates_in_order_and_resumes_where_it_was() {
    let Some(system) = crate::system().await else {
        return;
    };
    let api = system.api();
    let (ada, bob) = (api.sign_up().await, api.sign_up().await);
    let (mut socket, _, missed) = Socket::open(&api, &ada.token, None).await;
    assert!(missed.is_empty());

    create(&api, &bob, json!({"title": "Not for Ada"})).await;
    let task = create(&api, &ada, json!({"title": "First"})).await;
    let path = ada.path(&format!("/tasks/{}", id(&task)));
    api.patch(&path, &ada.token, &json!({"title": "Second"}))
        .await
        .json(200);
    create(&api, &bob, json!({"title": "Not for Ada either"})).await;
    assert_eq!(api.delete(&path, &ada.token).await.status, 204);

    let frames = socket
        .until(|frame| frame["event_type"] == "task.deleted")
        .await;
    let types: Vec<&str> = frames
        .iter()
        .filter_map(|f| f["event_type"].as_str())
        .collect();
    assert_eq!(types, ["task.created", "task.updated", "task.deleted"]);
    for frame in &frames {
        assert_eq!(
            frame["task_id"], task["id"],
            "nothing of another user: {frame}"
        );
        assert!(
            frame["timestamp"].is_string() && frame["source"] == "rest",
            "{frame}"
        );
    }
    assert_eq!(frames[1]["data"]["title"], "Second");

    // Away while things happen; back with the last id that was seen.
    let last = id(&frames[2]).to_owned();
    drop(socket);
    let missed_task = create(&api, &ada, json!({"title": "Missed"})).await;
    create(&api, &bob, json!({"title": "Still not for Ada"})).await;
    let (mut socket, _, missed) = Socket::open(&api, &ada.token, Some(&last)).await;
    let mut frames = missed;
    if frames.is_empty() {
        frames.push(socket.next().await);
    }
    assert_eq!(frames.len(), 1, "{frames:?}");
    assert_eq!(frames[0]["task_id"], missed_task["id"]);

    // A cursor that is not known means: load everything again.
    let unknown = uuid::Uuid::nil().to_string();
    let (mut socket, _, mut frames) = Socket::open(&api, &ada.token, Some(&unknown)).await;
    if frames.is_empty() {
        frames.push(socket.next().await);
    }
    assert_eq!(frames[0]["type"], "reload", "{frames:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_socket_opens_only_with_a_good_token() {
    let Some(system) = crate::system().await else {
        return;
    };
    let api = system.api();
    for token in [None, Some("nonsense")] {
        let refused = Socket::try_open(&api, token, None)
            .await
            .err()
            .expect("refused");
        assert_eq!(refused.status, 401);
        assert_eq!(
            refused.content_type.as_deref(),
            Some("application/problem+json")
        );
    }
}
