//! The statements as the components send them: taken from the store by asking it, so that they
//! cannot differ.

use std::sync::Mutex;

use anyhow::Context as _;
use chrono::Utc;
use chrono_tz::Tz;
use domain::TaskQuery;
use events::{Actor, Source};
use serde_json::{Map, Value, json};
use spin_sdk::pg::{Error, ParameterValue};
use store::Author;
use store::database::{Database, Row};
use store::tasks::{self, NewTask, Origin};
use uuid::Uuid;

pub struct Statements {
    pub create: String,
    pub read: String,
    pub list: String,
    /// The order of `list`, as its cursors name it.
    pub order: String,
    /// The columns of a new task with only a title.
    columns: Map<String, Value>,
    /// The event of a new task.
    event: Map<String, Value>,
}

impl Statements {
    pub async fn of_the_store(page: u32) -> anyhow::Result<Self> {
        let recorder = Recorder::default();
        let user_id = Uuid::nil();
        let author = Author::user(user_id, Source::Rest, None);
        let input = json!({ "title": "title" });
        let input = input.as_object().context("an object")?;
        let task = domain::create(input, Tz::UTC, Utc::now())
            .map_err(|wrong| anyhow::anyhow!("a title is not enough for a task: {wrong:?}"))?;
        let new = NewTask {
            task: &task,
            use_user_zone: true,
            origin: Origin::Request,
        };
        tasks::create(&recorder, &author, new).await?;
        let (create, parameters) = recorder.take(3)?;
        let [_, ParameterValue::Str(columns), ParameterValue::Str(event)] = parameters.as_slice()
        else {
            anyhow::bail!("the store's columns and event of a new task are not text any more");
        };
        let columns = serde_json::from_str(columns)?;

        tasks::show(&recorder, user_id, user_id).await?;
        let (read, _) = recorder.take(2)?;

        let query = TaskQuery {
            limit: page,
            ..TaskQuery::default()
        };
        tasks::list(&recorder, user_id, &query).await?;
        let (list, _) = recorder.take(2)?;
        Ok(Self {
            create,
            read,
            list,
            order: query.order.to_string(),
            columns,
            event: serde_json::from_str(event)?,
        })
    }

    /// What the application says of a new task's event.
    pub fn event(&self, user_id: Uuid) -> String {
        let mut event = self.event.clone();
        event.insert("change_id".to_owned(), json!(Uuid::now_v7()));
        event.insert("actor".to_owned(), json!(Actor::User { id: user_id }));
        Value::Object(event).to_string()
    }

    pub fn columns(&self, id: Uuid, title: &str) -> String {
        let mut columns = self.columns.clone();
        columns.insert("id".to_owned(), json!(id));
        columns.insert("title".to_owned(), json!(title));
        Value::Object(columns).to_string()
    }
}

/// A database that remembers the last statement and answers nothing.
#[derive(Default)]
struct Recorder(Mutex<(String, Vec<ParameterValue>)>);

impl Recorder {
    fn take(&self, parameters: usize) -> anyhow::Result<(String, Vec<ParameterValue>)> {
        let mut last = self.0.lock().unwrap_or_else(|broken| broken.into_inner());
        let last = std::mem::take(&mut *last);
        anyhow::ensure!(
            last.1.len() == parameters,
            "the store's statement takes {} parameters now, the bare server gives {parameters}: {}",
            last.1.len(),
            last.0
        );
        Ok(last)
    }
}

impl Database for Recorder {
    async fn query(
        &self,
        statement: &str,
        parameters: Vec<ParameterValue>,
    ) -> Result<Vec<Row>, Error> {
        let mut last = self.0.lock().unwrap_or_else(|broken| broken.into_inner());
        *last = (statement.to_owned(), parameters);
        Ok(Vec::new())
    }
}
