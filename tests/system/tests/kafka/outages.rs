//! Kafka goes away under load, or is not there to begin with.

use serde_json::json;
use system_tests::{Kafka, System, eventually};

use crate::crash::{Load, Random};

/// Records that wait for Kafka. While it is away the command says so, after what it does know.
fn waiting(system: &System) -> u64 {
    let output = system.command(&["lag", "--json"]).output();
    let output = output.expect("the command runs");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let lines = text.lines().map(serde_json::from_str::<serde_json::Value>);
    let lines = lines.map(|line| line.expect("a line of JSON"));
    lines
        .filter(|line| line["group"] == "relay")
        .filter_map(|line| line["lag"].as_u64())
        .sum()
}

#[tokio::test(flavor = "multi_thread")]
async fn while_the_broker_is_away_the_api_accepts_and_afterwards_every_effect_is_there_once() {
    let Some(kafka) = Kafka::own().await else {
        return;
    };
    let Some(mut system) = System::with(Some(kafka)).await else {
        return;
    };
    let api = system.api();
    let load = Load::start(std::slice::from_ref(&api)).await;
    let mut random = Random::new();
    for _ in 0..2 {
        random.pause(500, 1500).await;
        system.kafka().broker().kill();
        let before = load.completed();
        eventually("work goes on", async || {
            (load.completed() > before + 50).then_some(())
        })
        .await;
        assert!(waiting(&system) > 50, "events wait for the broker");
        system.kafka().broker().start_again().await;
    }
    load.finish(&api, &system.database).await;
    eventually("nothing waits", async || {
        (waiting(&system) == 0).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_that_starts_before_its_broker_serves_and_catches_up() {
    let Some(mut kafka) = Kafka::own().await else {
        return;
    };
    kafka.broker().kill();
    let Some(mut system) = System::with(Some(kafka)).await else {
        return;
    };
    let api = system.api();
    let ada = api.sign_up().await;
    let body = json!({"title": "Early"});
    api.post(&ada.path("/tasks"), &ada.token, &body)
        .await
        .json(201);
    system.kafka().broker().start_again().await;
    eventually("the audit log", async || {
        let entries = api.all(&ada.path("/audit-logs"), &ada.token).await;
        (entries.len() == 2).then_some(())
    })
    .await;
}
