//! kcat writes what the trigger handles, and reads what it gave up.

use std::process::{Command, Stdio};

use serde_json::Value;

use super::harness::with_real;

fn kcat(arguments: &[&str], input: &str) -> Option<String> {
    use std::io::Write as _;
    let mut child = Command::new("kcat")
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .ok()?;
    let mut stdin = child.stdin.take().expect("piped");
    stdin.write_all(input.as_bytes()).expect("written");
    drop(stdin);
    let output = child.wait_with_output().expect("waited for");
    assert!(output.status.success(), "{output:?}");
    Some(String::from_utf8(output.stdout).expect("text"))
}

#[tokio::test(flavor = "multi_thread")]
async fn what_kcat_writes_is_handled_and_what_is_given_up_kcat_reads() {
    with_real(2, async |world| {
        let brokers = world.connection.brokers.as_str();
        let lines = "a:{\"do\":\"succeed\"}\nb:{\"do\":\"reject\"}\na:{\"do\":\"succeed\"}\n";
        let write = [
            "-b",
            brokers,
            "-P",
            "-t",
            &world.topic,
            "-K:",
            "-H",
            "own=1",
            "-z",
            "zstd",
        ];
        if kcat(&write, lines).is_none() {
            return println!("skipped: install kcat (Debian: apt install kcat)");
        }
        let host = world.host("host", "").await;
        world.until_committed().await;
        let handled = host.stop().await;
        let keys: Vec<_> = handled.iter().map(|handled| handled.key.as_str()).collect();
        assert_eq!(
            keys.iter().filter(|key| **key == "a").count(),
            2,
            "{keys:?}"
        );
        assert_eq!(keys.len(), 3);

        let dead = world.dead_letter_topic();
        let read = [
            "-b",
            brokers,
            "-C",
            "-t",
            &dead,
            "-o",
            "beginning",
            "-e",
            "-q",
            "-J",
        ];
        let text = kcat(&read, "").expect("kcat is there");
        let letter: Value = serde_json::from_str(text.trim()).expect("one record as JSON");
        assert_eq!(
            (&letter["key"], &letter["payload"]),
            (&"b".into(), &"{\"do\":\"reject\"}".into())
        );
        let headers = letter["headers"].as_array().expect("headers");
        let headers: Vec<_> = headers.iter().filter_map(Value::as_str).collect();
        for (name, value) in [
            ("own", "1"),
            ("dead-letter-reason", "told to reject"),
            ("dead-letter-attempts", "1"),
            ("dead-letter-topic", world.topic.as_str()),
            ("dead-letter-handler", "probe"),
        ] {
            let found = headers.chunks(2).any(|pair| pair == [name, value]);
            assert!(found, "{name}: {headers:?}");
        }
    })
    .await;
}
