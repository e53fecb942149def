//! Migrations go up, down to nothing, and up again.

#[tokio::test]
async fn every_migration_can_be_taken_back() {
    let Some(db) = crate::support::database().await else {
        return;
    };
    let left = "SELECT (SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace)
                     + (SELECT count(*) FROM pg_proc WHERE pronamespace = 'public'::regnamespace)
                     + (SELECT count(*) FROM pg_type WHERE typnamespace = 'public'::regnamespace)";
    let whole = db.count(left).await;
    for migration in testing::migrations("down") {
        db.owner.batch_execute(&migration).await.unwrap();
    }
    assert_eq!(db.count(left).await, 0);
    for migration in testing::migrations("up") {
        db.owner.batch_execute(&migration).await.unwrap();
    }
    assert_eq!(db.count(left).await, whole);
}

#[test]
fn every_migration_has_both_directions() {
    assert_eq!(
        testing::migrations("up").len(),
        testing::migrations("down").len()
    );
}

#[tokio::test]
async fn a_domain_refuses_what_the_column_may_not_hold() {
    let Some(db) = crate::support::database().await else {
        return;
    };
    let author = db.user("UTC").await;
    let task = "INSERT INTO tasks (user_id, title, time_zone, due_date, due_at) VALUES ($1, 'a', 'UTC', now(), now())
                RETURNING id";
    let task = db.owner.query_one(task, &[&author.user_id]).await.unwrap();
    let task: uuid::Uuid = task.get(0);
    let reminder = "INSERT INTO reminders (user_id, task_id, remind_at) VALUES ($1, $2, now())";
    db.owner
        .execute(reminder, &[&author.user_id, &task])
        .await
        .unwrap();
    for (table, column, good, bad) in [
        ("tasks", "status", "'pending'", "'done'"),
        ("tasks", "priority", "'urgent'", "'none'"),
        (
            "tasks",
            "tags",
            "array_fill('a'::text, '{50}')",
            "array_fill('a'::text, '{51}')",
        ),
        ("tasks", "time_zone", "repeat('a', 64)", "repeat('a', 65)"),
        ("tasks", "recurrence_rule", "NULL", "''"),
        ("tasks", "recurrence_pattern", "'none'", "'hourly'"),
        ("tasks", "recurrence_interval", "1000", "1001"),
        ("tasks", "repeat_from", "'completion'", "'start'"),
        ("reminders", "state", "'pending'", "'sent'"),
    ] {
        let set = |value: &str| format!("UPDATE {table} SET {column} = {value}");
        db.owner.execute(&set(good), &[]).await.unwrap();
        let refused = db.owner.execute(&set(bad), &[]).await.unwrap_err();
        let refused = refused.as_db_error().unwrap();
        assert_eq!(refused.code().code(), "23514", "{column}: {refused}");
        assert!(refused.message().contains("domain"), "{column}: {refused}");
    }
}

/// Types and topics are written once, in `events`. SQL gets them as parameters; where a file names one all
/// the same, it must be one that there is.
#[test]
fn no_sql_names_an_event_type_or_a_topic_that_is_not_defined() {
    for (path, text) in crate::support::sql_files() {
        for literal in literals(&text) {
            let is_type = literal.split_once('.').is_some_and(|(subject, what)| {
                [subject, what].iter().all(|word| is_word(word, '_'))
            });
            let is_known = events::EventType::from_name(literal).is_some();
            assert!(!is_type || is_known, "{path}: the event type {literal}");
            let is_topic = literal.contains('-') && is_word(literal, '-');
            let is_known = events::topic::ALL.contains(&literal);
            assert!(!is_topic || is_known, "{path}: the topic {literal}");
        }
    }
}

/// What stands between single quotes, outside of comments.
fn literals(sql: &str) -> Vec<&str> {
    let code = sql
        .lines()
        .map(|line| line.split("--").next().unwrap_or(""));
    code.flat_map(|line| line.split('\'').skip(1).step_by(2))
        .collect()
}

fn is_word(text: &str, joint: char) -> bool {
    let is_plain = |c: char| c.is_ascii_lowercase() || c == joint;
    !text.is_empty() && text.chars().all(is_plain) && !text.starts_with(joint)
}
