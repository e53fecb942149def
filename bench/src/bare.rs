//! What the host is measured against: the least that answers the same requests from the same
//! database, with the components' own statements and token check. It validates nothing, carries no
//! trace and has no limits.

mod statements;

use std::cell::OnceCell;
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::Context as _;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::serve::ListenerExt as _;
use axum::{Json, Router};
use deadpool_postgres::Pool;
use domain::Position;
use http_api::auth::Verifier;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;
use uuid::Uuid;

use self::statements::Statements;

/// As many connections as a component of the host may have.
const MAX_CONNECTIONS: usize = 32;
/// What the API lists without `limit`.
const PAGE: u32 = http_api::query::DEFAULT_LIMIT;

#[derive(clap::Args)]
pub struct Options {
    #[arg(long, env = "BENCH_DATABASE_URL", hide_env_values = true)]
    database_url: String,
    /// The JWKS document of the host.
    #[arg(long)]
    public_keys: String,
    #[arg(long)]
    issuer: String,
}

struct Server {
    pool: Pool,
    statements: Statements,
    public_keys: String,
    issuer: String,
}

type Shared = State<&'static Server>;

/// Serves on a free port, whose number is the only line on standard output.
pub async fn run(options: Options) -> anyhow::Result<()> {
    // For the life of the process: no reference is counted per request.
    let server: &'static Server = Box::leak(Box::new(Server {
        pool: host_postgres::pool(&options.database_url, MAX_CONNECTIONS)?,
        statements: Statements::of_the_store(PAGE).await?,
        public_keys: options.public_keys,
        issuer: options.issuer,
    }));
    let routes = Router::new()
        .route("/api/{user_id}/tasks", get(list).post(create))
        .route("/api/{user_id}/tasks/{task_id}", get(read))
        .with_state(server);
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    println!("{}", listener.local_addr()?.port());
    let listener = listener.tap_io(|socket| {
        let _ = socket.set_nodelay(true);
    });
    axum::serve(listener, routes).await?;
    Ok(())
}

async fn create(
    State(server): Shared,
    Path(user_id): Path<Uuid>,
    headers: HeaderMap,
    Json(body): Json<Value>,
) -> Result<Response, Failed> {
    server.authenticate(&headers, user_id)?;
    let task_id = Uuid::now_v7();
    let title = body
        .get("title")
        .and_then(Value::as_str)
        .unwrap_or_default();
    let columns = server.statements.columns(task_id, title);
    let event = server.statements.event(user_id);
    let parameters: [&(dyn ToSql + Sync); 3] = [&user_id.to_string(), &columns, &event];
    let rows = server.query(&server.statements.create, &parameters).await?;
    let row = rows.first().context("nothing was created")?;
    let location = format!("/api/{user_id}/tasks/{task_id}");
    let mut response = task(StatusCode::CREATED, row)?;
    let headers = response.headers_mut();
    headers.insert(header::LOCATION, location.try_into()?);
    Ok(response)
}

async fn read(
    State(server): Shared,
    Path((user_id, task_id)): Path<(Uuid, Uuid)>,
    headers: HeaderMap,
) -> Result<Response, Failed> {
    server.authenticate(&headers, user_id)?;
    let parameters: [&(dyn ToSql + Sync); 2] = [&user_id.to_string(), &task_id.to_string()];
    let rows = server.query(&server.statements.read, &parameters).await?;
    task(StatusCode::OK, rows.first().context("no such task")?)
}

async fn list(
    State(server): Shared,
    Path(user_id): Path<Uuid>,
    headers: HeaderMap,
) -> Result<Response, Failed> {
    server.authenticate(&headers, user_id)?;
    let parameters: [&(dyn ToSql + Sync); 2] = [&user_id.to_string(), &(i64::from(PAGE) + 1)];
    let mut rows = server.query(&server.statements.list, &parameters).await?;
    let has_more = rows.len() > PAGE as usize;
    rows.truncate(PAGE as usize);
    let next = match rows.last() {
        Some(last) if has_more => Some(http_api::cursor::encode(&Position {
            order: server.statements.order.clone(),
            key: last.try_get(1)?,
            id: last.try_get::<_, &str>(2)?.parse()?,
        })?),
        _ => None,
    };
    let mut body = String::from("{\"items\":[");
    for (index, row) in rows.iter().enumerate() {
        if index > 0 {
            body.push(',');
        }
        body.push_str(row.try_get(0)?);
    }
    body.push_str("],\"next_cursor\":");
    body.push_str(&serde_json::to_string(&next)?);
    body.push('}');
    Ok(([(header::CONTENT_TYPE, "application/json")], body).into_response())
}

fn task(status: StatusCode, row: &Row) -> Result<Response, Failed> {
    let json: String = row.try_get(0)?;
    let version: i32 = row.try_get(1)?;
    let headers = [
        (header::CONTENT_TYPE, "application/json".to_owned()),
        (header::ETAG, http_api::conditional::etag(version.into())),
    ];
    Ok((status, headers, json).into_response())
}

impl Server {
    async fn query(
        &self,
        statement: &str,
        parameters: &[&(dyn ToSql + Sync)],
    ) -> anyhow::Result<Vec<Row>> {
        let client = self.pool.get().await?;
        let statement = client.prepare_cached(statement).await?;
        Ok(client.query(&statement, parameters).await?)
    }

    /// The components' own check. Each thread remembers tokens, as each of their instances does.
    fn authenticate(&self, headers: &HeaderMap, user_id: Uuid) -> anyhow::Result<()> {
        thread_local! {
            static VERIFIER: OnceCell<Verifier> = const { OnceCell::new() };
        }
        let token = headers
            .get(header::AUTHORIZATION)
            .and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "))
            .context("no token")?;
        let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs() as i64;
        VERIFIER.with(|verifier| {
            let verifier = match verifier.get() {
                Some(verifier) => verifier,
                None => {
                    let new = Verifier::new(&self.public_keys, &self.issuer)?;
                    verifier.get_or_init(|| new)
                }
            };
            let identity = verifier.verify(token, now)?;
            anyhow::ensure!(identity.user_id == user_id, "another user's token");
            Ok(())
        })
    }
}

/// Any error at all: the benchmark ends with the text of it.
struct Failed(anyhow::Error);

impl<E: Into<anyhow::Error>> From<E> for Failed {
    fn from(error: E) -> Self {
        Self(error.into())
    }
}

impl IntoResponse for Failed {
    fn into_response(self) -> Response {
        (StatusCode::INTERNAL_SERVER_ERROR, format!("{:#}", self.0)).into_response()
    }
}
