use hyper::StatusCode;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::client::{Ask, Client};
use crate::harness::{World, with, with_options, within};

#[tokio::test]
async fn the_component_refuses_with_a_plain_http_response() {
    with("", async |world| {
        let refused = Client::ask(world, Ask::default()).await;
        let response = refused.err().expect("refused");
        assert_eq!(response.status(), StatusCode::UNAUTHORIZED);
        assert_eq!(response.headers()["www-authenticate"], "Key");
        assert_eq!(response.body().as_deref(), Some(&b"say which key"[..]));
        let connection = response.headers().get("connection");
        assert!(connection.is_none_or(|value| value != "close, a-header-the-host-must-drop"));
    })
    .await;
}

#[tokio::test]
async fn the_chosen_subprotocol_is_echoed() {
    with("", async |world| {
        let ask = Ask {
            keys: &["ada"],
            subprotocol: Some("echo.v1"),
            ..Ask::default()
        };
        let client = Client::ask(world, ask).await.expect("accepted");
        assert_eq!(client.subprotocol.as_deref(), Some("echo.v1"));
    })
    .await;
}

/// Send a request as it is and read the status and the body.
async fn raw(world: &World, request: &str) -> (u16, String) {
    let mut tcp = TcpStream::connect(world.address).await.expect("connected");
    let request = request.replace('\n', "\r\n") + "Connection: close\r\n\r\n";
    tcp.write_all(request.as_bytes()).await.expect("sent");
    let mut answer = String::new();
    within(tcp.read_to_string(&mut answer)).await.expect("text");
    let status = answer.split(' ').nth(1).and_then(|code| code.parse().ok());
    (status.expect("a status"), answer)
}

#[tokio::test]
async fn what_is_no_handshake_gets_a_problem_document_that_says_why() {
    with("", async |world| {
        for (request, status, word) in [
            (
                "POST /ws HTTP/1.1\nHost: x\nContent-Length: 0\n",
                405,
                "allow: GET",
            ),
            ("GET /ws HTTP/1.1\nHost: x\n", 426, "upgrade: websocket"),
            ("GET /nowhere HTTP/1.1\nHost: x\n", 404, "route"),
        ] {
            let (code, answer) = raw(world, request).await;
            assert_eq!(code, status, "{request}");
            assert!(answer.contains("application/problem+json"), "{answer}");
            assert!(answer.contains(word), "{answer}");
        }
    })
    .await;
}

#[tokio::test]
async fn a_page_of_another_origin_may_not_connect_unless_the_manifest_says_so() {
    let from = |origin| [("origin", origin)];
    with("", async |world| {
        let headers = from("https://evil.example");
        let ask = Ask {
            keys: &["ada"],
            headers: &headers,
            ..Ask::default()
        };
        let refused = Client::ask(world, ask).await.err().expect("refused");
        assert_eq!(refused.status(), StatusCode::FORBIDDEN);
    })
    .await;
    with(
        "allowed_origins = ['https://good.example']",
        async |world| {
            let headers = from("https://good.example");
            let ask = Ask {
                keys: &["ada"],
                headers: &headers,
                subprotocol: Some("echo.v1"),
                ..Ask::default()
            };
            assert!(Client::ask(world, ask).await.is_ok());
        },
    )
    .await;
}

#[tokio::test]
async fn past_the_limit_of_connections_an_opening_is_told_to_come_later() {
    with("limits = { max_connections = 1 }", async |world| {
        let mut first = Client::open(world, "ada").await;
        let ask = Ask {
            keys: &["bob"],
            ..Ask::default()
        };
        let refused = Client::ask(world, ask).await.err().expect("refused");
        assert_eq!(refused.status(), StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(refused.headers()["retry-after"], "10");

        first.socket.close(None).await.expect("closed");
        first.closed().await;
        // The place is free once the server has seen the end.
        within(async {
            let ask = || Ask {
                keys: &["bob"],
                subprotocol: Some("echo.v1"),
                ..Ask::default()
            };
            while Client::ask(world, ask()).await.is_err() {
                tokio::task::yield_now().await;
            }
        })
        .await;
    })
    .await;
}

#[tokio::test]
async fn a_socket_that_sends_no_request_is_closed_whatever_it_began_with() {
    let listening = http_listener::Options {
        head_timeout: std::time::Duration::from_millis(200),
        ..Default::default()
    };
    with_options("", Default::default(), listening, async |world| {
        let preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
        for begin in [
            "",
            "GET /ws HTTP/1.1\r\nHost: x\r\n",
            "PRI * HTTP/2",
            preface,
        ] {
            let mut tcp = TcpStream::connect(world.address).await.expect("connected");
            tcp.write_all(begin.as_bytes()).await.expect("sent");
            let mut rest = Vec::new();
            // The end, or a reset.
            _ = within(tcp.read_to_end(&mut rest)).await;
        }
    })
    .await;
}
