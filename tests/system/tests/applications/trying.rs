//! Handlers that somebody tries by hand, with `events publish` and `invoke`.

use std::fs;
use std::io::Write as _;
use std::process::{Command, Output, Stdio};

use serde_json::{Value, json};
use system_tests::{Application, Database, cargo_build, taskwhisper};
use testing::TestCluster;

use crate::root;

/// The example's component in an application of its own, with these settings of the kafka trigger.
fn orders(settings: &str) -> Application {
    let example = root().join("examples/kafka-orders");
    cargo_build(&example, &["--locked"]);
    let application = Application::create();
    let manifest = format!(
        "spin_manifest_version = 2
         [application]
         name = 'orders'
         version = '1.0.0'
         [application.trigger.kafka]
         {settings}
         [[trigger.kafka]]
         component = 'kafka-orders'
         topics = ['orders']
         [component.kafka-orders]
         source = 'target/wasm32-wasip2/release/kafka_orders.wasm'"
    );
    fs::write(application.folder().join("spin.toml"), manifest).expect("written");
    application
}

/// Runs it with this on standard input.
fn run(mut command: Command, input: &str) -> Output {
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command.spawn().expect("the binary runs");
    let mut stdin = child.stdin.take().expect("piped");
    stdin.write_all(input.as_bytes()).expect("it reads");
    drop(stdin);
    child.wait_with_output().expect("it ends")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn lines(output: &Output) -> Vec<Value> {
    let said = text(&output.stdout);
    let lines = said.lines().map(serde_json::from_str);
    lines.collect::<Result<_, _>>().expect("lines of JSON")
}

/// A database with an event log, and the URL of a role that the printed GRANT let in.
async fn event_log() -> Option<(Database, String)> {
    let database = Database::create().await?;
    let mut migrate = taskwhisper();
    migrate.args(["migrate", "--event-log", "--database-url", &database.url]);
    let migrated = migrate.output().expect("the binary runs");
    assert!(migrated.status.success(), "{}", text(&migrated.stderr));
    let role = format!("host_{}", uuid::Uuid::new_v4().simple());
    database
        .execute(&format!(
            "CREATE ROLE {role} LOGIN PASSWORD 'p'; GRANT taskwhisper_host TO {role}"
        ))
        .await;
    let (_, place) = database.url.rsplit_once('@').expect("a URL with a user");
    let url = format!("postgres://{role}:p@{place}");
    Some((database, url))
}

const PUBLISH: [&str; 7] = [
    "events",
    "publish",
    "orders",
    "--key",
    "ada",
    "--type",
    "order.placed",
];

#[tokio::test(flavor = "multi_thread")]
async fn a_published_event_reaches_its_handler_through_the_event_log_alone() {
    let Some((database, url)) = event_log().await else {
        return;
    };
    let mut application = orders(&format!("event_log = '{url}'"));
    application.run("");
    let mut publish = application.command(&PUBLISH);
    publish.args(["--data", "-", "--header", "ce_subject=order/a", "--json"]);
    let published = run(publish, r#"{"id": "a", "cents": 1200}"#);
    assert!(published.status.success(), "{}", text(&published.stderr));
    let place = lines(&published).remove(0);
    assert_eq!(place["topic"], "orders");
    application.says("order a of 1200 cents").await;

    let row = "SELECT position FROM outbox
               WHERE partition = $1::int8 AND id = $2 AND aggregateid = 'ada'
                 AND type = 'order.placed' AND headers ->> 'ce_subject' = 'order/a'";
    let id: uuid::Uuid = place["id"]
        .as_str()
        .expect("an id")
        .parse()
        .expect("a UUID");
    let offset = database
        .number(row, &[&place["partition"].as_i64(), &id])
        .await;
    assert_eq!(offset, place["offset"].as_i64());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_published_event_reaches_its_handler_through_kafka() {
    let brokers = TestCluster::any();
    brokers.create_topic("orders", 1).await.expect("a topic");
    let mut application = orders(&format!("brokers = '{}'", brokers.brokers()));
    application.run("");
    let file = application.folder().join("order.json");
    let id = uuid::Uuid::new_v4().simple().to_string();
    let order = json!({"id": id, "cents": 7});
    fs::write(&file, order.to_string()).expect("written");
    let mut publish = application.command(&PUBLISH);
    publish.arg(format!("--data=@{}", file.display()));
    let published = run(publish, "");
    assert!(published.status.success(), "{}", text(&published.stderr));
    let said = text(&published.stdout);
    assert!(
        said.starts_with("orders/0@") && said.contains("id "),
        "{said}"
    );
    application.says(&format!("order {id} of 7 cents")).await;

    let mut nowhere = PUBLISH;
    nowhere[2] = "no-such-topic";
    let refused = run(application.command(&nowhere), "");
    let said = text(&refused.stderr);
    assert!(!refused.status.success(), "{said}");
    assert!(said.contains("no topic `no-such-topic`"), "{said}");
    assert!(said.contains("taskwhisper topics create"), "{said}");
}

const INVOKE: [&str; 4] = ["invoke", "kafka-orders", "--record", "-"];

#[tokio::test(flavor = "multi_thread")]
async fn a_component_is_invoked_without_database_event_log_or_kafka() {
    // Neither is there.
    let application = orders("event_log = 'postgres://nobody@127.0.0.1:1/none'");
    let done = run(
        application.command(&INVOKE),
        r#"{"key": "ada", "value": {"id": "a", "cents": 1200}}"#,
    );
    assert!(done.status.success(), "{}", text(&done.stderr));
    assert!(
        text(&done.stderr).contains("order a of 1200 cents"),
        "what it prints"
    );
    let table = text(&done.stdout);
    assert!(
        table.contains("orders/0@0") && table.contains("done"),
        "{table}"
    );

    let records = json!([
        {"topic": "orders", "offset": 5, "key": "a", "value": {"id": "b", "cents": 1}},
        {"topic": "orders", "offset": 6, "key": "b", "value": {"id": "c", "cents": -1}},
        {"topic": "orders", "offset": 7, "key": "b", "value": {"id": "d", "cents": 1}},
        {"topic": "orders", "offset": 8, "headers": {"ce_type": "order.placed"}},
    ]);
    let mut command = application.command(&INVOKE);
    command.arg("--json");
    let mixed = run(command, &records.to_string());
    assert_eq!(mixed.status.code(), Some(1));
    let complaint = text(&mixed.stderr);
    assert!(
        complaint.contains("3 of 4 records were not done"),
        "{complaint}"
    );
    let outcomes: Vec<_> = lines(&mixed)
        .iter()
        .map(|line| {
            (
                line["offset"].clone(),
                line["outcome"].clone(),
                line["reason"].clone(),
            )
        })
        .collect();
    let reason = |at: usize| outcomes[at].2.as_str().unwrap_or_default().to_owned();
    assert_eq!(
        (&outcomes[0].0, &outcomes[0].1),
        (&json!(5), &json!("done"))
    );
    assert_eq!(outcomes[1].1, "reject");
    assert!(reason(1).contains("less than nothing"), "{}", reason(1));
    assert_eq!(outcomes[2].1, "retry", "it waits for the one before it");
    assert_eq!(outcomes[3].1, "reject");
    assert!(reason(3).contains("tombstone"), "{}", reason(3));
}

#[tokio::test(flavor = "multi_thread")]
async fn invoking_moves_no_position_and_keeps_no_dead_letter() {
    let Some((database, url)) = event_log().await else {
        return;
    };
    let application = orders(&format!("event_log = '{url}'"));
    let refused = run(
        application.command(&INVOKE),
        r#"{"key": "ada", "value": {"id": "a", "cents": -1}}"#,
    );
    assert_eq!(refused.status.code(), Some(1), "{}", text(&refused.stderr));
    for table in ["log_positions", "log_members", "dead_letters", "outbox"] {
        let count = format!("SELECT count(*) FROM {table}");
        assert_eq!(database.number(&count, &[]).await, Some(0), "{table}");
    }
}

#[tokio::test]
async fn what_cannot_be_invoked_is_named_with_what_can() {
    let application = orders("brokers = 'nowhere:1'");
    for (component, records, complaint) in [
        ("save-order", "{}", "it has kafka-orders"),
        ("kafka-orders", "", "there is no record"),
        ("kafka-orders", r#"{"kye": "a"}"#, "kye"),
    ] {
        let output = run(
            application.command(&["invoke", component, "--record", "-"]),
            records,
        );
        let said = text(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{said}");
        assert!(said.contains(complaint), "{complaint}: {said}");
        assert!(output.stdout.is_empty());
    }
    // Of our own application, whose HTTP components handle no records.
    let mut tasks = taskwhisper();
    tasks.args(["invoke", "tasks", "--record", "-"]);
    let said = text(&run(tasks, "{}").stderr);
    assert!(
        said.contains("[[trigger.kafka]]") && said.contains("record-audit"),
        "{said}"
    );
}
