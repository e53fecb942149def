//! Bad input, at every endpoint: always a problem document that names the field, never a 500.

mod addresses;
mod bodies;
mod fields;

use http::{Method, header};
use serde_json::{Value, json};
use system_tests::{Account, Api, Reply, System};
use uuid::Uuid;

/// An endpoint with a request that would be good.
struct Endpoint {
    method: Method,
    path: String,
    /// `None` for endpoints that read no body.
    body: Option<Value>,
    signed_in: bool,
}

fn endpoints(account: &Account, task_id: &str) -> Vec<Endpoint> {
    let task = |rest: &str| account.path(&format!("/tasks/{task_id}{rest}"));
    let signed_in = |method, path: String, body| Endpoint {
        method,
        path,
        body,
        signed_in: true,
    };
    let open = |path: &str, body| Endpoint {
        method: Method::POST,
        path: path.to_owned(),
        body: Some(body),
        signed_in: false,
    };
    vec![
        open(
            "/api/auth/sign-up",
            json!({"email": "x@example.com", "password": "long enough"}),
        ),
        open(
            "/api/auth/sign-in",
            json!({"email": "x@example.com", "password": "long enough"}),
        ),
        open("/api/auth/refresh", json!({})),
        open("/api/auth/sign-out", json!({})),
        signed_in(Method::GET, "/api/auth/me".to_owned(), None),
        signed_in(
            Method::PATCH,
            "/api/auth/me".to_owned(),
            Some(json!({"name": "Ada"})),
        ),
        signed_in(
            Method::POST,
            "/api/auth/change-password".to_owned(),
            Some(json!({"current_password": "long enough", "new_password": "long enough"})),
        ),
        signed_in(Method::GET, account.path("/tasks"), None),
        signed_in(
            Method::POST,
            account.path("/tasks"),
            Some(json!({"title": "Tea"})),
        ),
        signed_in(Method::GET, task(""), None),
        signed_in(Method::PATCH, task(""), Some(json!({"title": "Tea"}))),
        signed_in(Method::POST, task("/complete"), Some(json!({}))),
        signed_in(Method::PATCH, task("/complete"), Some(json!({}))),
        signed_in(Method::POST, task("/reopen"), Some(json!({}))),
        signed_in(Method::POST, task("/restore"), Some(json!({}))),
        signed_in(Method::GET, task("/reminders"), None),
        signed_in(
            Method::POST,
            task("/reminders"),
            Some(json!({"remind_at": "2031-01-01T09:00:00Z"})),
        ),
        signed_in(
            Method::DELETE,
            task(&format!("/reminders/{}", Uuid::now_v7())),
            None,
        ),
        signed_in(Method::DELETE, task(""), None),
        signed_in(Method::GET, account.path("/audit-logs"), None),
        signed_in(Method::GET, account.path("/notifications"), None),
    ]
}

/// A signed-in client with a task, and requests to every endpoint.
struct Bench {
    api: Api,
    account: Account,
    task_id: String,
}

impl Bench {
    async fn new(system: &System) -> Self {
        let api = system.api();
        let account = api.sign_up().await;
        let body = json!({"title": "Tea"});
        let task = api
            .post(&account.path("/tasks"), &account.token, &body)
            .await
            .json(201);
        let task_id = task["id"].as_str().expect("an id").to_owned();
        Self {
            api,
            account,
            task_id,
        }
    }

    fn endpoints(&self) -> Vec<Endpoint> {
        endpoints(&self.account, &self.task_id)
    }

    fn with_body(&self) -> impl Iterator<Item = Endpoint> {
        self.endpoints()
            .into_iter()
            .filter(|endpoint| endpoint.body.is_some())
    }

    fn request(&self, endpoint: &Endpoint) -> reqwest::RequestBuilder {
        let request = self.api.request(endpoint.method.clone(), &endpoint.path);
        if endpoint.signed_in {
            request.bearer_auth(&self.account.token)
        } else {
            request
        }
    }

    async fn raw(
        &self,
        endpoint: &Endpoint,
        content_type: &str,
        body: impl Into<reqwest::Body>,
    ) -> Reply {
        let request = self
            .request(endpoint)
            .header(header::CONTENT_TYPE, content_type)
            .body(body);
        self.api.send(request).await
    }

    async fn json(&self, endpoint: &Endpoint, body: &Value) -> Reply {
        self.api.send(self.request(endpoint).json(body)).await
    }

    fn endpoint(&self, method: Method, path: &str) -> Endpoint {
        let path = self.account.path(path);
        let mut all = self.endpoints().into_iter();
        all.find(|endpoint| endpoint.method == method && endpoint.path == path)
            .unwrap_or_else(|| panic!("{path} is in the table"))
    }
}
