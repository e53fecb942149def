//! `kill -9` at random moments: what was acknowledged has all of its effects, once.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use serde_json::{Value, json};
use system_tests::{Account, Api, System, eventually};
use uuid::Uuid;

const KILLS: usize = 20;
const WRITERS: usize = 6;

/// What clients were told had happened.
#[derive(Default)]
struct Acknowledged {
    created: BTreeSet<String>,
    completed: BTreeSet<String>,
}

/// Creates and completes recurring tasks until told to stop; notes what was acknowledged.
async fn write(api: Api, account: Account, noted: Arc<Mutex<Acknowledged>>, stop: Arc<AtomicBool>) {
    let body = json!({"title": "Crash", "due_date": "2031-01-01", "recurrence_pattern": "daily"});
    while !stop.load(Ordering::Relaxed) {
        let request = api
            .request(http::Method::POST, &account.path("/tasks"))
            .bearer_auth(&account.token)
            .json(&body);
        let Some(task) = acknowledged(&api, request, 201).await else {
            tokio::time::sleep(Duration::from_millis(10)).await;
            continue;
        };
        let id = task["id"].as_str().expect("an id").to_owned();
        noted
            .lock()
            .expect("not poisoned")
            .created
            .insert(id.clone());
        let path = account.path(&format!("/tasks/{id}/complete"));
        let request = api
            .request(http::Method::POST, &path)
            .bearer_auth(&account.token)
            .json(&json!({}));
        if acknowledged(&api, request, 200).await.is_some() {
            noted.lock().expect("not poisoned").completed.insert(id);
        }
    }
}

/// The body of an answer with this status. No answer, or 503, means: not acknowledged.
async fn acknowledged(api: &Api, request: reqwest::RequestBuilder, status: u16) -> Option<Value> {
    let reply = api.try_send(request).await.ok()?;
    if reply.status == 503 {
        return None;
    }
    Some(reply.json(status))
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_acknowledged_survives_kill_9_with_every_effect_exactly_once() {
    let Some(mut system) = System::start().await else {
        return;
    };
    let api = system.api();
    let stop = Arc::new(AtomicBool::new(false));
    let noted = Arc::new(Mutex::new(Acknowledged::default()));
    let mut accounts = Vec::new();
    let mut writers = Vec::new();
    for _ in 0..WRITERS {
        let account = api.sign_up().await;
        accounts.push(account.clone());
        writers.push(tokio::spawn(write(
            api.clone(),
            account,
            noted.clone(),
            stop.clone(),
        )));
    }
    for kill in 0..KILLS {
        // One in four strikes while the host is still starting.
        let (from_ms, span_ms) = if kill % 4 == 3 { (0, 300) } else { (50, 700) };
        let random_ms = (Uuid::new_v4().as_u128() % span_ms) as u64;
        tokio::time::sleep(Duration::from_millis(from_ms + random_ms)).await;
        system.host.kill();
        system.host.start_again();
        if kill % 4 != 2 {
            system.host.ready().await;
        }
    }
    // It must also get on with work after the last one.
    let before = noted.lock().expect("not poisoned").completed.len();
    eventually("work goes on", Duration::from_secs(30), async || {
        (noted.lock().expect("not poisoned").completed.len() > before + WRITERS).then_some(())
    })
    .await;
    stop.store(true, Ordering::Relaxed);
    for writer in writers {
        writer.await.expect("no unexpected answer");
    }

    let noted = std::mem::take(&mut *noted.lock().expect("not poisoned"));
    println!(
        "{} created, {} completed",
        noted.created.len(),
        noted.completed.len()
    );
    let mut seen = BTreeSet::new();
    for account in &accounts {
        let tasks = settled_tasks(&api, account).await;
        assert_effects_once(&api, account, &tasks).await;
        let user_id = Uuid::parse_str(&account.id).expect("a UUID");
        let broken = system
            .database
            .number("SELECT audit_chain_broken_at($1)", &[&user_id])
            .await;
        assert_eq!(broken, None, "the hash chain of {} is whole", account.id);
        for task in tasks {
            let id = task["id"].as_str().expect("an id").to_owned();
            assert!(
                task["status"] == "completed" || !noted.completed.contains(&id),
                "{task}"
            );
            seen.insert(id);
        }
    }
    let dead = system
        .database
        .number("SELECT count(*) FROM dead_letters", &[])
        .await;
    assert_eq!(dead, Some(0), "nothing was given up");
    assert!(
        noted.created.is_subset(&seen),
        "every acknowledged task is there"
    );
}

/// All tasks of the account, once every completed one has its next occurrence and every change its
/// audit entry.
async fn settled_tasks(api: &Api, account: &Account) -> Vec<Value> {
    eventually("all effects", Duration::from_secs(60), async || {
        let tasks = api.all(&account.path("/tasks"), &account.token).await;
        let completed = tasks
            .iter()
            .filter(|task| task["status"] == "completed")
            .count();
        let series: BTreeSet<&str> = tasks
            .iter()
            .filter_map(|t| t["series_id"].as_str())
            .collect();
        let entries = api.all(&account.path("/audit-logs"), &account.token).await;
        // signed up, created for each task, completed for each completed one
        let all_there =
            tasks.len() == series.len() + completed && entries.len() == 1 + tasks.len() + completed;
        all_there.then_some(tasks)
    })
    .await
}

async fn assert_effects_once(api: &Api, account: &Account, tasks: &[Value]) {
    let mut of_series: BTreeMap<&str, Vec<&Value>> = BTreeMap::new();
    for task in tasks {
        of_series
            .entry(task["series_id"].as_str().expect("a series"))
            .or_default()
            .push(task);
    }
    for (series, tasks) in of_series {
        let completed = tasks
            .iter()
            .filter(|task| task["status"] == "completed")
            .count();
        assert!(
            completed <= 1 && tasks.len() == 1 + completed,
            "series {series}: {tasks:?}"
        );
        let dates: BTreeSet<&str> = tasks
            .iter()
            .filter_map(|t| t["due_date"].as_str())
            .collect();
        assert_eq!(dates.len(), tasks.len(), "each occurrence once: {tasks:?}");
    }
    let entries = api.all(&account.path("/audit-logs"), &account.token).await;
    let mut of_task: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for entry in &entries {
        if let Some(task_id) = entry["task_id"].as_str() {
            of_task
                .entry(task_id)
                .or_default()
                .push(entry["event_type"].as_str().expect("a type"));
        }
    }
    for task in tasks {
        let id = task["id"].as_str().expect("an id");
        let expected: &[&str] = match task["status"].as_str() {
            Some("completed") => &["task.created", "task.completed"],
            _ => &["task.created"],
        };
        assert_eq!(of_task.get(id).map(Vec::as_slice), Some(expected), "{id}");
    }
}
