//! Others on the same topics: `kcat` reads what the relay wrote, and writes what handlers handle.

use std::io::Write as _;
use std::process::{Command, Stdio};

use serde_json::{Value, json};
use system_tests::eventually;
use uuid::Uuid;

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";

/// `kcat`, or a word on stdout that it is missing.
fn kcat(brokers: &str, arguments: &[&str]) -> Option<Command> {
    let there = Command::new("kcat")
        .arg("-V")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    if !there.is_ok_and(|status| status.success()) {
        println!("skipped: install kcat");
        return None;
    }
    let mut command = Command::new("kcat");
    command.args(["-q", "-b", brokers]).args(arguments);
    Some(command)
}

/// Everything of a key in a topic, each record as kcat's JSON.
fn read(brokers: &str, topic: &str, key: &str) -> Option<Vec<Value>> {
    let arguments = ["-C", "-t", topic, "-o", "beginning", "-e", "-J"];
    let output = kcat(brokers, &arguments)?.output().expect("kcat runs");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let records = text.lines().map(serde_json::from_str::<Value>);
    let records = records.map(|record| record.expect("a line of JSON"));
    Some(records.filter(|record| record["key"] == key).collect())
}

/// One record, by kcat.
fn write(brokers: &str, topic: &str, key: &str, headers: &[String], value: &str) {
    let mut arguments = vec!["-P", "-t", topic, "-k", key];
    arguments.extend(headers.iter().flat_map(|header| ["-H", header]));
    let mut command = kcat(brokers, &arguments).expect("kcat was there before");
    let mut child = command.stdin(Stdio::piped()).spawn().expect("kcat runs");
    let mut input = child.stdin.take().expect("piped");
    input.write_all(value.as_bytes()).expect("taken");
    drop(input);
    assert!(child.wait().expect("ends").success());
}

/// kcat lists headers as name, value, name, value.
fn header<'r>(record: &'r Value, name: &str) -> Option<&'r str> {
    let headers = record["headers"].as_array()?;
    let at = headers.chunks(2).find(|pair| pair[0] == name)?;
    at.get(1)?.as_str()
}

