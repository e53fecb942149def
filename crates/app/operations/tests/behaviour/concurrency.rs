//! Many requests for one task at once, each on a connection of its own.

use crate::support::{App, TestDatabase, database};
use operations::tasks::{self, NewTask, Stored};
use operations::{Context, Error, Input, Precondition};
use serde_json::{Value, json};
use uuid::Uuid;

fn input(fields: Value) -> Input {
    fields.as_object().unwrap().clone().into()
}

async fn create(context: &Context<&App>, fields: Value) -> Stored {
    let new = NewTask {
        input: input(fields),
        key: None,
    };
    tasks::create(context, new).await.unwrap().task
}

async fn many(db: &TestDatabase, count: usize) -> Vec<App> {
    futures::future::join_all((0..count).map(|_| db.another())).await
}

/// Sends one change on each connection at once, none with a precondition.
async fn change_at_once(
    connections: &[App],
    context: &Context<&App>,
    task_id: Uuid,
    change: impl Fn(usize) -> Value,
) {
    let changes = connections.iter().enumerate().map(|(n, connection)| {
        let context = Context::new(connection, context.author.clone());
        let input = input(change(n));
        async move { tasks::change(&context, task_id, input, &Precondition::None).await }
    });
    for result in futures::future::join_all(changes).await {
        result.unwrap();
    }
}

#[tokio::test]
async fn changes_without_a_precondition_queue_and_all_succeed() {
    let Some(db) = database().await else { return };
    let context = Context::new(&db.app, db.user("UTC").await);
    let day = |n: usize| format!("2031-{:02}-{:02}", 1 + n / 28, 1 + n % 28);
    for count in [8, 64] {
        let connections = many(&db, count).await;
        let plain = create(&context, json!({"title": "a"})).await.id;
        change_at_once(
            &connections,
            &context,
            plain,
            |n| json!({"title": format!("a{n}"), "priority": "high"}),
        )
        .await;
        // A schedule has to be worked out again on what others left.
        let due = json!({"title": "b", "due_date": "2030-01-01", "recurrence_pattern": "daily"});
        let repeating = create(&context, due).await.id;
        change_at_once(&connections, &context, repeating, |n| match n % 4 {
            0 => json!({"due_date": day(n)}),
            1 => json!({"due_time": format!("{:02}:{:02}", n / 4, n % 60)}),
            2 => json!({"recurrence_interval": n}),
            _ => json!({"description": format!("b{n}")}),
        })
        .await;
        for id in [plain, repeating] {
            let task = tasks::read(&context, id).await.unwrap();
            assert_eq!(task.version as usize, 1 + count);
        }
        let now = tasks::read(&context, repeating).await.unwrap();
        let now = now.value().unwrap();
        for field in ["due_date", "due_time", "description"] {
            assert!(now[field].is_string(), "{field}: {now}");
        }
        assert!(now["recurrence_interval"].as_u64() > Some(1), "{now}");
    }
    // Each change says what it found and what it left, without a gap.
    let payloads = db.payloads("task-events").await;
    let mut last: std::collections::HashMap<&str, &Value> = std::collections::HashMap::new();
    for payload in &payloads {
        let id = payload["subject"]["id"].as_str().unwrap();
        let before = last.insert(id, &payload["data"]).unwrap_or(&Value::Null);
        assert_eq!(&payload["previous_data"], before);
    }
    assert_eq!(payloads.len(), 4 + 2 * (8 + 64));
}

#[tokio::test]
async fn of_changes_to_one_version_exactly_one_is_made() {
    let Some(db) = database().await else { return };
    let context = Context::new(&db.app, db.user("UTC").await);
    let task_id = create(&context, json!({"title": "a"})).await.id;
    let connections = many(&db, 8).await;
    let first = Precondition::Versions(vec![1, 7]);
    let changes = connections.iter().enumerate().map(|(n, connection)| {
        let context = Context::new(connection, context.author.clone());
        let first = &first;
        async move {
            let input = input(json!({"title": format!("a{n}")}));
            tasks::change(&context, task_id, input, first).await
        }
    });
    let results = futures::future::join_all(changes).await;
    let made = results.iter().filter(|result| result.is_ok());
    assert_eq!(made.count(), 1);
    for refused in results.into_iter().filter_map(Result::err) {
        assert!(matches!(refused, Error::PreconditionFailed), "{refused}");
    }
}

#[tokio::test]
async fn a_task_completed_many_times_at_once_is_completed_once_and_nobody_fails() {
    let Some(db) = database().await else { return };
    let context = Context::new(&db.app, db.user("UTC").await);
    let task_id = create(&context, json!({"title": "a"})).await.id;
    let connections = many(&db, 8).await;
    let completions = connections.iter().map(|connection| {
        let context = Context::new(connection, context.author.clone());
        async move { tasks::complete(&context, task_id, &Precondition::None).await }
    });
    for result in futures::future::join_all(completions).await {
        assert_eq!(result.unwrap().version, 2);
    }
    let events = db.events("task-events").await;
    assert_eq!(events, ["task.created", "task.completed"]);
}
