//! Responses that go on: what the guest sends comes at once, and it learns when nobody listens.

use containment::{Guest, Host};
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use testing::{eventually, within};

/// Where the guest's silence is not to be broken.
const AN_HOUR_MS: u32 = 3_600_000;

/// A host whose guest has one instance, so that all requests see the same listeners.
async fn host() -> Host {
    Host::serve(vec![Guest::new("sse")], |options| options.max_instances = 1).await
}

/// The next piece that the guest sent.
async fn next(body: &mut Incoming) -> String {
    let frame = within(body.frame()).await.unwrap().unwrap();
    String::from_utf8(frame.into_data().unwrap().to_vec()).unwrap()
}

async fn wait_for_listeners(host: &Host, count: &str) {
    eventually(&format!("{count} listen"), async || {
        (host.client.get("/sse/listeners").await.body == count).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_event_arrives_before_the_next_is_made() {
    let host = host().await;
    let response = host.client.open(&format!("/sse/listen?{AN_HOUR_MS}")).await;
    assert_eq!(response.headers()["content-type"], "text/event-stream");
    assert_eq!(response.headers()["x-accel-buffering"], "no");
    let mut body = response.into_body();
    for word in ["one", "two", "three"] {
        host.client.put(&format!("/sse/say?{word}")).await;
        assert_eq!(next(&mut body).await, format!("data: {word}\n\n"));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn comments_break_the_silence() {
    let host = host().await;
    let mut body = host.client.open("/sse/listen?10").await.into_body();
    for _ in 0..3 {
        assert_eq!(next(&mut body).await, ":\n\n");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_guest_that_is_silent_learns_that_its_client_has_left() {
    let host = host().await;
    let staying = host.client.open(&format!("/sse/listen?{AN_HOUR_MS}")).await;
    let leaving = host.client.open(&format!("/sse/listen?{AN_HOUR_MS}")).await;
    wait_for_listeners(&host, "2").await;
    drop(leaving);
    wait_for_listeners(&host, "1").await;
    let mut staying = staying.into_body();
    host.client.put("/sse/say?still%20here").await;
    assert_eq!(next(&mut staying).await, "data: still%20here\n\n");
}
