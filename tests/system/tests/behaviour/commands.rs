//! What operators do from the command line, beside a running host.

use std::io::{BufRead as _, BufReader};
use std::process::Stdio;
use std::time::Duration;

use serde_json::{Value, json};
use system_tests::{Account, Api, System, eventually};

async fn audited(api: &Api, account: &Account) -> usize {
    let entries = api.all(&account.path("/audit-logs"), &account.token).await;
    entries.len()
}

async fn until_audited(api: &Api, account: &Account, count: usize) {
    eventually("the audit log", async || {
        (audited(api, account).await == count).then_some(())
    })
    .await;
}

/// Until every group has handled everything.
async fn until_nothing_is_left(system: &System) {
    let groups = ["record-audit", "schedule-next", "send-notification"];
    eventually("nothing is left to handle", async || {
        let lines = system.run(&["lag"]);
        let known = |group: &&str| lines.iter().any(|line| line["group"] == **group);
        let done = lines.iter().all(|line| line["lag"] == 0);
        (done && groups.iter().all(known)).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dead_letter_is_listed_and_redriven_with_its_effect_once() {
    let Some(system) = crate::system().await else {
        return;
    };
    let api = system.api();
    let ada = api.sign_up().await;
    until_audited(&api, &ada, 1).await;
    // What the handler needs is gone for a while, longer than it tries.
    let away = "ALTER FUNCTION record_audit RENAME TO record_audit_away";
    system.database.execute(away).await;
    let body = json!({"title": "Nobody notes this"});
    let task = api
        .post(&ada.path("/tasks"), &ada.token, &body)
        .await
        .json(201);
    let letters = eventually("a dead letter", async || {
        let letters = system.run(&["dead-letters", "list"]);
        (!letters.is_empty()).then_some(letters)
    })
    .await;
    assert_eq!(letters.len(), 1, "{letters:?}");
    let letter = &letters[0];
    assert_eq!(letter["group"], "record-audit");
    assert_eq!(letter["attempts"], 6);
    assert_eq!(letter["record"]["topic"], "task-events");
    assert_eq!(letter["record"]["key"], ada.id.as_str());
    assert_eq!(letter["record"]["value"]["task_id"], task["id"]);
    let id = letter["id"].as_str().expect("an id");
    let shown = system
        .try_run(&["dead-letters", "show", id])
        .expect("shown");
    assert!(shown.contains("record_audit"), "the reason: {shown}");

    let back = "ALTER FUNCTION record_audit_away RENAME TO record_audit";
    system.database.execute(back).await;
    let redriven = system.run(&["dead-letters", "redrive", id]);
    assert_eq!(redriven[0]["redriven"], 1, "{redriven:?}");
    until_audited(&api, &ada, 2).await;
    assert!(system.run(&["dead-letters", "list"]).is_empty());
    assert_eq!(system.run(&["dead-letters", "list", "--all"]).len(), 1);

    // A second time it changes nothing.
    let again = system.run(&["dead-letters", "redrive", id]);
    assert_eq!(again[0], json!({"redriven": 0, "redriven_before": 1}));
    until_nothing_is_left(&system).await;
    assert_eq!(audited(&api, &ada).await, 2);
    assert!(system.try_run(&["dead-letters", "show", "999999"]).is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn replaying_everything_makes_no_task_no_entry_and_no_notification() {
    let Some(mut system) = crate::system().await else {
        return;
    };
    let api = system.api();
    let ada = api.sign_up().await;
    for n in 0..5 {
        let soon = chrono::Utc::now() + chrono::TimeDelta::seconds(1);
        let body = json!({
            "title": format!("Task {n}"), "due_date": "2031-01-01",
            "recurrence_pattern": "daily", "remind_at": soon.to_rfc3339(),
        });
        let task = api
            .post(&ada.path("/tasks"), &ada.token, &body)
            .await
            .json(201);
        let id = task["id"].as_str().expect("an id");
        if n < 3 {
            let path = ada.path(&format!("/tasks/{id}/complete"));
            api.post(&path, &ada.token, &json!({})).await.json(200);
        }
    }
    let effects = async |api: &Api| {
        let count = async |path| api.all(&ada.path(path), &ada.token).await.len();
        (
            count("/tasks").await,
            audited(api, &ada).await,
            count("/notifications").await,
        )
    };
    // 8 tasks; signed up, 8 created, 3 completed; those that are not completed remind.
    eventually("every effect", async || {
        let (tasks, entries, notifications) = effects(&api).await;
        (tasks == 8 && entries == 12 && notifications >= 2).then_some(())
    })
    .await;
    until_nothing_is_left(&system).await;
    let before = effects(&api).await;

    let all = [
        ("record-audit", "task-events"),
        ("schedule-next", "task-events"),
        ("send-notification", "reminders"),
    ];
    if system.has_kafka() {
        let (group, topic) = all[0];
        let replay = [
            "events",
            "replay",
            "--group",
            group,
            "--topic",
            topic,
            "--from",
            "beginning",
        ];
        let refused = system.try_run(&replay).expect_err("the group has a member");
        assert!(refused.contains("Stop every host"), "{refused}");
    }
    system.host.terminate();
    system.host.ended().await;
    for (group, topic) in all {
        let replay = [
            "events",
            "replay",
            "--group",
            group,
            "--topic",
            topic,
            "--from",
            "beginning",
        ];
        let moved = eventually("the group is empty", async || {
            system.try_run(&replay).ok().map(|_| system.run(&replay))
        })
        .await;
        let records: u64 = moved
            .iter()
            .filter_map(|line| line["records"].as_u64())
            .sum();
        assert!(records >= 2, "{group}: {moved:?}");
    }
    system.host.start_again();
    system.host.ready().await;
    until_nothing_is_left(&system).await;
    assert_eq!(effects(&api).await, before);
    assert!(system.run(&["dead-letters", "list"]).is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn events_are_printed_as_they_come() {
    let Some(system) = crate::shared().await else {
        return;
    };
    let api = system.api();
    let ada = api.sign_up().await;
    let mut tail = system
        .command(&[
            "events",
            "tail",
            "--json",
            "--topic",
            "task-events",
            "--key",
            &ada.id,
        ])
        .stdout(Stdio::piped())
        .spawn()
        .expect("the tail starts");
    let lines = BufReader::new(tail.stdout.take().expect("piped")).lines();
    let reading = tokio::task::spawn_blocking(move || {
        let line = lines.map_while(Result::ok).next().unwrap_or_default();
        serde_json::from_str::<Value>(&line).expect("a line of JSON")
    });
    // It begins some time after it was started: until then events pass it by.
    let mut made = Vec::new();
    eventually("a line", async || {
        let body = json!({"title": "Seen"});
        let task = api
            .post(&ada.path("/tasks"), &ada.token, &body)
            .await
            .json(201);
        made.push(task["id"].clone());
        tokio::time::sleep(Duration::from_millis(200)).await;
        reading.is_finished().then_some(())
    })
    .await;
    let event = reading.await.expect("no panic");
    tail.kill().expect("it was running");
    tail.wait().expect("it ends");
    assert_eq!(event["headers"]["ce_type"], "task.created");
    assert_eq!(event["key"], ada.id.as_str());
    assert!(made.contains(&event["value"]["task_id"]), "{event}");
}
