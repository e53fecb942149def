//! What the HTTP trigger does for guests that behave well.

use std::io::Write as _;
use std::time::Duration;

use bytes::Bytes;
use containment::{Guest, Host};
use http_body_util::BodyExt as _;
use tokio::io::AsyncReadExt as _;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_small_response_has_a_length() {
    let guests = vec![Guest::new("hello"), Guest::new("hello-p2")];
    let host = Host::serve(guests, |_| {}).await;
    for path in ["/hello/", "/hello", "/hello/there", "/hello-p2/"] {
        let answer = host.client.get(path).await;
        assert_eq!(
            (answer.status.as_u16(), answer.body.as_str()),
            (200, "hello")
        );
        assert_eq!(answer.header("content-length"), "5", "{path}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_guest_sees_the_request_and_how_it_was_routed() {
    let host = Host::serve(vec![Guest::new("echo")], |_| {}).await;
    let sent = [
        ("x-request-id", "my-id"),
        ("spin-client-addr", "6.6.6.6:6"),
        ("spin-made-up", "x"),
    ];
    let echo = host.client.get_with("/echo/a/b?c=d", &sent).await;
    assert_eq!(echo.header("x-request-id"), "my-id");
    let address = host.address;
    for line in [
        format!("GET http://{address}/echo/a/b?c=d"),
        format!("spin-full-url: http://{address}/echo/a/b?c=d"),
        "spin-path-info: /a/b".into(),
        "spin-component-route: /echo".into(),
        "spin-raw-component-route: /echo/...".into(),
        "spin-matched-route: /echo/...".into(),
        "spin-base-path: /".into(),
        "spin-client-addr: 127.0.0.1:".into(),
        "x-request-id: my-id".into(),
        "traceparent: 00-".into(),
    ] {
        assert!(echo.body.contains(&line), "{line} is not in\n{}", echo.body);
    }
    assert!(!echo.body.contains("6.6.6.6") && !echo.body.contains("made-up"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_body_larger_than_the_limit_is_refused_declared_or_not() {
    let host = Host::serve(vec![Guest::new("echo")], |options| {
        options.max_request_body = 1000;
    })
    .await;
    let fitting = host.client.post("/echo/", "x".repeat(1000)).await;
    assert!(fitting.body.ends_with(&"x".repeat(1000)));
    let declared = host.client.post("/echo/", "x".repeat(1001)).await;
    assert_eq!(declared.status, 413);
    let chunk = || Bytes::from("x".repeat(400));
    let fitting = host
        .client
        .post_chunks("/echo/", vec![chunk(), chunk()])
        .await;
    assert!(fitting.body.ends_with(&"x".repeat(800)));
    let undeclared = host
        .client
        .post_chunks("/echo/", vec![chunk(), chunk(), chunk()])
        .await;
    assert_eq!(undeclared.status, 413);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_not_routed_is_not_found() {
    let host = Host::serve(vec![Guest::new("hello")], |_| {}).await;
    let missing = host.client.get("/elsewhere").await;
    assert_eq!(missing.status, 404);
    assert_eq!(missing.header("content-type"), "application/problem+json");
    assert_eq!(host.client.get("/.well-known/spin/health").await.body, "OK");
    assert_eq!(host.client.get("/.well-known/spin/other").await.status, 404);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn past_the_limit_requests_are_turned_away_at_once() {
    let host = Host::serve(vec![Guest::new("stream")], |options| {
        options.max_requests = 2
    })
    .await;
    let held = [
        host.client.open("/stream/held").await,
        host.client.open("/stream/held").await,
    ];
    assert!(held.iter().all(|response| response.status() == 200));
    let third = host.client.get("/stream/").await;
    assert_eq!(third.status, 503);
    assert_eq!(third.header("retry-after"), "1");
    drop(held);
    until_answered(&host).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_counts_until_its_body_ends() {
    let host = Host::serve(vec![Guest::new("stream")], |options| {
        options.max_requests = 1
    })
    .await;
    let streaming = host.client.open("/stream/large").await;
    assert_eq!(host.client.get("/stream/").await.status, 503);
    let body = streaming.into_body().collect().await.unwrap().to_bytes();
    assert_eq!(body.len(), 5 * (8 << 20));
    // The server sees the end of the body before its client does, or at the same time.
    let next = host.client.get("/stream/").await;
    assert_eq!(next.status, 200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_goes_away_gives_its_place_back() {
    let host = Host::serve(vec![Guest::new("stream")], |options| {
        options.max_requests = 1
    })
    .await;
    drop(host.client.open("/stream/held").await);
    until_answered(&host).await;
}

async fn until_answered(host: &Host) {
    testing::eventually("there is a place", async || {
        let answer = host.client.get("/stream/").await;
        (answer.status == 200).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn instances_are_reused_and_then_replaced() {
    let host = Host::serve(vec![Guest::new("count")], |options| {
        options.instance_reuse = 3;
        options.max_instances = 1;
    })
    .await;
    let mut counts = Vec::new();
    for _ in 0..7 {
        counts.push(host.client.get("/count/").await.body);
    }
    assert_eq!(counts, ["1", "2", "3", "1", "2", "3", "1"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn requests_that_wait_leave_room_for_one_that_does_not() {
    // More than are let in at the same moment.
    let many = std::thread::available_parallelism().map_or(1, usize::from) * 16 + 8;
    let host = Host::serve(vec![Guest::new("sleep")], |options| {
        options.instance_concurrency = 1;
        options.max_instances = many + 1;
    })
    .await;
    while_others_sleep(&host, many).await;
}

/// Asks again and again, so that the last ones come when the others have long begun to sleep.
async fn while_others_sleep(host: &Host, others: usize) {
    let sleeping = (0..others).map(|_| host.client.get("/sleep/?3600000"));
    let quick = async {
        for _ in 0..20 {
            assert_eq!(host.client.get("/sleep/").await.body, "slept");
        }
    };
    tokio::select! {
        () = quick => {}
        _ = futures::future::select_all(sleeping.map(Box::pin)) => {
            panic!("the quick one had to wait for one that sleeps");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn requests_share_an_instance_while_they_wait() {
    let host = Host::serve(vec![Guest::new("sleep")], |options| {
        options.max_instances = 1;
        options.instance_concurrency = 8;
    })
    .await;
    while_others_sleep(&host, 7).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_does_not_fit_waits_for_its_turn() {
    let host = Host::serve(vec![Guest::new("sleep")], |options| {
        options.max_instances = 2;
        options.instance_concurrency = 1;
    })
    .await;
    let requests = (0..10).map(|_| host.client.get("/sleep/?20"));
    for answer in futures::future::join_all(requests).await {
        assert_eq!(answer.body, "slept");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_shutdown_lets_requests_end_and_takes_no_more() {
    let host = Host::serve(vec![Guest::new("stream")], |options| {
        // It ends because there is nothing left.
        options.drain_timeout = Duration::from_secs(24 * 3600);
    })
    .await;
    let streaming = host.client.open("/stream/").await;
    host.stop();
    let body = streaming.into_body().collect().await.unwrap().to_bytes();
    assert_eq!(body, "1\n2\n3\n4\n5\n");
    let address = host.address;
    testing::within(host.stopped()).await.unwrap();
    assert!(tokio::net::TcpStream::connect(address).await.is_err());
}

/// One thread: the host does nothing between two lines of this test that wait for nothing.
#[tokio::test]
async fn a_request_that_has_arrived_before_the_shutdown_is_answered() {
    let host = Host::serve(vec![Guest::new("hello")], |_| {}).await;
    let connect = || std::net::TcpStream::connect(host.address).unwrap();
    let used = connect();
    ask(&used);
    assert!(answer(&used).await.starts_with("HTTP/1.1 200"));
    let silent = connect();
    // Connections are accepted in their order: the silent one before this.
    let behind = connect();
    ask(&behind);
    assert!(answer(&behind).await.starts_with("HTTP/1.1 200"));
    let queued = connect();

    let connections = [used, silent, queued];
    connections.iter().for_each(ask);
    host.stop();
    for connection in &connections {
        let answer = answer(connection).await;
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer:?}");
    }
    host.stopped().await.unwrap();
}

fn ask(mut connection: &std::net::TcpStream) {
    connection
        .write_all(b"GET /hello/ HTTP/1.1\r\nhost: test\r\n\r\n")
        .unwrap();
}

async fn answer(connection: &std::net::TcpStream) -> String {
    let connection = connection.try_clone().unwrap();
    connection.set_nonblocking(true).unwrap();
    let mut connection = tokio::net::TcpStream::from_std(connection).unwrap();
    let mut answer = String::new();
    while !answer.ends_with("hello") {
        let mut part = [0; 1000];
        match connection.read(&mut part).await {
            Ok(0) | Err(_) => break,
            Ok(size) => answer.push_str(std::str::from_utf8(&part[..size]).unwrap()),
        }
    }
    answer
}
