//! Two hosts on one database.

use std::collections::BTreeMap;

use serde_json::json;
use system_tests::{Account, Api, eventually};

/// Enough that both hosts get some: work is shared by user.
const USERS: usize = 16;
const TASKS: usize = 8;
/// Signed up; created, completed and next created for each task.
const EVENTS_PER_USER: usize = 1 + 3 * TASKS;

#[tokio::test(flavor = "multi_thread")]
async fn two_hosts_share_the_work_and_each_record_is_handled_once() {
    let Some(mut system) = crate::system().await else {
        return;
    };
    let second = system.another_host().await;
    if system.has_kafka() {
        // Kafka deals out anew some time after a member has come.
        eventually("a share for the second host", async || {
            let log = second.log();
            let assigned = log
                .lines()
                .filter(|line| line.contains("group=\"record-audit\""));
            assigned
                .clone()
                .any(|line| line.contains("assigned"))
                .then_some(())
        })
        .await;
    }
    let hosts = [system.api(), second.api()];
    let mut accounts = Vec::new();
    for n in 0..USERS {
        accounts.push(hosts[n % 2].sign_up().await);
    }
    let work = accounts
        .iter()
        .map(|account| make_and_complete(&hosts, account));
    futures::future::join_all(work).await;
    for account in &accounts {
        assert_effects_once(&hosts, account).await;
    }

    // The effects are keyed by event, so they would not show a record that both handled.
    let done = [r#"group="record-audit""#, r#"outcome="done""#];
    let mut handled = Vec::new();
    for host in [&system.host, &second] {
        handled.push(host.counter("kafka_trigger_outcomes_total", &done).await);
    }
    println!("handled by each host: {handled:?}");
    let events = (USERS * EVENTS_PER_USER) as u64;
    assert_eq!(handled.iter().sum::<u64>(), events, "{handled:?}");
    assert!(handled.iter().all(|share| *share > 0), "{handled:?}");
}

/// Makes each task through one host and completes it through the other.
async fn make_and_complete(hosts: &[Api; 2], account: &Account) {
    for n in 0..TASKS {
        let (here, there) = (&hosts[n % 2], &hosts[(n + 1) % 2]);
        let body = json!({"title": format!("Task {n}"), "due_date": "2031-01-01", "recurrence_pattern": "daily"});
        let reply = here
            .post(&account.path("/tasks"), &account.token, &body)
            .await;
        let task = reply.json(201);
        let id = task["id"].as_str().expect("an id");
        let path = account.path(&format!("/tasks/{id}/complete"));
        let reply = there.post(&path, &account.token, &json!({})).await;
        reply.json(200);
    }
}

async fn assert_effects_once(hosts: &[Api; 2], account: &Account) {
    let entries = eventually("the audit log", async || {
        let path = account.path("/audit-logs");
        let entries = hosts[0].all(&path, &account.token).await;
        (entries.len() >= EVENTS_PER_USER).then_some(entries)
    })
    .await;
    assert_eq!(entries.len(), EVENTS_PER_USER);
    let mut of_task: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for entry in &entries {
        if let Some(task_id) = entry["task_id"].as_str() {
            let event_type = entry["event_type"].as_str().expect("a type");
            of_task.entry(task_id).or_default().push(event_type);
        }
    }
    assert_eq!(of_task.len(), 2 * TASKS);
    for (task_id, types) in of_task {
        assert!(
            types == ["task.created"] || types == ["task.created", "task.completed"],
            "{task_id}: {types:?}"
        );
    }
    let tasks = hosts[1].all(&account.path("/tasks"), &account.token).await;
    assert_eq!(tasks.len(), 2 * TASKS, "one next occurrence for each");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_surviving_host_takes_over_what_the_other_left() {
    let Some(mut system) = crate::system().await else {
        return;
    };
    let mut second = system.another_host().await;
    let (first_api, second_api) = (system.api(), second.api());
    let ada = first_api.sign_up().await;
    for n in 0..20 {
        let body = json!({"title": format!("Task {n}")});
        second_api
            .post(&ada.path("/tasks"), &ada.token, &body)
            .await
            .json(201);
    }
    second.kill();
    eventually("the audit log, by the other host", async || {
        let entries = first_api.all(&ada.path("/audit-logs"), &ada.token).await;
        (entries.len() == 21).then_some(())
    })
    .await;
}
