//! What `taskwhisper provision` makes, and when it refuses.

use std::collections::BTreeMap;
use std::path::Path;

use super::*;
use crate::database::up;
use crate::provision;

fn secrets(state_dir: &Path) -> BTreeMap<String, String> {
    let lines = dotenvy::from_path_iter(state_dir.join(provision::FILE)).unwrap();
    lines.map(Result::unwrap).collect()
}

async fn migrated(name_part: &str) -> Option<Database> {
    let database = new_database(name_part).await?;
    up(&database).await.unwrap();
    Some(database)
}

#[tokio::test]
async fn the_roles_can_sign_in_and_have_only_their_groups_rights() {
    let Some(database) = migrated("provision").await else {
        return;
    };
    let state = tempfile::tempdir().unwrap();
    let done = provision::run(&database, state.path(), false)
        .await
        .unwrap();
    assert!(done.changed);
    let secrets = secrets(state.path());
    for (url, group) in [
        ("SPIN_VARIABLE_DATABASE_URL", "taskwhisper_app"),
        ("SPIN_VARIABLE_AUTH_DATABASE_URL", "taskwhisper_auth"),
        ("SPIN_VARIABLE_EVENT_LOG_URL", "taskwhisper_host"),
    ] {
        let client = connect(&secrets[url]).await;
        let row = client
            .query_one(
                "SELECT pg_has_role($1, 'MEMBER'), rolsuper OR rolcreaterole OR rolcreatedb,
                        current_setting('idle_in_transaction_session_timeout')
                 FROM pg_roles WHERE rolname = current_user",
                &[&group],
            )
            .await
            .unwrap();
        assert!(row.get::<_, bool>(0), "{group}");
        assert!(!row.get::<_, bool>(1), "{group}");
        assert_eq!(row.get::<_, String>(2), "1min");
        client.batch_execute("CREATE TABLE t ()").await.unwrap_err();
    }
    assert!(
        secrets["SPIN_VARIABLE_DATABASE_URL"].contains(&secrets["SPIN_VARIABLE_DATABASE_HOST"])
    );
    assert!(secrets["SPIN_VARIABLE_JWT_SIGNING_KEY"].starts_with("-----BEGIN PRIVATE KEY-----\n"));
    assert!(secrets["SPIN_VARIABLE_JWT_PUBLIC_KEYS"].contains("\"kid\""));
}

#[tokio::test]
async fn only_auths_role_reaches_the_secrets_of_accounts() {
    let Some(database) = migrated("provision").await else {
        return;
    };
    let state = tempfile::tempdir().unwrap();
    provision::run(&database, state.path(), false)
        .await
        .unwrap();
    let secrets = secrets(state.path());
    let auth = connect(&secrets["SPIN_VARIABLE_AUTH_DATABASE_URL"]).await;
    let app = connect(&secrets["SPIN_VARIABLE_DATABASE_URL"]).await;
    let host = connect(&secrets["SPIN_VARIABLE_EVENT_LOG_URL"]).await;
    for table in [
        "passwords",
        "sessions",
        "personal_access_tokens",
        "sign_in_attempts",
    ] {
        let read = format!("SELECT count(*) FROM {table}");
        auth.batch_execute(&read).await.unwrap();
        for other in [&app, &host] {
            let refused = other.batch_execute(&read).await.unwrap_err();
            let code = refused.code().unwrap().code();
            assert_eq!(code, "42501", "{table}: {refused}");
        }
    }
    let steps = "SET ROLE taskwhisper_auth";
    app.batch_execute(steps).await.unwrap_err();
    let change = "UPDATE users SET email = 'other@example.com'";
    app.batch_execute(change).await.unwrap_err();
}

#[tokio::test]
async fn doing_it_again_changes_nothing() {
    let Some(database) = migrated("provision").await else {
        return;
    };
    let state = tempfile::tempdir().unwrap();
    provision::run(&database, state.path(), false)
        .await
        .unwrap();
    let before = secrets(state.path());
    let again = provision::run(&database, state.path(), false)
        .await
        .unwrap();
    assert!(!again.changed);
    assert_eq!(secrets(state.path()), before);
}

#[tokio::test]
async fn databases_with_awkward_names_work() {
    let Some(database) = migrated("o'd \"d/ä? %41 a-very-long-name-").await else {
        return;
    };
    let state = tempfile::tempdir().unwrap();
    provision::run(&database, state.path(), false)
        .await
        .unwrap();
    let again = provision::run(&database, state.path(), false)
        .await
        .unwrap();
    assert!(!again.changed);
}

#[tokio::test]
async fn passwords_in_use_elsewhere_are_replaced_only_on_demand() {
    let Some(database) = migrated("provision").await else {
        return;
    };
    let (first, second) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    provision::run(&database, first.path(), false)
        .await
        .unwrap();
    let running = connect(&secrets(first.path())["SPIN_VARIABLE_DATABASE_URL"]).await;
    let error = provision::run(&database, second.path(), false)
        .await
        .unwrap_err();
    assert!(error.to_string().contains("--rotate"), "{error}");
    drop(running);

    provision::run(&database, second.path(), true)
        .await
        .unwrap();
    let url = &secrets(first.path())["SPIN_VARIABLE_DATABASE_URL"];
    assert!(host_postgres::connect(url).await.is_err());
    connect(&secrets(second.path())["SPIN_VARIABLE_DATABASE_URL"]).await;
}

#[tokio::test]
async fn a_lost_state_folder_is_replaced_without_asking() {
    let Some(database) = migrated("provision").await else {
        return;
    };
    let (lost, new) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    provision::run(&database, lost.path(), false).await.unwrap();
    let owner = connect(database.as_str()).await;
    let idle = "SELECT NOT EXISTS (SELECT FROM pg_stat_activity WHERE usename LIKE
                current_database() || '\\_%')";
    // The server notices a moment later that provisioning has closed its connections.
    while !owner.query_one(idle, &[]).await.unwrap().get::<_, bool>(0) {
        tokio::task::yield_now().await;
    }
    provision::run(&database, new.path(), false).await.unwrap();
    connect(&secrets(new.path())["SPIN_VARIABLE_EVENT_LOG_URL"]).await;
}

#[tokio::test]
async fn several_at_once_agree_when_they_share_the_folder() {
    let Some(database) = migrated("provision").await else {
        return;
    };
    let state = tempfile::tempdir().unwrap();
    let run = || provision::run(&database, state.path(), false);
    let (one, two) = tokio::join!(run(), run());
    one.unwrap();
    two.unwrap();
    let last = run().await.unwrap();
    assert!(!last.changed);
}

#[tokio::test]
async fn a_database_without_the_schema_is_refused() {
    let Some(database) = new_database("provision").await else {
        return;
    };
    let state = tempfile::tempdir().unwrap();
    let error = provision::run(&database, state.path(), false)
        .await
        .unwrap_err();
    assert!(error.to_string().contains("taskwhisper migrate"), "{error}");
}
