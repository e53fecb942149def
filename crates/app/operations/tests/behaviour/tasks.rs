//! What a user can do with a task, without a caller in between.

use crate::support::{App, database};
use operations::reminders::{self, NewReminder};
use operations::tasks::{self, NewTask, RequestKey};
use operations::{Context, Error, Input, Precondition, Violations};
use serde_json::{Value, json};
use uuid::Uuid;

fn input(fields: Value) -> Input {
    fields.as_object().unwrap().clone().into()
}

async fn create(context: &Context<&App>, fields: Value) -> Uuid {
    let new = NewTask {
        input: input(fields),
        key: None,
    };
    tasks::create(context, new).await.unwrap().task.id
}

fn named(error: Error) -> Vec<String> {
    match error {
        Error::Invalid(violations) => violations.into_iter().map(|wrong| wrong.field).collect(),
        other => panic!("{other}"),
    }
}

#[tokio::test]
async fn everything_that_is_wrong_is_named_and_nothing_is_done() {
    let Some(db) = database().await else { return };
    let context = Context::new(&db.app, db.user("UTC").await);
    let task_id = create(&context, json!({"title": "a"})).await;
    let mut wrong = Violations::default();
    wrong.add("shiny", "is no parameter");
    let bad = Input {
        fields: json!({"title": "", "priority": "x"})
            .as_object()
            .unwrap()
            .clone(),
        wrong: wrong.clone(),
    };
    let fine_but = Input {
        fields: json!({"title": "b"}).as_object().unwrap().clone(),
        wrong,
    };
    let new = |input: &Input| NewTask {
        input: input.clone(),
        key: None,
    };
    let change = async |input: &Input| {
        tasks::change(&context, task_id, input.clone(), &Precondition::None).await
    };
    let all = ["shiny", "title", "priority"];
    assert_eq!(
        named(tasks::create(&context, new(&bad)).await.unwrap_err()),
        all
    );
    assert_eq!(named(change(&bad).await.unwrap_err()), all);
    let created = tasks::create(&context, new(&fine_but)).await;
    assert_eq!(named(created.unwrap_err()), ["shiny"]);
    assert_eq!(named(change(&fine_but).await.unwrap_err()), ["shiny"]);
    assert_eq!(db.events("task-events").await, ["task.created"]);
}

#[tokio::test]
async fn all_events_of_one_context_have_one_change_id() {
    let Some(db) = database().await else { return };
    let author = db.user("UTC").await;
    let context = Context::new(&db.app, author.clone());
    let first = create(&context, json!({"title": "a"})).await;
    create(&context, json!({"title": "b"})).await;
    let next = operations::Author::user(author.user_id, author.source, None);
    let next = Context::new(&db.app, next);
    tasks::complete(&next, first, &Precondition::None)
        .await
        .unwrap();
    let payloads = db.payloads("task-events").await;
    let ids: Vec<&Value> = payloads.iter().map(|event| &event["change_id"]).collect();
    assert_eq!(ids[0], &json!(author.change_id));
    assert_eq!(ids[0], ids[1]);
    assert_ne!(ids[1], ids[2]);
}

#[tokio::test]
async fn a_task_in_the_trash_can_only_be_restored() {
    let Some(db) = database().await else { return };
    let context = Context::new(&db.app, db.user("UTC").await);
    let task_id = create(&context, json!({"title": "a"})).await;
    let none = &Precondition::None;
    tasks::delete(&context, task_id, none).await.unwrap();
    let title = input(json!({"title": "b"}));
    for result in [
        tasks::read(&context, task_id).await,
        tasks::change(&context, task_id, title, none).await,
        tasks::complete(&context, task_id, none).await,
        tasks::reopen(&context, task_id, none).await,
        tasks::delete(&context, task_id, none).await,
        tasks::restore(&context, Uuid::now_v7(), none).await,
    ] {
        assert!(matches!(result, Err(Error::NotFound("task"))), "{result:?}");
    }
    let other_version = Precondition::Versions(vec![1]);
    let refused = tasks::restore(&context, task_id, &other_version).await;
    assert!(
        matches!(refused, Err(Error::PreconditionFailed)),
        "{refused:?}"
    );
    assert_eq!(
        tasks::restore(&context, task_id, none)
            .await
            .unwrap()
            .version,
        3
    );
    // Again changes nothing.
    assert_eq!(
        tasks::restore(&context, task_id, none)
            .await
            .unwrap()
            .version,
        3
    );
}

#[tokio::test]
async fn what_is_not_there_or_not_allowed_is_told_apart() {
    let Some(db) = database().await else { return };
    let context = Context::new(&db.app, db.user("UTC").await);
    let keyed = |fingerprint: &str| NewTask {
        input: input(json!({"title": "a"})),
        key: Some(RequestKey {
            key: "k".into(),
            fingerprint: fingerprint.into(),
        }),
    };
    let first = tasks::create(&context, keyed("aa")).await.unwrap();
    let again = tasks::create(&context, keyed("aa")).await.unwrap();
    assert_eq!((again.is_replay, again.task.id), (true, first.task.id));
    let reused = tasks::create(&context, keyed("bb")).await;
    assert!(matches!(reused, Err(Error::KeyReused)), "{reused:?}");

    let late = NewReminder {
        minutes_before: Some(10),
        ..NewReminder::default()
    };
    let no_time = reminders::add(&context, first.task.id, late.clone()).await;
    assert_eq!(named(no_time.unwrap_err()), ["minutes_before"]);
    let no_task = reminders::add(&context, Uuid::now_v7(), late).await;
    assert!(
        matches!(no_task, Err(Error::NotFound("task"))),
        "{no_task:?}"
    );

    let nobody = operations::Author::user(Uuid::now_v7(), events::Source::Rest, None);
    let gone = tasks::create(&Context::new(&db.app, nobody), keyed("aa")).await;
    assert!(matches!(gone, Err(Error::AccountGone)), "{gone:?}");
}
