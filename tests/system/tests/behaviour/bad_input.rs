//! Bad input, at every endpoint: always a problem document that names the field, never a 500.

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
        signed_in(Method::POST, task("/reopen"), Some(json!({}))),
        signed_in(Method::GET, account.path("/audit-logs"), None),
        signed_in(Method::GET, account.path("/notifications"), None),
    ]
}

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

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_is_no_json_object_is_refused_everywhere() {
    let Some(system) = System::start().await else {
        return;
    };
    let bench = Bench::new(&system).await;
    for endpoint in bench.with_body() {
        for malformed in [
            "{",
            "{\"title\": tea}",
            "nonsense",
            "{} {}",
            "{\"a\":\"\\ud800\"}",
        ] {
            let reply = bench.raw(&endpoint, "application/json", malformed).await;
            assert_eq!(reply.named_fields(400), ["body"], "{malformed}");
            assert!(reply.text.contains("line 1 column"), "{}", reply.text);
        }
        for other in ["[]", "null", "\"text\"", "17"] {
            let reply = bench.raw(&endpoint, "application/json", other).await;
            assert_eq!(reply.named_fields(400), ["body"], "{other}");
        }
        let deep = "[".repeat(100_000);
        assert_eq!(
            bench
                .raw(&endpoint, "application/json", deep)
                .await
                .named_fields(400),
            ["body"]
        );
        let latin1 = vec![b'{', b'"', 0xe9, b'"', b':', b'1', b'}'];
        assert_eq!(
            bench
                .raw(&endpoint, "application/json", latin1)
                .await
                .named_fields(400),
            ["body"]
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn unknown_and_repeated_fields_are_all_named_at_once_everywhere() {
    let Some(system) = System::start().await else {
        return;
    };
    let bench = Bench::new(&system).await;
    for endpoint in bench.with_body() {
        let mut body = endpoint.body.clone().expect("it has one");
        body["shiny"] = json!(true);
        body["Title"] = json!("capital");
        let reply = bench.json(&endpoint, &body).await;
        assert_eq!(
            reply.named_fields(400),
            ["Title", "shiny"],
            "{}",
            endpoint.path
        );
        let repeated = r#"{"shiny": 1, "shiny": 2}"#;
        let fields = bench
            .raw(&endpoint, "application/json", repeated)
            .await
            .named_fields(400);
        assert!(fields.contains(&"shiny".to_owned()), "{}", endpoint.path);
        let nul = r#"{"shiny\u0000": "a\u0000b"}"#;
        bench
            .raw(&endpoint, "application/json", nul)
            .await
            .problem(400);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn another_content_type_and_a_huge_body_are_refused_everywhere() {
    let Some(system) = System::start().await else {
        return;
    };
    let bench = Bench::new(&system).await;
    for endpoint in bench.with_body() {
        let text = endpoint.body.as_ref().expect("it has one").to_string();
        for content_type in [
            "text/plain",
            "application/x-www-form-urlencoded",
            "application/xml",
        ] {
            bench
                .raw(&endpoint, content_type, text.clone())
                .await
                .problem(415);
        }
        let huge = format!("{{\"title\": \"{}\"}}", "x".repeat(1024 * 1024));
        bench
            .raw(&endpoint, "application/json", huge.clone())
            .await
            .problem(413);
        // Not announced: the size shows only while it is read.
        let chunks = futures::stream::iter(
            huge.into_bytes()
                .chunks(16 * 1024)
                .map(|chunk| Ok::<_, std::io::Error>(chunk.to_vec()))
                .collect::<Vec<_>>(),
        );
        let body = reqwest::Body::wrap_stream(chunks);
        bench
            .raw(&endpoint, "application/json", body)
            .await
            .problem(413);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn unknown_query_parameters_are_refused_everywhere() {
    let Some(system) = System::start().await else {
        return;
    };
    let bench = Bench::new(&system).await;
    for mut endpoint in bench.endpoints() {
        endpoint.path.push_str("?shiny=1&unknown=2");
        let mut request = bench.request(&endpoint);
        if let Some(body) = &endpoint.body {
            request = request.json(body);
        }
        let reply = bench.api.send(request).await;
        assert_eq!(
            reply.named_fields(400),
            ["shiny", "unknown"],
            "{}",
            endpoint.path
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_known_path_says_which_methods_it_has() {
    let Some(system) = System::start().await else {
        return;
    };
    let bench = Bench::new(&system).await;
    for endpoint in bench.endpoints() {
        let other = Endpoint {
            method: Method::PUT,
            ..endpoint
        };
        let reply = bench.api.send(bench.request(&other)).await;
        reply.problem(405);
        let allow = reply.header("allow").expect("Allow");
        assert!(
            !allow.contains("PUT") && !allow.is_empty(),
            "{}: {allow}",
            other.path
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_path_under_the_api_is_a_problem_document() {
    let Some(system) = System::start().await else {
        return;
    };
    let bench = Bench::new(&system).await;
    let Bench {
        api,
        account,
        task_id,
    } = &bench;
    for path in [
        "/api/auth/nothing".to_owned(),
        account.path("/tasks/"),
        account.path(&format!("/tasks/{task_id}/nothing")),
        account.path(&format!("/tasks/{task_id}/complete/now")),
    ] {
        api.get(&path, &account.token).await.problem(404);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bad_id_in_the_path_is_named() {
    let Some(system) = System::start().await else {
        return;
    };
    let bench = Bench::new(&system).await;
    let Bench {
        api,
        account,
        task_id,
    } = &bench;
    for bad in [
        "17",
        "not-a-uuid",
        "00000000-0000-0000-0000-00000000000g",
        "%00",
        "%F0%9F%A6%80",
    ] {
        let path = account.path(&format!("/tasks/{bad}"));
        for reply in [
            api.get(&path, &account.token).await,
            api.patch(&path, &account.token, &json!({"title": "Tea"}))
                .await,
            api.delete(&path, &account.token).await,
            api.post(&format!("{path}/complete"), &account.token, &json!({}))
                .await,
            api.post(&format!("{path}/reopen"), &account.token, &json!({}))
                .await,
        ] {
            let fields = reply.named_fields(400);
            assert!(
                fields.iter().all(|field| field.ends_with("id")) && fields.len() == 1,
                "{fields:?}"
            );
        }
        let path = format!("/api/{bad}/tasks/{task_id}");
        assert_eq!(
            api.get(&path, &account.token).await.named_fields(400),
            ["user_id"]
        );
        let path = account.path(&format!("/audit-logs?task_id={bad}"));
        assert_eq!(
            api.get(&path, &account.token).await.named_fields(400),
            ["task_id"]
        );
    }
    let nowhere = account.path(&format!("/tasks/{}", Uuid::now_v7()));
    api.get(&nowhere, &account.token).await.problem(404);
    api.delete(&nowhere, &account.token).await.problem(404);
    api.patch(&nowhere, &account.token, &json!({"title": "Tea"}))
        .await
        .problem(404);
    api.post(&format!("{nowhere}/complete"), &account.token, &json!({}))
        .await
        .problem(404);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_bad_field_of_a_task_is_named() {
    let Some(system) = System::start().await else {
        return;
    };
    let bench = Bench::new(&system).await;
    let create = bench.endpoint(Method::POST, "/tasks");
    let change = bench.endpoint(Method::PATCH, &format!("/tasks/{}", bench.task_id));
    let long = |n: usize| "x".repeat(n);
    for (field, bad) in [
        ("title", json!("")),
        ("title", json!("   ")),
        ("title", json!(17)),
        ("title", json!(null)),
        ("title", json!(long(501))),
        ("description", json!(long(20_001))),
        ("description", json!(["a"])),
        ("priority", json!("whenever")),
        ("priority", json!(1)),
        ("tags", json!("home")),
        ("tags", json!([1])),
        ("tags", json!([long(51)])),
        ("tags", json!(vec!["x"; 1000])),
        ("due_date", json!("2026-02-30")),
        ("due_date", json!("tomorrow")),
        ("due_date", json!("2026-2-1")),
        ("due_date", json!(20_260_101)),
        ("due_date", json!("99999-01-01")),
        ("due_time", json!("25:00")),
        ("due_time", json!("9 o'clock")),
        ("time_zone", json!("Mars/Olympus")),
        ("time_zone", json!("")),
        ("time_zone", json!(1)),
        ("recurrence_rule", json!("FREQ=SOMETIMES")),
        ("recurrence_rule", json!("nonsense")),
        ("recurrence_rule", json!(7)),
        ("recurrence_pattern", json!("hourly-ish")),
        ("recurrence_interval", json!(0)),
        ("recurrence_interval", json!(-1)),
        ("recurrence_interval", json!(1.5)),
        ("recurrence_interval", json!(1_000_000_000_000_i64)),
        ("recurrence_interval", json!("two")),
        ("repeat_from", json!("whenever")),
        ("remind_at", json!("soon")),
        ("remind_at", json!("2026-01-01T09:00:00")),
        ("remind_at", json!("+999999-01-01T00:00:00Z")),
        ("remind_at", json!(1_700_000_000)),
        // Not for clients to set.
        ("id", json!(Uuid::nil())),
        ("user_id", json!(Uuid::nil())),
        ("version", json!(3)),
        ("created_at", json!("2026-01-01T00:00:00Z")),
        ("completed_at", json!("2026-01-01T00:00:00Z")),
        ("series_id", json!(Uuid::nil())),
    ] {
        let mut body =
            json!({"title": "Tea", "due_date": "2031-01-01", "recurrence_pattern": "daily"});
        if field.starts_with("recurrence_rule") {
            body = json!({"title": "Tea", "due_date": "2031-01-01"});
        }
        body[field] = bad.clone();
        let fields = bench.json(&create, &body).await.named_fields(400);
        assert!(
            fields.iter().any(|named| named == field),
            "creating, {field}: {bad}: {fields:?}"
        );
        let fields = bench
            .json(&change, &json!({field: bad}))
            .await
            .named_fields(400);
        assert!(
            fields.iter().any(|named| named == field),
            "changing, {field}: {bad}: {fields:?}"
        );
    }
    assert_eq!(
        bench.json(&create, &json!({})).await.named_fields(400),
        ["title"]
    );
    let many = json!({"title": "", "priority": "x", "due_date": "x", "time_zone": "x", "shiny": 1});
    assert_eq!(
        bench.json(&create, &many).await.named_fields(400),
        ["due_date", "priority", "shiny", "time_zone", "title"]
    );
    // What belongs together must come together.
    for (field, lonely) in [
        ("due_time", json!({"title": "Tea", "due_time": "09:00"})),
        (
            "due_date",
            json!({"title": "Tea", "recurrence_pattern": "daily"}),
        ),
    ] {
        let fields = bench.json(&create, &lonely).await.named_fields(400);
        assert!(
            fields
                .iter()
                .any(|named| named == field || named.starts_with("recurrence")),
            "{fields:?}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_bad_filter_of_a_listing_is_named() {
    let Some(system) = System::start().await else {
        return;
    };
    let bench = Bench::new(&system).await;
    let Bench { api, account, .. } = &bench;
    for (path, field, bad) in [
        ("/tasks", "limit", "0"),
        ("/tasks", "limit", "201"),
        ("/tasks", "limit", "-1"),
        ("/tasks", "limit", "ten"),
        ("/tasks", "cursor", "nonsense"),
        ("/tasks", "cursor", "e30"),
        ("/tasks", "status", "half-done"),
        ("/tasks", "priority", "whenever"),
        ("/tasks", "due_from", "tomorrow"),
        ("/tasks", "due_to", "2026-02-30"),
        ("/tasks", "overdue", "perhaps"),
        ("/tasks", "sort", "colour"),
        ("/tasks", "q", "%00"),
        ("/tasks", "q", "%ff"),
        ("/audit-logs", "limit", "201"),
        ("/audit-logs", "cursor", "nonsense"),
        ("/audit-logs", "task_id", "17"),
        ("/audit-logs", "event_type", "task.exploded"),
        ("/notifications", "limit", "201"),
        ("/notifications", "cursor", "nonsense"),
    ] {
        let path = account.path(&format!("{path}?{field}={bad}"));
        let reply = api.get(&path, &account.token).await;
        assert_eq!(reply.named_fields(400), [field], "{path}");
        let reply = api
            .get(&format!("{path}&{field}=again"), &account.token)
            .await;
        assert_eq!(reply.named_fields(400)[0], field, "twice: {path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_bad_field_of_an_account_is_named() {
    let Some(system) = System::start().await else {
        return;
    };
    let bench = Bench::new(&system).await;
    let sign_up = &bench.endpoints()[0];
    let long = |n: usize| "x".repeat(n);
    for (field, bad) in [
        ("email", json!("not an address")),
        ("email", json!("a@b")),
        ("email", json!(format!("{}@example.com", long(300)))),
        ("email", json!(null)),
        ("email", json!({"a": 1})),
        ("password", json!("short")),
        ("password", json!(long(201))),
        ("password", json!(12_345_678)),
        ("name", json!(long(201))),
        ("name", json!("two\nlines")),
        ("name", json!(1)),
        ("time_zone", json!("Mars/Olympus")),
        ("time_zone", json!(1)),
    ] {
        let mut body = json!({"email": "new@example.com", "password": "long enough"});
        body[field] = bad.clone();
        let fields = bench.json(sign_up, &body).await.named_fields(400);
        assert_eq!(fields, [field], "{bad}");
    }
    let fields = bench.json(sign_up, &json!({})).await.named_fields(400);
    assert_eq!(fields, ["email", "password"]);
    let change = Endpoint {
        method: Method::PATCH,
        path: "/api/auth/me".to_owned(),
        body: None,
        signed_in: true,
    };
    for (field, bad) in [
        ("time_zone", json!("x")),
        ("time_zone", json!(null)),
        ("name", json!(3)),
        ("email", json!("x@example.com")),
    ] {
        assert_eq!(
            bench
                .json(&change, &json!({field: bad}))
                .await
                .named_fields(400),
            [field]
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_headers_are_named() {
    let Some(system) = System::start().await else {
        return;
    };
    let bench = Bench::new(&system).await;
    let create = bench.endpoint(Method::POST, "/tasks");
    let change = bench.endpoint(Method::PATCH, &format!("/tasks/{}", bench.task_id));
    let title = json!({"title": "Tea"});
    let too_long = "k".repeat(256);
    let request = bench
        .request(&create)
        .header("idempotency-key", too_long)
        .json(&title);
    assert_eq!(
        bench.api.send(request).await.named_fields(400),
        ["Idempotency-Key"]
    );
    let request = bench
        .request(&change)
        .header("if-match", "three")
        .json(&title);
    assert_eq!(
        bench.api.send(request).await.named_fields(400),
        ["If-Match"]
    );
    let request = bench
        .request(&change)
        .header("if-match", "\"999\"")
        .json(&title);
    bench.api.send(request).await.problem(412);
    for authorization in ["Bearer", "Basic YTpi", "Bearer  ", "\u{7f}"] {
        let Ok(value) = http::HeaderValue::from_bytes(authorization.as_bytes()) else {
            continue;
        };
        let request = bench
            .api
            .request(Method::GET, &create.path)
            .header("authorization", value);
        let reply = bench.api.send(request).await;
        reply.problem(401);
        assert!(reply.header("www-authenticate").is_some());
    }
}
