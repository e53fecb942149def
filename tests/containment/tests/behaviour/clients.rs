//! Clients that send little, read little, or only hold a connection keep nobody else out.

use std::future::Future;
use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use containment::{Guest, Host};
use http_body_util::{BodyExt as _, Empty};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

const SHORT: Duration = Duration::from_millis(300);

/// HTTP/2's connection preface, and empty SETTINGS.
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";

/// A HEADERS frame of stream 1 (RFC 9113, section 6.2): GET of a path.
fn headers(path: &str, flags: u8) -> Vec<u8> {
    let literal = |index: u8, value: &str| {
        let length = u8::try_from(value.len()).unwrap();
        [&[index, length], value.as_bytes()].concat()
    };
    // :method GET, :scheme http, then :path and :authority as literals (RFC 7541, appendix A).
    let block = [vec![0x82, 0x86], literal(0x04, path), literal(0x01, "test")].concat();
    let length = u32::try_from(block.len()).unwrap().to_be_bytes();
    let head = [length[1], length[2], length[3], 1, flags, 0, 0, 0, 1];
    [&head[..], &block].concat()
}

const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;

/// A connection that has sent these bytes.
async fn connect(address: SocketAddr, sent: &[u8]) -> TcpStream {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(sent).await.unwrap();
    stream
}

/// Fails instead of hanging.
async fn within<F: Future>(future: F) -> F::Output {
    let done = tokio::time::timeout(Duration::from_secs(30), future).await;
    done.unwrap()
}

/// Resolves when the host has closed it, with what it sent before.
async fn closed(mut stream: TcpStream) -> String {
    let mut sent = Vec::new();
    // A reset is an end, too.
    _ = within(stream.read_to_end(&mut sent)).await;
    String::from_utf8_lossy(&sent).into_owned()
}

