//! One call outside of any group. It needs no database and no Kafka.

use std::sync::Arc;

use bytes::Bytes;
use host_postgres::Postgres;
use host_runtime::Runtime;
use manifest::{App, VariableOptions, Variables};
use records::Record;
use serde_json::{Value, json};
use trigger_kafka::{KIND, Outcome, TriggerConfig, invoke, is_wanted};
use uuid::Uuid;

struct World {
    runtime: Arc<Runtime>,
    config: TriggerConfig,
    _folder: tempfile::TempDir,
}

/// The guest that does what the value of each record says.
async fn world() -> World {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("spin.toml");
    let manifest = format!(
        "spin_manifest_version = 2
         [application]
         name = 'invoking'
         version = '1.0.0'
         [[trigger.kafka]]
         component = 'probe'
         topics = ['orders']
         deadline_ms = 2000
         filter = {{ type = ['order.placed'] }}
         [component.probe]
         source = '{}'",
        testing::wasm("kafka-probe").display()
    );
    std::fs::write(&path, manifest).expect("written");
    let app = Arc::new(App::load(&path).expect("a valid application"));
    let variables = Variables::new(&app, VariableOptions::default()).expect("variables");
    let variables = Arc::new(variables);
    let configs = manifest::trigger_configs::<TriggerConfig>(&app, &variables, KIND).await;
    let (_, config) = configs.expect("valid").remove(0);
    let state_dir = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("kafka");
    let postgres = Postgres::new(host_postgres::Options::default());
    let mut options = host_runtime::Options::new(state_dir, postgres);
    options.pooling = false;
    let runtime = Runtime::load(app, variables, options)
        .await
        .expect("a runtime");
    World {
        runtime,
        config,
        _folder: folder,
    }
}

fn record(key: &str, order: Value) -> Record {
    Record {
        topic: "orders".into(),
        partition: 0,
        offset: 0,
        id: Uuid::nil(),
        timestamp_ms: 0,
        key: Some(Bytes::from(key.to_owned())),
        value: Some(Bytes::from(order.to_string())),
        headers: Vec::new(),
    }
}

#[tokio::test]
async fn each_record_has_its_outcome_and_none_is_tried_again() {
    let world = world().await;
    let records = [
        record("a", json!({"do": "succeed"})),
        record("b", json!({"do": "fail-until", "attempt": 2})),
        record("c", json!({"do": "reject"})),
    ];
    let outcomes = invoke(&world.runtime, &world.config, &records)
        .await
        .expect("called");
    let retry = Outcome::Retry("told to fail until attempt 2".to_owned());
    let reject = Outcome::Reject("told to reject".to_owned());
    assert_eq!(outcomes, [Outcome::Done, retry, reject]);
}

#[tokio::test]
async fn a_trap_or_a_missed_deadline_is_the_reason_of_every_record() {
    let world = world().await;
    for order in ["trap", "spin"] {
        let records = [
            record("a", json!({"do": "succeed"})),
            record("b", json!({"do": order})),
        ];
        let outcomes = invoke(&world.runtime, &world.config, &records)
            .await
            .expect("called");
        assert_eq!(outcomes.len(), 2);
        for outcome in outcomes {
            let is_retry = matches!(&outcome, Outcome::Retry(reason) if !reason.is_empty());
            assert!(is_retry, "{order}: {outcome:?}");
        }
    }
}

#[tokio::test]
async fn a_record_that_the_filter_passes_over_is_known() {
    let world = world().await;
    let mut wanted = record("a", json!({}));
    assert!(!is_wanted(&world.config, &wanted));
    wanted
        .headers
        .push(("ce_type".into(), "order.placed".into()));
    assert!(is_wanted(&world.config, &wanted));
}
