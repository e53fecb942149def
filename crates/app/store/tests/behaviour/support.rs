//! A database of its own for each test, migrated, seen through the application's role.

use spin_sdk::pg::{DbError, DbValue, Error, ParameterValue, PgError, QueryError};
use std::cell::Cell;
use std::path::PathBuf;
use store::database::Row;
use store::{Author, Database};
use tokio_postgres::Client;
use tokio_postgres::types::{IsNull, ToSql, Type, private::BytesMut};
use uuid::Uuid;

const APP: &str = "taskwhisper_app";
const AUTH: &str = "taskwhisper_auth";

pub struct TestDatabase {
    /// As the owner.
    pub owner: Client,
    /// As the application.
    pub app: App,
    database: testing::Database,
}

/// A connection in the role of components.
pub struct App(Client);

/// `None`, with a word about it, when there is no server to test with.
pub async fn database() -> Option<TestDatabase> {
    let database = testing::Database::migrated().await?;
    Some(TestDatabase {
        owner: database.client().await,
        app: App::connect(&database, APP).await,
        database,
    })
}

/// Every SQL file of the store and of the migrations: its path and its text.
pub fn sql_files() -> Vec<(String, String)> {
    let store = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let mut folders = vec![store.join("src"), store.join("../../../migrations")];
    let mut files = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "sql") {
                let text = std::fs::read_to_string(&path).unwrap();
                files.push((path.display().to_string(), text));
            }
        }
    }
    assert!(files.len() > 30, "too few: {}", files.len());
    files
}

impl App {
    async fn connect(database: &testing::Database, role: &str) -> Self {
        let client = database.client().await;
        let set_role = format!("SET ROLE {role}");
        client.batch_execute(&set_role).await.unwrap();
        Self(client)
    }
}

impl TestDatabase {
    /// Another connection of the application.
    pub async fn another(&self) -> App {
        App::connect(&self.database, APP).await
    }

    /// A connection of the component `auth`.
    pub async fn auth(&self) -> App {
        App::connect(&self.database, AUTH).await
    }

    /// A user, as the author of changes by REST.
    pub async fn user(&self, time_zone: &str) -> Author {
        let id = Uuid::now_v7();
        self.owner
            .execute(
                "INSERT INTO users (id, email, time_zone) VALUES ($1, $2, $3)",
                &[&id, &format!("{id}@example.org"), &time_zone],
            )
            .await
            .unwrap();
        Author::user(id, events::Source::Rest, None)
    }

    /// The types of the events of a topic, in order.
    pub async fn events(&self, topic: &str) -> Vec<String> {
        self.payloads(topic)
            .await
            .iter()
            .map(|payload| payload["event_type"].as_str().unwrap().to_owned())
            .collect()
    }

    /// The values of the events of a topic, in order.
    pub async fn payloads(&self, topic: &str) -> Vec<serde_json::Value> {
        self.owner
            .query(
                "SELECT payload FROM outbox WHERE aggregatetype = $1 ORDER BY xid, position",
                &[&topic],
            )
            .await
            .unwrap()
            .iter()
            .map(|row| row.get(0))
            .collect()
    }

    /// Runs two writes of one user so that both have begun before either can go on, and the first goes
    /// first: someone else holds the user's lock until both wait for it (or have done without).
    pub async fn in_turn<A, B>(
        &self,
        user_id: Uuid,
        first: impl Future<Output = A>,
        second: impl Future<Output = B>,
    ) -> (A, B) {
        self.owner.batch_execute("BEGIN").await.unwrap();
        let lock = "SELECT FROM lock_user($1)";
        self.owner.execute(lock, &[&user_id]).await.unwrap();
        let done = Cell::new(0);
        let counted = async |waiting: i64| {
            const BLOCKED: &str = "SELECT count(*) FROM pg_stat_activity
                                   WHERE datname = current_database() AND wait_event_type = 'Lock'";
            while self.count(BLOCKED).await + done.get() < waiting {
                tokio::task::yield_now().await;
            }
        };
        let first = async {
            let result = first.await;
            done.set(done.get() + 1);
            result
        };
        let second = async {
            counted(1).await;
            let result = second.await;
            done.set(done.get() + 1);
            result
        };
        let release = async {
            counted(2).await;
            self.owner.batch_execute("COMMIT").await.unwrap();
        };
        let (first, second, ()) = tokio::join!(first, second, release);
        (first, second)
    }

    /// One number, by the owner.
    pub async fn count(&self, statement: &str) -> i64 {
        self.owner.query_one(statement, &[]).await.unwrap().get(0)
    }
}

impl Database for App {
    async fn query(
        &self,
        statement: &str,
        parameters: Vec<ParameterValue>,
    ) -> Result<Vec<Row>, Error> {
        let parameters: Vec<Parameter> = parameters.into_iter().map(Parameter).collect();
        let prepared = self.0.prepare(statement).await.map_err(failed)?;
        let references: Vec<&(dyn ToSql + Sync)> =
            parameters.iter().map(|parameter| parameter as _).collect();
        let rows = self.0.query(&prepared, &references).await.map_err(failed)?;
        Ok(rows
            .iter()
            .map(|row| (0..row.len()).map(|index| value(row, index)).collect())
            .collect())
    }
}

fn failed(error: tokio_postgres::Error) -> Error {
    let Some(cause) = error.as_db_error() else {
        return Error::PgError(PgError::Other(error.to_string()));
    };
    Error::PgError(PgError::QueryFailed(QueryError::DbError(DbError {
        as_text: cause.to_string(),
        severity: cause.severity().to_owned(),
        code: cause.code().code().to_owned(),
        message: cause.message().to_owned(),
        detail: cause.detail().map(str::to_owned),
        extras: Vec::new(),
    })))
}

fn value(row: &tokio_postgres::Row, index: usize) -> DbValue {
    fn some<'a, T: tokio_postgres::types::FromSql<'a>>(
        row: &'a tokio_postgres::Row,
        index: usize,
        wrap: fn(T) -> DbValue,
    ) -> DbValue {
        row.get::<_, Option<T>>(index).map_or(DbValue::DbNull, wrap)
    }
    match row.columns()[index].type_().name() {
        "text" => some(row, index, DbValue::Str),
        "int4" => some(row, index, DbValue::Int32),
        "int8" => some(row, index, DbValue::Int64),
        "bool" => some(row, index, DbValue::Boolean),
        "bytea" => some(row, index, DbValue::Binary),
        other => panic!("column {index} is of type {other}, which not every Spin can read"),
    }
}

/// As Spin does it: the type of the parameter must be exactly that of its value.
#[derive(Debug)]
struct Parameter(ParameterValue);

impl ToSql for Parameter {
    fn to_sql(
        &self,
        kind: &Type,
        out: &mut BytesMut,
    ) -> Result<IsNull, Box<dyn std::error::Error + Sync + Send>> {
        match &self.0 {
            ParameterValue::DbNull => Ok(IsNull::Yes),
            ParameterValue::Str(text) => text.to_sql_checked(kind, out),
            ParameterValue::Int32(number) => number.to_sql_checked(kind, out),
            ParameterValue::Int64(number) => number.to_sql_checked(kind, out),
            ParameterValue::Boolean(yes) => yes.to_sql_checked(kind, out),
            ParameterValue::Binary(bytes) => bytes.to_sql_checked(kind, out),
            other => panic!("a parameter such as {other:?} is not used"),
        }
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    tokio_postgres::types::to_sql_checked!();
}
