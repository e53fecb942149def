//! Users see what is theirs, and nobody else does.

use serde_json::{Value, json};
use system_tests::{Account, Api, Socket};

async fn tasks(api: &Api, account: &Account) -> Vec<Value> {
    api.all(&account.path("/tasks"), &account.token).await
}

async fn create(api: &Api, account: &Account, body: Value) -> Value {
    let reply = api
        .post(&account.path("/tasks"), &account.token, &body)
        .await;
    reply.json(201)
}

fn id(value: &Value) -> &str {
    value["id"].as_str().expect("an id")
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_sees_anything_of_another_user() {
    let Some(system) = crate::shared().await else {
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
async fn a_socket_gets_its_own_users_updates_in_order_and_resumes_where_it_was() {
    let Some(system) = crate::shared().await else {
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
    let Some(system) = crate::shared().await else {
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