#[tokio::test(flavor = "multi_thread")]
async fn kcat_reads_what_the_relay_wrote_with_the_trace_of_the_request() {
    let Some(system) = crate::shared().await else {
        return;
    };
    let api = system.api();
    let ada = api.sign_up().await;
    let mut task_ids = Vec::new();
    for n in 0..5 {
        let request = api
            .request(http::Method::POST, &ada.path("/tasks"))
            .bearer_auth(&ada.token)
            .header("traceparent", format!("00-{TRACE}-00f067aa0ba902b7-01"))
            .json(&json!({"title": format!("Task {n}")}));
        let task = api.send(request).await.json(201);
        task_ids.push(task["id"].clone());
    }
    let brokers = system.brokers().to_owned();
    if read(&brokers, "task-events", &ada.id).is_none() {
        return;
    }
    let records = eventually("the records", async || {
        let records = read(&brokers, "task-events", &ada.id)?;
        (records.len() == 5).then_some(records)
    })
    .await;
    let partitions: Vec<_> = records.iter().map(|record| &record["partition"]).collect();
    assert!(
        partitions.iter().all(|other| *other == partitions[0]),
        "one key, one partition"
    );
    for (record, task_id) in records.iter().zip(&task_ids) {
        assert_eq!(record["key"], ada.id.as_str());
        let payload = record["payload"].as_str().expect("a value");
        let value: Value = serde_json::from_str(payload).expect("JSON");
        assert_eq!(value["task_id"], *task_id, "in the order of the requests");
        assert_eq!(header(record, "ce_specversion"), Some("1.0"));
        assert_eq!(header(record, "ce_type"), Some("task.created"));
        assert_eq!(header(record, "ce_source"), Some("rest"));
        assert_eq!(header(record, "ce_id"), value["event_id"].as_str());
        assert_eq!(header(record, "ce_subject"), format!("task/{task_id}"));
        assert_eq!(header(record, "content-type"), Some("application/json"));
        let trace = header(record, "traceparent").expect("a traceparent");
        assert!(trace.starts_with(&format!("00-{TRACE}-")), "{trace}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn kcat_writes_what_a_handler_handles_and_twice_is_once() {
    let Some(system) = crate::shared().await else {
        return;
    };
    let api = system.api();
    let ada = api.sign_up().await;
    let body = json!({"title": "From here"});
    api.post(&ada.path("/tasks"), &ada.token, &body)
        .await
        .json(201);
    let brokers = system.brokers().to_owned();
    if read(&brokers, "task-events", &ada.id).is_none() {
        return;
    }
    let record = eventually("the record", async || {
        read(&brokers, "task-events", &ada.id)?.into_iter().next()
    })
    .await;
    let payload = record["payload"].as_str().expect("a value");
    let mut value: Value = serde_json::from_str(payload).expect("JSON");
    let id = Uuid::now_v7().to_string();
    value["event_id"] = json!(id);
    value["event_type"] = json!("task.updated");
    let headers = [
        "ce_specversion=1.0".to_owned(),
        format!("ce_id={id}"),
        "ce_type=task.updated".to_owned(),
        "ce_source=import".to_owned(),
    ];
    for _ in 0..2 {
        write(
            &brokers,
            "task-events",
            &ada.id,
            &headers,
            &value.to_string(),
        );
    }
    let path = ada.path("/audit-logs");
    let entries = eventually("the audit log", async || {
        let entries = api.all(&path, &ada.token).await;
        (entries.len() == 3).then_some(entries)
    })
    .await;
    assert_eq!(entries[2]["event_type"], "task.updated");
    eventually("both are handled", async || {
        let lines = system.run(&["lag"]);
        lines.iter().all(|line| line["lag"] == 0).then_some(())
    })
    .await;
    assert_eq!(api.all(&path, &ada.token).await.len(), 3);
}

/// What the trigger writes where the topic of dead letters has no room for a record's value.
#[tokio::test(flavor = "multi_thread")]
async fn a_dead_letter_that_has_lost_its_value_is_not_put_back() {
    const TOPIC: &str = "task-events.dead-letter";
    let Some(system) = crate::shared().await else {
        return;
    };
    let brokers = system.brokers().to_owned();
    if kcat(&brokers, &[]).is_none() {
        return;
    }
    let letter = |offset: u32| {
        let headers = [
            "reason=it was too much",
            "attempts=6",
            "topic=task-events",
            "partition=0",
            &format!("offset={offset}"),
            "timestamp-ms=1700000000000",
            "handler=record-audit",
            "group=record-audit",
        ];
        headers.map(|header| format!("dead-letter-{header}"))
    };
    write(&brokers, TOPIC, "somebody", &letter(1), "{}");
    let mut cut = letter(2).to_vec();
    cut.push("dead-letter-value-omitted-bytes=20000000".to_owned());
    // The header says it: kcat writes no record without a value.
    write(&brokers, TOPIC, "somebody", &cut, "cut");
    let letters = eventually("both letters", async || {
        let letters = system.run(&["dead-letters", "list"]);
        (letters.len() == 2).then_some(letters)
    })
    .await;
    let whole = letters[0]["id"].as_str().expect("an id");
    let cut = letters[1]["id"].as_str().expect("an id");

    let refused = system.try_run(&["dead-letters", "redrive", "--all"]);
    let refused = refused.expect_err("one cannot be put back");
    assert!(refused.contains(cut), "{refused}");
    let left = system.run(&["dead-letters", "list"]);
    let is_left = |id: &str| left.iter().any(|letter| letter["id"] == id);
    assert!(is_left(cut) && !is_left(whole), "{left:?}");
    // What was put back is no event, and is given up again: a letter of its own.
    assert_eq!(
        read(&brokers, "task-events", "somebody")
            .expect("kcat")
            .len(),
        1
    );
}