async fn until(mut condition: impl AsyncFnMut() -> bool) {
    within(async {
        while !condition().await {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    })
    .await;
}

/// A POST of which one byte of the body is there.
fn begun_post(path: &str, length: usize) -> Vec<u8> {
    format!("POST {path} HTTP/1.1\r\nhost: test\r\ncontent-length: {length}\r\n\r\nx").into_bytes()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_without_a_whole_request_head_is_closed_whatever_it_began_with() {
    let host = Host::serve(vec![Guest::new("hello")], |options| {
        options.connections.head_timeout = SHORT;
    })
    .await;
    let mut begun: Vec<Vec<u8>> = ["", "GET /hello/ HTTP/1.1\r\nhost: te", "PRI * HTTP/2"]
        .map(|begin| begin.as_bytes().to_vec())
        .to_vec();
    begun.push(PREFACE.to_vec());
    begun.push([PREFACE, &headers("/hello/", END_STREAM)].concat());
    let mut connections = Vec::new();
    for sent in &begun {
        connections.push(connect(host.address, sent).await);
    }
    futures::future::join_all(connections.into_iter().map(closed)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_without_a_request_is_closed_after_a_while() {
    let host = Host::serve(vec![Guest::new("hello")], |options| {
        options.connections.idle_timeout = SHORT;
    })
    .await;
    let get = b"GET /hello/ HTTP/1.1\r\nhost: test\r\n\r\n";
    let answer = closed(connect(host.address, get).await).await;
    assert!(answer.ends_with("hello"), "{answer}");

    // One that has begun its second request has no more time for it.
    let again = [&get[..], b"GET /hello/ HTTP/1.1\r\n"].concat();
    let answer = closed(connect(host.address, &again).await).await;
    assert!(answer.ends_with("hello"), "{answer}");

    let stream = TcpStream::connect(host.address).await.unwrap();
    let io = TokioIo::new(stream);
    let (mut client, connection) = hyper::client::conn::http2::handshake(TokioExecutor::new(), io)
        .await
        .unwrap();
    let connection = tokio::spawn(connection);
    let uri = format!("http://{}/hello/", host.address);
    let request = http::Request::get(uri).body(Empty::<Bytes>::new()).unwrap();
    let response = client.send_request(request).await.unwrap();
    assert_eq!(
        response.into_body().collect().await.unwrap().to_bytes(),
        "hello"
    );
    // Told so by a GOAWAY, it ends without an error.
    within(connection).await.unwrap().unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_of_http2_that_answers_no_ping_is_gone() {
    let host = Host::serve(vec![Guest::new("sleep")], |options| {
        options.connections.ping_interval = SHORT;
        options.connections.ping_timeout = SHORT;
        options.request_deadline = Duration::from_secs(60);
    })
    .await;
    let request = headers("/sleep/?50000", END_STREAM | END_HEADERS);
    let stream = connect(host.address, &[PREFACE, &request].concat()).await;
    closed(stream).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn past_the_limit_of_connections_the_oldest_idle_one_makes_room() {
    let host = Host::serve(vec![Guest::new("hello")], |options| {
        options.connections.max_connections = 3;
    })
    .await;
    let oldest = connect(host.address, b"").await;
    let half = connect(host.address, PREFACE).await;
    let kept = connect(host.address, b"GET /hello/ HTTP/1.1\r\nhost: te").await;
    let get = b"GET /hello/ HTTP/1.1\r\nhost: test\r\nconnection: close\r\n\r\n";
    let answer = closed(connect(host.address, get).await).await;
    assert!(answer.ends_with("hello"), "{answer}");
    closed(oldest).await;
    let more = [
        connect(host.address, b"").await,
        connect(host.address, b"").await,
    ];
    closed(half).await;
    drop(more);
    assert_eq!(host.load.exhausted(), None);
    drop(kept);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_every_connection_has_a_request_others_wait_and_the_host_says_that_it_is_exhausted() {
    let host = Host::serve(vec![Guest::new("sleep")], |options| {
        options.connections.max_connections = 2;
        options.exhausted_after = SHORT;
        options.request_deadline = Duration::from_secs(60);
    })
    .await;
    let sleep = b"GET /sleep/?1500 HTTP/1.1\r\nhost: test\r\n\r\n";
    let busy = [
        connect(host.address, sleep).await,
        connect(host.address, sleep).await,
    ];
    let get = b"GET /sleep/?1 HTTP/1.1\r\nhost: test\r\nconnection: close\r\n\r\n";
    let waiting = tokio::spawn(closed(connect(host.address, get).await));
    until(async || host.load.exhausted().is_some()).await;
    let reason = host.load.exhausted();
    assert!(reason.unwrap().contains("connections"));
    assert!(within(waiting).await.unwrap().ends_with("slept"));
    drop(busy);
    until(async || host.load.exhausted().is_none()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_component_whose_requests_do_not_end_is_exhausted() {
    let host = Host::serve(vec![Guest::new("sleep")], |options| {
        options.max_requests = 1;
        options.exhausted_after = SHORT;
    })
    .await;
    let sleeping = host.client.get("/sleep/?1000");
    let seen = async {
        until(async || host.load.exhausted().is_some()).await;
        assert!(host.load.exhausted().unwrap().contains("component sleep"));
    };
    tokio::join!(sleeping, seen);
    until(async || host.load.exhausted().is_none()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_of_http2_that_takes_nothing_of_a_response_is_let_go() {
    let host = Host::serve(vec![Guest::new("stream")], |options| {
        options.max_requests = 1;
        options.connections.write_timeout = SHORT;
    })
    .await;
    // SETTINGS_INITIAL_WINDOW_SIZE = 0, so that the response can never be sent.
    let no_window = b"\0\0\x06\x04\0\0\0\0\0\0\x04\0\0\0\0";
    let request = headers("/stream/", END_STREAM | END_HEADERS);
    let preface = &PREFACE[..24];
    let held = connect(host.address, &[preface, no_window, &request].concat()).await;
    until(async || host.client.get("/stream/").await.status == 503).await;
    closed(held).await;
    until(async || host.client.get("/stream/").await.status == 200).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bodies_that_have_not_arrived_take_no_requests_place() {
    let host = Host::serve(vec![Guest::new("echo")], |options| {
        options.max_requests = 2;
        options.body_patience = Duration::from_secs(2);
    })
    .await;
    let mut slow = Vec::new();
    for _ in 0..16 {
        slow.push(connect(host.address, &begun_post("/echo/", 100)).await);
    }
    let chunked = b"POST /echo/ HTTP/1.1\r\nhost: test\r\ntransfer-encoding: chunked\r\n\r\n1\r\nx";
    slow.push(connect(host.address, chunked).await);
    for _ in 0..20 {
        let answer = host.client.post("/echo/", "whole").await;
        assert_eq!(answer.status, 200, "{answer:?}");
    }
    for answer in futures::future::join_all(slow.into_iter().map(closed)).await {
        assert!(answer.starts_with("HTTP/1.1 408"), "{answer}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_body_that_comes_in_pieces_reaches_the_component_as_a_whole() {
    let host = Host::serve(vec![Guest::new("echo")], |_| {}).await;
    let mut stream = connect(host.address, &begun_post("/echo/", 5)).await;
    for piece in [b"a", b"b", b"c", b"d"] {
        tokio::time::sleep(Duration::from_millis(20)).await;
        stream.write_all(piece).await.unwrap();
    }
    let mut answer = String::new();
    while !answer.ends_with("\nxabcd") {
        let mut part = [0; 4096];
        let size = within(stream.read(&mut part)).await.unwrap();
        assert!(size > 0, "{answer}");
        answer.push_str(std::str::from_utf8(&part[..size]).unwrap());
    }
    // Longer than what is awaited before the call, in chunks and at once.
    let long = "0123456789abcdef".repeat(trigger_http::READ_AHEAD / 4);
    let answer = host.client.post("/echo/", long.clone()).await;
    assert!(answer.body.ends_with(&long));
    let chunks = long.as_bytes().chunks(10_000).map(Bytes::copy_from_slice);
    let answer = host.client.post_chunks("/echo/", chunks.collect()).await;
    assert!(answer.body.ends_with(&long));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_long_body_that_stops_coming_ends_its_request() {
    let host = Host::serve(vec![Guest::new("echo")], |options| {
        options.max_requests = 1;
        options.body_patience = SHORT;
        options.min_body_rate = 1 << 20;
        options.request_deadline = Duration::from_secs(60);
    })
    .await;
    let begun = begun_post("/echo/", 4 * trigger_http::READ_AHEAD);
    let begun = [begun, vec![b'x'; 2 * trigger_http::READ_AHEAD]].concat();
    let answer = closed(connect(host.address, &begun).await).await;
    assert!(answer.starts_with("HTTP/1.1 408"), "{answer}");
    until(async || host.client.post("/echo/", "x").await.status == 200).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bodies_that_are_awaited_have_bounded_memory_together() {
    let host = Host::serve(vec![Guest::new("echo")], |options| {
        options.max_requests = 1;
        options.max_waiting_body_bytes = 1000;
        options.request_deadline = Duration::from_secs(60);
    })
    .await;
    let begun = [begun_post("/echo/", 5000), vec![b'x'; 2000]].concat();
    let held = connect(host.address, &begun).await;
    // There is no room to wait for its rest: it counts.
    until(async || host.client.post("/echo/", "x").await.status == 503).await;
    drop(held);
    until(async || host.client.post("/echo/", "x").await.status == 200).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn past_the_limit_of_connections_a_request_without_its_body_makes_room() {
    let host = Host::serve(vec![Guest::new("echo")], |options| {
        options.connections.max_connections = 2;
    })
    .await;
    let mut begun = Vec::new();
    for _ in 0..2 {
        begun.push(connect(host.address, &begun_post("/echo/", 100)).await);
    }
    let get = b"GET /echo/ HTTP/1.1\r\nhost: test\r\nconnection: close\r\n\r\n";
    let answer = closed(connect(host.address, get).await).await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    assert_eq!(closed(begun.remove(0)).await, "");
}
