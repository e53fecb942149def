//! What `taskwhisper` does with databases that are not of this version, or not of this application.

use std::process::Output;

use system_tests::{Database, taskwhisper};

fn run(database: &Database, arguments: &[&str]) -> Output {
    let mut command = taskwhisper();
    command
        .args(arguments)
        .args(["--database-url", &database.url]);
    command.output().expect("the binary runs")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[tokio::test]
async fn up_refuses_the_schema_of_an_older_version_and_leaves_everything_as_it_is() {
    let Some(database) = Database::create().await else {
        return;
    };
    assert!(run(&database, &["migrate"]).status.success());
    database
        .execute(
            "UPDATE _sqlx_migrations SET checksum = '\\x00'
             WHERE version = (SELECT max(version) FROM _sqlx_migrations)",
        )
        .await;
    let state = tempfile::tempdir().expect("a folder");
    let folder = state.path().to_str().expect("UTF-8");
    let refused = run(
        &database,
        &["up", "--listen", "127.0.0.1:0", "--state-dir", folder],
    );
    let said = text(&refused.stderr);
    assert_eq!(refused.status.code(), Some(3), "{said}");
    for part in [
        "older version",
        "was rewritten since",
        "Nothing was changed",
        "DROP DATABASE",
    ] {
        assert!(said.contains(part), "{part}: {said}");
    }
    assert_eq!(state.path().read_dir().expect("a folder").count(), 0);
    let roles = "SELECT count(*) FROM pg_roles WHERE rolname LIKE current_database() || '\\_%'";
    assert_eq!(
        database.number(roles, &[]).await,
        Some(0),
        "nobody was provisioned"
    );
}

#[tokio::test]
async fn the_event_log_alone_is_set_up_once_and_says_whom_to_let_in() {
    let Some(database) = Database::create().await else {
        return;
    };
    let first = run(&database, &["migrate", "--event-log"]);
    let said = text(&first.stdout);
    assert!(first.status.success(), "{}", text(&first.stderr));
    for part in [
        "Applied:",
        "create event log",
        "GRANT taskwhisper_host",
        "INSERT ON outbox",
    ] {
        assert!(said.contains(part), "{part}: {said}");
    }
    let again = text(&run(&database, &["migrate", "--event-log"]).stdout);
    assert!(again.starts_with("The event log is up to date."), "{again}");
    let pending = text(&run(&database, &["migrate", "status", "--event-log"]).stdout);
    assert!(
        !pending.contains("pending") && pending.contains("applied"),
        "{pending}"
    );

    let rest = run(&database, &["migrate"]);
    assert!(rest.status.success(), "{}", text(&rest.stderr));
    let status = text(&run(&database, &["migrate", "status"]).stdout);
    assert!(!status.contains("pending"), "{status}");
}
