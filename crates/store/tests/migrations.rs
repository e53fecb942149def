//! Migrations go up, down to nothing, and up again.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

#[tokio::test]
async fn every_migration_can_be_taken_back() {
    let Some(db) = support::database().await else {
        return;
    };
    let left = "SELECT (SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace)
                     + (SELECT count(*) FROM pg_proc WHERE pronamespace = 'public'::regnamespace)";
    let whole = db.count(left).await;
    for migration in support::migrations("down") {
        db.owner.batch_execute(&migration).await.unwrap();
    }
    assert_eq!(db.count(left).await, 0);
    for migration in support::migrations("up") {
        db.owner.batch_execute(&migration).await.unwrap();
    }
    assert_eq!(db.count(left).await, whole);
}

#[test]
fn every_migration_has_both_directions() {
    assert_eq!(
        support::migrations("up").len(),
        support::migrations("down").len()
    );
}
