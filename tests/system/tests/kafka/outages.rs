//! Kafka goes away under load, or is not there to begin with.

use std::time::Duration;

use serde_json::json;
use system_tests::{Kafka, System, eventually};

use crate::crash::{Load, random_pause};

/// Records that wait for Kafka.
fn waiting(system: &System) -> u64 {
    // Groups of Kafka cannot be asked for while it is away; the relay is one of the log.
    let said = system.try_run(&["lag", "--json"]).or_else(|_| {
        let lines = system
            .command(&["lag", "--json"])
            .env_remove("SPIN_VARIABLE_KAFKA_BROKERS")
            .output();
        lines
            .map(|output| String::from_utf8_lossy(&output.stdout).into_owned())
            .map_err(|e| e.to_string())
    });
    let said = said.expect("the log answers");
    let lines = said
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).expect("JSON"));
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
    let load = Load::start(&[api.clone()]).await;
    for _ in 0..2 {
        random_pause(500, 1500).await;
        system.kafka().kill();
        let before = load.completed();
        eventually("work goes on", Duration::from_secs(60), async || {
            (load.completed() > before + 50).then_some(())
        })
        .await;
        assert!(waiting(&system) > 50, "events wait for the broker");
        system.kafka().start_again().await;
    }
    load.finish(&api, &system.database).await;
    eventually("nothing waits", Duration::from_secs(30), async || {
        (waiting(&system) == 0).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_that_starts_before_its_broker_serves_and_catches_up() {
    let Some(mut kafka) = Kafka::own().await else {
        return;
    };
    kafka.kill();
    let Some(mut system) = System::with(Some(kafka)).await else {
        return;
    };
    let api = system.api();
    let ada = api.sign_up().await;
    let body = json!({"title": "Early"});
    api.post(&ada.path("/tasks"), &ada.token, &body)
        .await
        .json(201);
    system.kafka().start_again().await;
    eventually("the audit log", Duration::from_secs(60), async || {
        let entries = api.all(&ada.path("/audit-logs"), &ada.token).await;
        (entries.len() == 2).then_some(())
    })
    .await;
}
