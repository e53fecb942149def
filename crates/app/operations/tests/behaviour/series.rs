//! What a change of one task does to the rest of its series, in a real Postgres.

use crate::support::{App, database};
use operations::recurrence::{Scheduled, schedule_next};
use operations::tasks::{self, NewTask};
use operations::{Author, Context, Precondition};
use serde_json::{Value, json};
use uuid::Uuid;

struct Series<'a> {
    context: Context<&'a App>,
    system: Context<&'a App>,
    task_id: Uuid,
}

impl<'a> Series<'a> {
    async fn new(db: &'a App, author: Author, fields: Value) -> Self {
        let system = Author::system(author.user_id, events::Source::Recurrence, None);
        let context = Context::new(db, author);
        let new = NewTask {
            input: fields.as_object().unwrap().clone().into(),
            key: None,
        };
        let created = tasks::create(&context, new).await.unwrap();
        Self {
            context,
            system: Context::new(db, system),
            task_id: created.task.id,
        }
    }

    async fn patch(&self, fields: Value) -> Value {
        let input = fields.as_object().unwrap().clone().into();
        let changed = tasks::change(&self.context, self.task_id, input, &Precondition::None).await;
        changed.unwrap().value().unwrap()
    }

    /// Completes the task at hand and goes on with the next: when that is due.
    async fn complete(&mut self) -> String {
        tasks::complete(&self.context, self.task_id, &Precondition::None)
            .await
            .unwrap();
        match schedule_next(&self.system, self.task_id).await.unwrap() {
            Scheduled::Next(next_id) => self.task_id = next_id,
            other => panic!("{other:?}"),
        }
        let next = self.patch(json!({})).await;
        let date = next["due_date"].as_str().unwrap();
        match next["due_time"].as_str() {
            Some(time) => format!("{date}T{time}"),
            None => date.to_owned(),
        }
    }
}

#[tokio::test]
async fn a_day_that_is_given_moves_one_occurrence_and_with_apply_to_the_series() {
    let Some(db) = database().await else { return };
    let weekly = json!({"title": "a", "due_date": "2037-01-05", "recurrence_pattern": "weekly"});
    let mut series = Series::new(&db.app, db.user("UTC").await, weekly).await;
    let moved = series.patch(json!({"due_date": "2037-01-07"})).await;
    assert_eq!(moved["next_occurrence"], "2037-01-12");
    assert_eq!(series.complete().await, "2037-01-12");
    let before = series.patch(json!({})).await;
    let all = series
        .patch(json!({"due_date": "2037-01-14", "apply_to": "series"}))
        .await;
    assert_eq!(all["next_occurrence"], "2037-01-21");
    assert_ne!(all["series_id"], before["series_id"]);
    assert_eq!(series.complete().await, "2037-01-21");
}

#[tokio::test]
async fn the_task_as_it_was_read_is_no_change_and_the_31st_is_remembered() {
    let Some(db) = database().await else { return };
    let monthly = json!({"title": "a", "due_date": "2037-01-31", "recurrence_pattern": "monthly"});
    let mut series = Series::new(&db.app, db.user("UTC").await, monthly).await;
    assert_eq!(series.complete().await, "2037-02-28");
    let read = series.patch(json!({})).await;
    assert_eq!(series.patch(read.clone()).await, read);
    assert_eq!(
        series.patch(json!({"due_date": "2037-02-28"})).await["version"],
        read["version"]
    );
    let renamed = series
        .patch(json!({"title": "b", "due_date": "2037-02-28"}))
        .await;
    assert_eq!(renamed["next_occurrence"], "2037-03-31");
    assert_eq!(series.complete().await, "2037-03-31");
}

#[tokio::test]
async fn a_time_that_is_added_is_the_series_and_another_time_is_one_occurrences() {
    let Some(db) = database().await else { return };
    let daily = json!({"title": "a", "due_date": "2037-01-05", "recurrence_pattern": "daily"});
    let mut series = Series::new(&db.app, db.user("UTC").await, daily).await;
    series.patch(json!({"due_time": "09:00"})).await;
    assert_eq!(series.complete().await, "2037-01-06T09:00");
    series.patch(json!({"due_time": "16:30"})).await;
    assert_eq!(series.complete().await, "2037-01-07T09:00");
    series.patch(json!({"due_time": null})).await;
    assert_eq!(series.complete().await, "2037-01-08");
}

#[tokio::test]
async fn a_yearly_task_is_kept_as_its_pattern() {
    let Some(db) = database().await else { return };
    let yearly = json!({"title": "a", "due_date": "2036-02-29", "recurrence_pattern": "yearly"});
    let mut series = Series::new(&db.app, db.user("UTC").await, yearly).await;
    assert_eq!(
        series.patch(json!({})).await["recurrence_pattern"],
        "yearly"
    );
    assert_eq!(series.complete().await, "2037-02-28");
}
