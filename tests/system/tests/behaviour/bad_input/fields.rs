//! Fields, filters and headers with values that cannot be.

use http::Method;
use serde_json::json;

use uuid::Uuid;

use super::{Bench, Endpoint};

#[tokio::test(flavor = "multi_thread")]
async fn every_bad_field_of_a_task_is_named() {
    let Some(system) = crate::shared().await else {
        return;
    };
    let bench = Bench::new(system).await;
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
        (
            "tags",
            json!((0..51).map(|n| format!("tag {n}")).collect::<Vec<_>>()),
        ),
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
            "due_time",
            json!({"title": "Tea", "due_date": "2031-01-01", "recurrence_rule": "FREQ=HOURLY"}),
        ),
    ] {
        let fields = bench.json(&create, &lonely).await.named_fields(400);
        assert!(fields.iter().any(|named| named == field), "{fields:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_bad_field_of_a_reminder_is_named() {
    let Some(system) = crate::shared().await else {
        return;
    };
    let bench = Bench::new(system).await;
    let add = bench.endpoint(Method::POST, &format!("/tasks/{}/reminders", bench.task_id));
    for (field, bad) in [
        ("remind_at", json!({})),
        ("remind_at", json!({"remind_at": "soon"})),
        ("remind_at", json!({"remind_at": 17})),
        ("remind_at", json!({"remind_at": "2031-13-01T00:00:00Z"})),
        ("minutes_before", json!({"minutes_before": -1})),
        ("minutes_before", json!({"minutes_before": 1_000_000})),
        ("minutes_before", json!({"minutes_before": "ten"})),
        // The task has no time to count back from.
        ("minutes_before", json!({"minutes_before": 10})),
        (
            "minutes_before",
            json!({"minutes_before": 10, "remind_at": "2031-01-01T00:00:00Z"}),
        ),
    ] {
        let fields = bench.json(&add, &bad).await.named_fields(400);
        assert_eq!(fields, [field], "{bad}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_bad_filter_of_a_listing_is_named() {
    let Some(system) = crate::shared().await else {
        return;
    };
    let bench = Bench::new(system).await;
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
    let Some(system) = crate::shared().await else {
        return;
    };
    let bench = Bench::new(system).await;
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
    let Some(system) = crate::shared().await else {
        return;
    };
    let bench = Bench::new(system).await;
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
