//! The HTTP API as any client sees it.

use std::{sync::Arc, time::Duration};

use http::{HeaderMap, Method, header};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::addresses::Addresses;
use crate::exchange::{self, Exchange};

pub const PASSWORD: &str = "correct horse battery";

/// A client of one host.
#[derive(Clone)]
pub struct Api {
    host: Arc<Addresses>,
    http: reqwest::Client,
}

/// Somebody who has signed up.
#[derive(Clone, Debug)]
pub struct Account {
    pub id: String,
    pub email: String,
    pub password: String,
    pub token: String,
    /// `refresh_token=...`, as the browser would send it.
    pub cookie: String,
}

/// An answer, whole.
#[derive(Debug)]
pub struct Reply {
    pub status: u16,
    pub headers: HeaderMap,
    pub text: String,
    request: String,
}

impl Api {
    pub(crate) fn new(host: Arc<Addresses>) -> Self {
        let http = reqwest::Client::builder()
            .timeout(Duration::from_secs(30))
            .build()
            .expect("an HTTP client");
        Self { host, http }
    }

    /// For requests of unusual form. The path starts with `/`.
    pub fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        let url = format!("http://{}{path}", self.host.http());
        self.http.request(method, url)
    }

    /// Sends it; `Err` when there was no answer.
    ///
    /// # Panics
    /// When the answer is not as the API's document says.
    pub async fn try_send(&self, request: reqwest::RequestBuilder) -> reqwest::Result<Reply> {
        let request = request.build()?;
        let (method, url) = (request.method().clone(), request.url().clone());
        let body = request
            .body()
            .map(|body| body.as_bytes().map(<[u8]>::to_vec));
        let response = self.http.execute(request).await?;
        let reply = Reply {
            status: response.status().as_u16(),
            headers: response.headers().clone(),
            text: response.text().await?,
            request: format!("{method} {}", url.path()),
        };
        exchange::check(&Exchange {
            method: method.as_str(),
            path: url.path(),
            query: url.query_pairs().map(|(name, _)| name.into()).collect(),
            body: body.as_ref().and_then(Option::as_deref),
            status: reply.status,
            headers: &reply.headers,
            text: &reply.text,
        });
        Ok(reply)
    }

    pub async fn send(&self, request: reqwest::RequestBuilder) -> Reply {
        self.try_send(request).await.expect("the host answers")
    }

    pub async fn get(&self, path: &str, token: &str) -> Reply {
        self.send(self.request(Method::GET, path).bearer_auth(token))
            .await
    }

    pub async fn post(&self, path: &str, token: &str, body: &Value) -> Reply {
        self.send(
            self.request(Method::POST, path)
                .bearer_auth(token)
                .json(body),
        )
        .await
    }

    pub async fn patch(&self, path: &str, token: &str, body: &Value) -> Reply {
        self.send(
            self.request(Method::PATCH, path)
                .bearer_auth(token)
                .json(body),
        )
        .await
    }

    pub async fn delete(&self, path: &str, token: &str) -> Reply {
        self.send(self.request(Method::DELETE, path).bearer_auth(token))
            .await
    }

    /// A new account with an e-mail address nobody else has.
    pub async fn sign_up(&self) -> Account {
        let email = format!("{}@example.com", Uuid::new_v4().simple());
        let body = json!({"email": email, "password": PASSWORD, "name": "Ada", "time_zone": "Europe/Berlin"});
        let request = self.request(Method::POST, "/api/auth/sign-up").json(&body);
        Account::from_reply(&self.send(request).await, 201)
    }

    /// Every item of a listing, page by page.
    pub async fn all(&self, path: &str, token: &str) -> Vec<Value> {
        let mut items = Vec::new();
        let mut cursor = String::new();
        let separator = if path.contains('?') { '&' } else { '?' };
        loop {
            let page = self
                .get(
                    &format!("{path}{separator}limit=200&cursor={cursor}"),
                    token,
                )
                .await
                .json(200);
            items.extend(page["items"].as_array().expect("items").iter().cloned());
            match page["next_cursor"].as_str() {
                Some(next) => next.clone_into(&mut cursor),
                None => return items,
            }
        }
    }

    /// The address of the same host for WebSockets.
    pub fn websocket_url(&self, path: &str) -> String {
        format!("ws://{}{path}", self.host.websocket())
    }
}

impl Account {
    /// Reads the answer to sign-up, sign-in or refresh.
    pub fn from_reply(reply: &Reply, status: u16) -> Self {
        let body = reply.json(status);
        let text = |value: &Value| value.as_str().expect("a string").to_owned();
        Self {
            id: text(&body["user"]["id"]),
            email: text(&body["user"]["email"]),
            password: PASSWORD.to_owned(),
            token: text(&body["access_token"]),
            cookie: reply.cookie().expect("a refresh token"),
        }
    }

    /// `/api/{user_id}` and the rest.
    pub fn path(&self, rest: &str) -> String {
        format!("/api/{}{rest}", self.id)
    }
}

impl Reply {
    /// The body of an answer that must have this status.
    pub fn json(&self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}: {}", self.request, self.text);
        serde_json::from_str(&self.text)
            .unwrap_or_else(|error| panic!("{}: {error}: {}", self.request, self.text))
    }

    /// The problem document of an answer that must have this status.
    pub fn problem(&self, status: u16) -> Value {
        let problem = self.json(status);
        let content_type = self.headers.get(header::CONTENT_TYPE);
        assert_eq!(
            content_type.and_then(|value| value.to_str().ok()),
            Some("application/problem+json"),
            "{}",
            self.request
        );
        assert_eq!(problem["status"], status, "{}: {problem}", self.request);
        for member in ["type", "title", "detail"] {
            assert!(problem[member].is_string(), "{}: {problem}", self.request);
        }
        assert!(problem["errors"].is_array(), "{}: {problem}", self.request);
        problem
    }

    /// The fields that a problem with this status names, sorted.
    pub fn named_fields(&self, status: u16) -> Vec<String> {
        let problem = self.problem(status);
        let errors = problem["errors"].as_array().expect("errors");
        let mut fields: Vec<String> = errors
            .iter()
            .map(|error| error["field"].as_str().expect("a field").to_owned())
            .collect();
        fields.sort();
        fields
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// The refresh token's cookie, without its attributes; `None` when it was not set or cleared.
    pub fn cookie(&self) -> Option<String> {
        let line = self.header("set-cookie")?;
        let pair = line.split(';').next()?;
        let value = pair.strip_prefix("refresh_token=")?;
        (!value.is_empty()).then(|| pair.to_owned())
    }
}
