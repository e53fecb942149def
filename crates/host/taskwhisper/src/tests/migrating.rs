//! What `taskwhisper migrate` does to a database.

use super::*;
use crate::database::migrate::{State, Status, down, status, up};

fn states(list: &[Status]) -> Vec<State> {
    list.iter().map(|one| one.state).collect()
}

#[tokio::test]
async fn the_schema_goes_up_and_down_step_by_step_and_up_again() {
    let Some(database) = new_database("migrate").await else {
        return;
    };
    let pending = status(&database).await.unwrap();
    assert!(
        states(&pending)
            .iter()
            .all(|state| *state == State::Pending)
    );
    let applied = up(&database).await.unwrap();
    assert_eq!(applied.len(), pending.len());
    assert!(up(&database).await.unwrap().is_empty());
    for version in applied.iter().rev() {
        assert_eq!(down(&database, 1).await.unwrap(), [*version]);
    }
    assert!(down(&database, 1).await.unwrap().is_empty());
    assert_eq!(up(&database).await.unwrap(), applied);
    assert_eq!(down(&database, 2).await.unwrap().len(), 2);
    let now = states(&status(&database).await.unwrap());
    let pending = now.iter().filter(|state| **state == State::Pending);
    assert_eq!(pending.count(), 2);
}

#[tokio::test]
async fn several_processes_may_migrate_at_the_same_time() {
    let Some(database) = new_database("migrate").await else {
        return;
    };
    let (one, two, three) = tokio::join!(up(&database), up(&database), up(&database));
    for result in [one, two, three] {
        result.unwrap();
    }
    let now = states(&status(&database).await.unwrap());
    assert!(now.iter().all(|state| *state == State::Applied));
}

#[tokio::test]
async fn a_migration_that_was_changed_or_is_unknown_stops_it_with_advice() {
    let Some(database) = new_database("migrate").await else {
        return;
    };
    up(&database).await.unwrap();
    let client = connect(database.as_str()).await;
    client
        .batch_execute(
            "UPDATE _sqlx_migrations SET checksum = '\\x00'
             WHERE version = (SELECT min(version) FROM _sqlx_migrations)",
        )
        .await
        .unwrap();
    let error = up(&database).await.unwrap_err();
    assert!(format!("{error:#}").contains("was changed after it was applied"));
    client
        .batch_execute(
            "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)
             VALUES (99991231235959, 'from the future', true, '\\x00', 0)",
        )
        .await
        .unwrap();
    let error = up(&database).await.unwrap_err();
    assert!(format!("{error:#}").contains("run the newer version"));
    let now = states(&status(&database).await.unwrap());
    assert_eq!(now.first(), Some(&State::Changed));
    assert_eq!(now.last(), Some(&State::Unknown));
}
