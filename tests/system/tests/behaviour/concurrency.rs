//! Many clients at once, and clients that repeat themselves.

use http::Method;
use serde_json::{Value, json};
use system_tests::{Account, Api, Reply};

const CLIENTS: usize = 12;

async fn create(api: &Api, account: &Account, body: &Value) -> Value {
    let reply = api
        .post(&account.path("/tasks"), &account.token, body)
        .await;
    reply.json(201)
}

fn task_path(account: &Account, task: &Value) -> String {
    account.path(&format!("/tasks/{}", task["id"].as_str().expect("an id")))
}

fn count(replies: &[Reply], status: u16) -> usize {
    replies
        .iter()
        .filter(|reply| reply.status == status)
        .count()
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_changes_to_one_version_exactly_one_wins() {
    let Some(system) = crate::shared().await else {
        return;
    };
    let api = system.api();
    let ada = api.sign_up().await;
    let task = create(&api, &ada, &json!({"title": "Tea"})).await;
    let path = task_path(&ada, &task);
    let etag = api.get(&path, &ada.token).await;
    let etag = etag.header("etag").expect("an ETag").to_owned();

    let changes = (0..CLIENTS).map(|n| {
        let request = api.request(Method::PATCH, &path).bearer_auth(&ada.token);
        let request = request.header("if-match", &etag);
        api.send(request.json(&json!({"title": format!("Tea {n}")})))
    });
    let replies = futures::future::join_all(changes).await;
    assert_eq!(count(&replies, 200), 1);
    assert_eq!(count(&replies, 412), CLIENTS - 1);
    let winner = replies
        .iter()
        .find(|reply| reply.status == 200)
        .expect("one");
    let now = api.get(&path, &ada.token).await.json(200);
    assert_eq!(winner.json(200), now);
    assert_eq!(now["version"], 2);

    let request = api.request(Method::GET, &path).bearer_auth(&ada.token);
    let etag = winner.header("etag").expect("an ETag");
    let unchanged = api.send(request.header("if-none-match", etag)).await;
    assert_eq!((unchanged.status, unchanged.text.as_str()), (304, ""));
}

#[tokio::test(flavor = "multi_thread")]
async fn changes_of_different_fields_at_once_are_all_kept() {
    let Some(system) = crate::shared().await else {
        return;
    };
    let api = system.api();
    let ada = api.sign_up().await;
    for _ in 0..10 {
        let task = create(&api, &ada, &json!({"title": "Tea"})).await;
        let path = task_path(&ada, &task);
        let bodies = [
            json!({"title": "Green tea"}),
            json!({"description": "Sencha"}),
            json!({"priority": "urgent"}),
            json!({"tags": ["kitchen"]}),
            json!({"due_date": "2031-05-01"}),
        ];
        let changes = bodies.iter().map(|body| api.patch(&path, &ada.token, body));
        for reply in futures::future::join_all(changes).await {
            reply.json(200);
        }
        let now = api.get(&path, &ada.token).await.json(200);
        for body in &bodies {
            for (field, value) in body.as_object().expect("an object") {
                assert_eq!(&now[field], value, "{field}: {now}");
            }
        }
        assert_eq!(now["version"], 1 + bodies.len());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn changes_of_one_task_without_a_version_queue_and_all_succeed() {
    let Some(system) = crate::system().await else {
        return;
    };
    let api = system.api();
    let ada = api.sign_up().await;
    for many in [8, 64] {
        let daily = json!({"title": "Tea", "recurrence_pattern": "daily"});
        let task = create(&api, &ada, &daily).await;
        let path = task_path(&ada, &task);
        let bodies = (0..many).map(|n| match n % 2 {
            0 => json!({"title": format!("Tea {n}")}),
            _ => json!({"due_date": format!("2031-{:02}-{:02}", 1 + n / 28, 1 + n % 28)}),
        });
        let bodies: Vec<Value> = bodies.collect();
        let changes = bodies.iter().map(|body| api.patch(&path, &ada.token, body));
        let replies = futures::future::join_all(changes).await;
        assert_eq!(count(&replies, 200), many);
        let now = api.get(&path, &ada.token).await.json(200);
        assert_eq!(now["version"], 1 + many);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repeated_request_with_the_same_key_makes_one_task() {
    let Some(system) = crate::shared().await else {
        return;
    };
    let api = system.api();
    let ada = api.sign_up().await;
    let send = |key: &str, body: Value| {
        let request = api.request(Method::POST, &ada.path("/tasks"));
        let request = request
            .bearer_auth(&ada.token)
            .header("idempotency-key", key);
        api.send(request.json(&body))
    };
    let tea = json!({"title": "Tea"});
    let replies = futures::future::join_all((0..CLIENTS).map(|_| send("k1", tea.clone()))).await;
    let first = replies[0].json(201);
    for reply in &replies {
        assert_eq!(reply.json(201), first);
    }
    assert_eq!(api.all(&ada.path("/tasks"), &ada.token).await.len(), 1);

    send("k1", json!({"title": "Coffee"})).await.problem(409);
    assert_ne!(send("k2", tea).await.json(201)["id"], first["id"]);
    // Another user's keys are their own.
    let bob = api.sign_up().await;
    let request = api
        .request(Method::POST, &bob.path("/tasks"))
        .bearer_auth(&bob.token);
    let request = request.header("idempotency-key", "k1");
    let of_bob = api
        .send(request.json(&json!({"title": "Water"})))
        .await
        .json(201);
    assert_eq!(of_bob["title"], "Water");
}

#[tokio::test(flavor = "multi_thread")]
async fn completing_at_once_from_many_places_completes_once() {
    let Some(system) = crate::shared().await else {
        return;
    };
    let api = system.api();
    let ada = api.sign_up().await;
    let body = json!({"title": "Tea", "due_date": "2031-01-01", "recurrence_pattern": "daily"});
    let task = create(&api, &ada, &body).await;
    let path = format!("{}/complete", task_path(&ada, &task));
    let nothing = json!({});
    let completions = (0..CLIENTS).map(|_| api.post(&path, &ada.token, &nothing));
    for reply in futures::future::join_all(completions).await {
        assert_eq!(reply.json(200)["version"], 2, "done once");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_show_every_task_once_while_others_are_added() {
    let Some(system) = crate::shared().await else {
        return;
    };
    let api = system.api();
    let ada = api.sign_up().await;
    let mut known = Vec::new();
    for n in 0..25 {
        let task = create(&api, &ada, &json!({"title": format!("Task {n}")})).await;
        known.push(task["id"].as_str().expect("an id").to_owned());
    }
    let mut seen = Vec::new();
    let mut cursor = String::new();
    loop {
        let path = ada.path(&format!("/tasks?limit=10&cursor={cursor}"));
        let page = api.get(&path, &ada.token).await.json(200);
        let items = page["items"].as_array().expect("items");
        assert!(items.len() <= 10);
        seen.extend(
            items
                .iter()
                .map(|item| item["id"].as_str().expect("an id").to_owned()),
        );
        create(&api, &ada, &json!({"title": "Added meanwhile"})).await;
        match page["next_cursor"].as_str() {
            Some(next) => next.clone_into(&mut cursor),
            None => break,
        }
    }
    for id in known {
        assert_eq!(seen.iter().filter(|other| **other == id).count(), 1, "{id}");
    }
}
