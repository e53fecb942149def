//! The API's own description: served as it is declared, and true of every path.

use std::collections::BTreeMap;

use http::{Method, header};
use serde_json::Value;
use uuid::Uuid;

/// A path of the document as a client would ask for it.
fn concrete(path: &str) -> String {
    let segments = path.split('/').map(|segment| match segment {
        "{user_id}" => "me".to_owned(),
        "{path}" => "settings".to_owned(),
        id if id.ends_with("_id}") => Uuid::now_v7().to_string(),
        literal => literal.to_owned(),
    });
    segments.collect::<Vec<_>>().join("/")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_document_is_served_and_asked_for_only_once() {
    let Some(system) = crate::system().await else {
        return;
    };
    let api = system.api();
    let reply = api.send(api.request(Method::GET, "/openapi.json")).await;
    let declared = serde_json::to_value(contract::document()).expect("it is JSON");
    assert_eq!(reply.json(200), declared);
    assert_eq!(declared["openapi"], "3.1.0");

    let etag = reply.header("etag").expect("an entity tag");
    let again = api
        .request(Method::GET, "/openapi.json")
        .header(header::IF_NONE_MATCH, etag);
    assert_eq!(api.send(again).await.status, 304);
}

/// The client holds `Allow` against the document: only the component that declares a path's methods can
/// give it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_documented_path_leads_to_the_component_that_declares_it() {
    let Some(system) = crate::system().await else {
        return;
    };
    let api = system.api();
    let document = serde_json::to_value(contract::document()).expect("it is JSON");
    let paths: BTreeMap<String, Value> =
        serde_json::from_value(document["paths"].clone()).expect("paths");
    for path in paths.keys() {
        let probe = Method::from_bytes(b"PROBE").expect("a method");
        let reply = api.send(api.request(probe, &concrete(path))).await;
        assert_eq!(reply.status, 405, "{path}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_page_of_the_document_needs_no_other_host() {
    let Some(system) = crate::system().await else {
        return;
    };
    let api = system.api();
    let get = async |path: &str| api.send(api.request(Method::GET, path)).await;
    let page = get("/docs").await;
    assert_eq!(page.status, 200);
    let policy = page.header("content-security-policy").expect("a policy");
    assert!(policy.contains("script-src 'self';") && policy.contains("style-src 'self';"));
    let quoted: Vec<&str> = page.text.split('"').skip(1).step_by(2).collect();
    let files: Vec<&str> = quoted
        .into_iter()
        .filter(|text| text.contains('/'))
        .collect();
    assert!(files.contains(&"/docs/swagger-ui-bundle.js"), "{files:?}");
    for file in files {
        let reply = get(file).await;
        assert_eq!(reply.status, 200, "{file}");
        assert!(!reply.text.is_empty(), "{file}");
    }
    assert!(get("/docs/start.js").await.text.contains("/openapi.json"));
}
