//! Under load, something is struck at random moments. What was acknowledged must have all of its
//! effects, once; and so must everything else that is there.

mod cutting;
mod hanging;
mod killing;
mod random;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use serde_json::{Value, json};
use system_tests::{Account, Api, Database, eventually};
use tokio::task::JoinHandle;
use uuid::Uuid;

pub use random::Random;
use random::times;

const WRITERS: usize = 6;

/// What clients were told had happened.
#[derive(Default)]
struct Acknowledged {
    created: BTreeSet<String>,
    completed: BTreeSet<String>,
}

/// Clients that create and complete recurring tasks until they are stopped.
pub struct Load {
    accounts: Vec<Account>,
    writers: Vec<JoinHandle<()>>,
    noted: Arc<Mutex<Acknowledged>>,
    stop: Arc<AtomicBool>,
}

impl Load {
    /// Starts clients that try these hosts in turn.
    pub async fn start(hosts: &[Api]) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let noted = Arc::new(Mutex::new(Acknowledged::default()));
        let (mut accounts, mut writers) = (Vec::new(), Vec::new());
        for _ in 0..WRITERS {
            let account = hosts[0].sign_up().await;
            let writer = write(hosts.to_vec(), account.clone(), noted.clone(), stop.clone());
            writers.push(tokio::spawn(writer));
            accounts.push(account);
        }
        Self {
            accounts,
            writers,
            noted,
            stop,
        }
    }

    pub fn completed(&self) -> usize {
        self.noted.lock().expect("not poisoned").completed.len()
    }

    /// Waits until work has gone on, then stops it and looks at every effect of it.
    pub async fn finish(self, api: &Api, database: &Database) {
        let before = self.completed();
        eventually("work goes on", async || {
            (self.completed() > before + WRITERS).then_some(())
        })
        .await;
        self.stop.store(true, Ordering::Relaxed);
        for writer in self.writers {
            writer.await.expect("no unexpected answer");
        }
        let noted = std::mem::take(&mut *self.noted.lock().expect("not poisoned"));
        println!(
            "{} created, {} completed",
            noted.created.len(),
            noted.completed.len()
        );

        let mut seen = BTreeSet::new();
        for account in &self.accounts {
            let tasks = settled_tasks(api, account).await;
            assert_effects_once(api, account, &tasks).await;
            let user_id = Uuid::parse_str(&account.id).expect("a UUID");
            let broken = database
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
        assert!(
            noted.created.is_subset(&seen),
            "every acknowledged task is there"
        );
        let dead = database
            .number("SELECT count(*) FROM dead_letters", &[])
            .await;
        assert_eq!(dead, Some(0), "nothing was given up");
    }
}

async fn write(
    hosts: Vec<Api>,
    account: Account,
    noted: Arc<Mutex<Acknowledged>>,
    stop: Arc<AtomicBool>,
) {
    let body = daily();
    let mut host = hosts.iter().cycle();
    while !stop.load(Ordering::Relaxed) {
        let path = account.path("/tasks");
        let Some(task) = acknowledged(&mut host, &account, &path, &body, 201).await else {
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
        if acknowledged(&mut host, &account, &path, &json!({}), 200)
            .await
            .is_some()
        {
            noted.lock().expect("not poisoned").completed.insert(id);
        }
    }
}

/// Waits until something that is acknowledged from now on has all its effects.
async fn work_goes_on(api: &Api) {
    let account = api.sign_up().await;
    let (path, body) = (account.path("/tasks"), daily());
    let task = api.post(&path, &account.token, &body).await.json(201);
    let id = task["id"].as_str().expect("an id");
    let path = account.path(&format!("/tasks/{id}/complete"));
    let done = api.post(&path, &account.token, &json!({})).await;
    done.json(200);
    settled_tasks(api, &account).await;
}

fn daily() -> Value {
    json!({"title": "Crash", "due_date": "2031-01-01", "recurrence_pattern": "daily"})
}

/// The body of an answer with this status. No answer, or 503, means: not acknowledged.
async fn acknowledged<'a>(
    hosts: &mut impl Iterator<Item = &'a Api>,
    account: &Account,
    path: &str,
    body: &Value,
    status: u16,
) -> Option<Value> {
    let api = hosts.next().expect("a cycle");
    let request = api
        .request(http::Method::POST, path)
        .bearer_auth(&account.token);
    let reply = api.try_send(request.json(body)).await.ok()?;
    if reply.status == 503 {
        assert!(reply.header("retry-after").is_some(), "{}", reply.text);
        return None;
    }
    Some(reply.json(status))
}

/// All tasks of the account, once every completed one has its next occurrence and every change its
/// audit entry.
async fn settled_tasks(api: &Api, account: &Account) -> Vec<Value> {
    eventually("all effects", async || {
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
