//! Users with tasks to get and list, made through the running host, and their tokens.

use std::io::IsTerminal as _;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use http::{Method, Request, StatusCode, header};
use http_body_util::{BodyExt as _, Full};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde_json::{Value, json};
use url::Url;
use uuid::Uuid;

const PASSWORD: &str = "only for the benchmark";
const TASKS_EACH: usize = 30;
/// Tokens live for fifteen minutes.
const SIGN_IN_AFTER: Duration = Duration::from_secs(8 * 60);

#[derive(Clone)]
pub struct Person {
    email: String,
    pub user_id: String,
    /// The value of the `Authorization` header.
    pub authorization: String,
    pub task_ids: Vec<String>,
}

pub struct People {
    pub users: Vec<Person>,
    signed_in: Instant,
}

impl People {
    /// Who issued their tokens.
    pub fn issuer(&self) -> anyhow::Result<String> {
        let token = &self.users.first().context("no user")?.authorization;
        let payload = token.split('.').nth(1).context("not a JWT")?;
        let claims: Value = http_api::cursor::decode(payload).context("not a JWT")?;
        let issuer = claims
            .get("iss")
            .and_then(Value::as_str)
            .context("no issuer")?;
        Ok(issuer.to_owned())
    }
}

/// The host's account endpoints.
pub struct Accounts {
    url: Url,
    client: Client<HttpConnector, Full<bytes::Bytes>>,
}

impl Accounts {
    pub fn new(url: &Url) -> anyhow::Result<Self> {
        Ok(Self {
            url: url.clone(),
            client: Client::builder(TokioExecutor::new()).build_http(),
        })
    }

    pub async fn sign_up(&self, count: usize) -> anyhow::Result<People> {
        let run = Uuid::new_v4().simple();
        let mut users = Vec::with_capacity(count);
        for number in 0..count {
            if std::io::stderr().is_terminal() {
                eprint!("\rsigning up user {} of {count}", number + 1);
            }
            let email = format!("bench-{number}@{run}.example");
            let session = self.session("/api/auth/sign-up", &email).await?;
            let mut person = Person {
                email,
                user_id: text(&session, "/user/id")?,
                authorization: format!("Bearer {}", text(&session, "/access_token")?),
                task_ids: Vec::with_capacity(TASKS_EACH),
            };
            let path = format!("/api/{}/tasks", person.user_id);
            for task in 0..TASKS_EACH {
                let body = json!({ "title": format!("Task {task}") });
                let token = Some(person.authorization.as_str());
                let made = self.call(Method::POST, &path, token, Some(body)).await?;
                person.task_ids.push(text(&made, "/id")?);
            }
            users.push(person);
        }
        eprintln!();
        let signed_in = Instant::now();
        Ok(People { users, signed_in })
    }

    pub async fn keep_signed_in(&self, people: &mut People) -> anyhow::Result<()> {
        if people.signed_in.elapsed() < SIGN_IN_AFTER {
            return Ok(());
        }
        for person in &mut people.users {
            let session = self.session("/api/auth/sign-in", &person.email).await?;
            person.authorization = format!("Bearer {}", text(&session, "/access_token")?);
        }
        people.signed_in = Instant::now();
        Ok(())
    }

    /// The JWKS document.
    pub async fn public_keys(&self) -> anyhow::Result<String> {
        let keys = self.call(Method::GET, "/api/auth/jwks", None, None).await?;
        Ok(keys.to_string())
    }

    async fn session(&self, path: &str, email: &str) -> anyhow::Result<Value> {
        let body = json!({ "email": email, "password": PASSWORD });
        self.call(Method::POST, path, None, Some(body)).await
    }

    async fn call(
        &self,
        method: Method,
        path: &str,
        authorization: Option<&str>,
        body: Option<Value>,
    ) -> anyhow::Result<Value> {
        let mut request = Request::builder()
            .method(method)
            .uri(self.url.join(path)?.as_str());
        if let Some(authorization) = authorization {
            request = request.header(header::AUTHORIZATION, authorization);
        }
        let body = match body {
            Some(body) => {
                request = request.header(header::CONTENT_TYPE, "application/json");
                body.to_string()
            }
            None => String::new(),
        };
        let response = self.client.request(request.body(Full::from(body))?).await;
        let response = response.with_context(|| format!("{path}: the host does not answer"))?;
        let status = response.status();
        let body = response.into_body().collect().await?.to_bytes();
        anyhow::ensure!(
            status == StatusCode::OK || status == StatusCode::CREATED,
            "{path}: {status} {}",
            String::from_utf8_lossy(&body)
        );
        Ok(serde_json::from_slice(&body)?)
    }
}

fn text(value: &Value, pointer: &str) -> anyhow::Result<String> {
    let found = value.pointer(pointer).and_then(Value::as_str);
    Ok(found
        .with_context(|| format!("no {pointer} in an answer"))?
        .to_owned())
}
