//! Paths, methods and query parameters that are not there.

use http::Method;
use serde_json::json;

use uuid::Uuid;

use super::{Bench, Endpoint};

#[tokio::test(flavor = "multi_thread")]
async fn unknown_query_parameters_are_refused_everywhere() {
    let Some(system) = crate::shared().await else {
        return;
    };
    let bench = Bench::new(system).await;
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
    let Some(system) = crate::shared().await else {
        return;
    };
    let bench = Bench::new(system).await;
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
    let Some(system) = crate::shared().await else {
        return;
    };
    let bench = Bench::new(system).await;
    let Bench {
        api,
        account,
        task_id,
    } = &bench;
    for path in [
        "/api".to_owned(),
        "/api/nothing".to_owned(),
        "/api/auth/nothing".to_owned(),
        account.path("/nothing"),
        account.path("/tasks/"),
        account.path(&format!("/tasks/{task_id}/nothing")),
        account.path(&format!("/tasks/{task_id}/complete/now")),
    ] {
        api.get(&path, &account.token).await.problem(404);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bad_id_in_the_path_is_named() {
    let Some(system) = crate::shared().await else {
        return;
    };
    let bench = Bench::new(system).await;
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
        let path = account.path(&format!("/tasks/{task_id}/reminders/{bad}"));
        assert_eq!(
            api.delete(&path, &account.token).await.named_fields(400),
            ["reminder_id"]
        );
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
