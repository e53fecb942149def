//! What others write runs on our host: the example, and as Spin's plugin what `spin new` makes of the template.

#![expect(clippy::expect_used, reason = "tests fail by panicking")]

mod trying;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use kafka_client::Cluster;
use kafka_client::rdkafka::producer::FutureRecord;
use system_tests::{Application, cargo_build, eventually};
use testing::TestCluster;

const WITHIN: Duration = Duration::from_secs(60);

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

async fn append(brokers: &TestCluster, topic: &str, value: &str) {
    let producer = brokers.connection().producer().expect("a producer");
    let record = FutureRecord::to(topic).key("k").payload(value);
    let sent = producer.send(record, WITHIN).await;
    sent.map_err(|(error, _)| error).expect("produced");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_example_builds_and_handles_orders() {
    const DEAD: &str = "orders.dead-letter";
    let example = root().join("examples/kafka-orders");
    cargo_build(&example, &["--locked"]);
    let brokers = TestCluster::any();
    for topic in ["orders", DEAD] {
        brokers.create_topic(topic, 1).await.expect("a topic");
    }
    let cluster = Cluster::new(&brokers.connection()).expect("a client");
    let letters = async || {
        let lag = cluster.lag("nobody", &[DEAD.to_owned()]).await.ok()?;
        Some(lag.iter().map(|lag| lag.records()).sum::<i64>())
    };
    let before = letters().await.expect("the broker answers");

    let mut application = Application::create();
    let manifest = application.folder().join("spin.toml");
    fs::copy(example.join("spin.toml"), manifest).expect("copied");
    application.run(brokers.brokers());
    append(&brokers, "orders", r#"{"id": "a", "cents": 1200}"#).await;
    append(&brokers, "orders", r#"{"id": "b", "cents": -1}"#).await;
    application.says("order a of 1200 cents").await;
    eventually("a dead letter", async || {
        (letters().await? == before + 1).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_template_makes_builds_and_handles_records() {
    let brokers = TestCluster::any();
    let topic = format!("things-{}", uuid::Uuid::new_v4().simple());
    brokers.create_topic(&topic, 1).await.expect("a topic");
    let source = fs::canonicalize(root().join("crates/sdk/spin-kafka")).expect("it is there");
    let values = [
        ("project-description", "Handles things"),
        ("kafka-brokers", brokers.brokers()),
        ("kafka-topic", &topic),
        (
            "spin-kafka-source",
            &format!("path = \"{}\"", source.display()),
        ),
    ];
    let mut application = Application::create();
    if !made_by_spin(application.folder(), &values) {
        println!(
            "skipped: install Spin 4 and put it on the PATH, to fill in the template as it does; \
             here the test does"
        );
        fill_in(application.folder(), &values);
    }
    // The same versions as the example's, which are here.
    let lock = application.folder().join("Cargo.lock");
    fs::copy(root().join("examples/kafka-orders/Cargo.lock"), lock).expect("copied");
    cargo_build(application.folder(), &[]);
    application.run_as_plugin();
    append(&brokers, &topic, "anything").await;
    let said = format!("{topic}/0/0: Some(\"k\")");
    application.says(&said).await;
    let kept = application
        .folder()
        .join(".spin/logs/my-handler_stdout.txt");
    let kept = fs::read_to_string(kept).expect("output is kept");
    assert_eq!(kept.trim_end(), said);
}

/// `spin new`, with nothing but our templates; whether there is a `spin`.
fn made_by_spin(folder: &Path, values: &[(&str, &str)]) -> bool {
    let data = tempfile::tempdir().expect("a folder for Spin");
    let spin = |arguments: &[&str]| {
        let mut spin = Command::new("spin");
        spin.args(arguments).env("SPIN_DATA_DIR", data.path());
        spin
    };
    if spin(&["--version"]).output().is_err() {
        return false;
    }
    let mut install = spin(&["templates", "install", "--dir"]);
    let mut new = spin(&["new", "--template", "kafka-rust", "my-handler"]);
    // Not empty: there is its `target`.
    new.args(["--no-vcs", "--allow-overwrite", "--output"])
        .arg(folder);
    for (name, value) in values {
        new.arg("--value").arg(format!("{name}={value}"));
    }
    for command in [install.arg(root()), &mut new] {
        let output = command.output().expect("spin runs");
        assert!(output.status.success(), "{output:?}");
    }
    true
}

/// The few placeholders of the template, without Spin.
fn fill_in(folder: &Path, values: &[(&str, &str)]) {
    let content = root().join("templates/kafka-rust/content");
    fs::create_dir(folder.join("src")).expect("a folder");
    for (from, to) in [
        ("Cargo.toml.tmpl", "Cargo.toml"),
        ("spin.toml", "spin.toml"),
        ("src/lib.rs", "src/lib.rs"),
    ] {
        let mut text = fs::read_to_string(content.join(from)).expect("it is there");
        let names = [
            ("project-name | kebab_case", "my-handler"),
            ("project-name | snake_case", "my_handler"),
            ("authors", "Somebody"),
        ];
        for (name, value) in names.iter().chain(values) {
            text = text.replace(&format!("{{{{{name}}}}}"), value);
        }
        assert!(!text.contains("{{"), "a placeholder is left in {text}");
        fs::write(folder.join(to), text).expect("written");
    }
}
