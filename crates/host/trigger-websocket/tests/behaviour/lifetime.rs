use std::time::SystemTime;

use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::client::{Ask, Client};
use crate::harness::{with, within};

#[tokio::test]
async fn a_connection_ends_with_4401_when_its_authorization_expires() {
    with("", async |world| {
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        let query = format!("?expires_at={}", now.expect("after 1970").as_secs() + 5);
        let ask = Ask {
            keys: &["ada"],
            query: &query,
            ..Ask::default()
        };
        let mut client = Client::ask(world, ask).await.expect("accepted");
        assert_eq!(client.text().await, "ready 0");
        assert_eq!(client.closed().await, 4401);
    })
    .await;
}

#[tokio::test]
async fn at_shutdown_every_client_is_told_1012_and_the_service_ends_when_they_left() {
    with("", async |world| {
        let mut clients = Vec::new();
        for number in 0..20 {
            clients.push(Client::open(world, &format!("user-{number}")).await);
        }
        world.begin_stop();
        for client in &mut clients {
            assert_eq!(client.closed().await, 1012);
        }
        world.stop().await;
    })
    .await;
}

#[tokio::test]
async fn a_client_too_slow_for_its_queue_is_closed_with_1013_and_holds_up_nobody() {
    const RECORDS: usize = 100;
    with("limits = { queue_frames = 4 }", async |world| {
        let mut slow = Client::open(world, "ada").await;
        let mut quick = Client::open(world, "ada").await;
        let filler = "x".repeat(200_000);
        for number in 0..RECORDS {
            let value = json!({ "number": number, "filler": filler });
            world.append("news", "ada", &value).await;
            assert_eq!(quick.number().await, number as u64);
        }
        let mut received = 0;
        let code = loop {
            match slow.next().await {
                Ok(_) => received += 1,
                Err(code) => break code,
            }
        };
        assert_eq!(code, 1013);
        assert!(received < RECORDS, "{received} fitted into the socket");
    })
    .await;
}

#[tokio::test]
async fn a_peer_that_answers_no_ping_is_given_up_and_one_that_does_is_kept() {
    with(
        "limits = { ping_interval_ms = 200, pong_timeout_ms = 3000 }",
        async |world| {
            let mut alive = Client::open(world, "ada").await;
            let mut dead = TcpStream::connect(world.address).await.expect("connected");
            let request = format!(
                "GET /ws HTTP/1.1\r\nHost: {}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
                 Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
                 Sec-WebSocket-Protocol: key.ada\r\n\r\n",
                world.address
            );
            dead.write_all(request.as_bytes()).await.expect("sent");
            // The end of the stream, though this side never closed.
            let mut received = Vec::new();
            let reading = dead.read_to_end(&mut received);
            let kept = async {
                loop {
                    if let Err(code) = alive.next().await {
                        break code;
                    }
                }
            };
            tokio::select! {
                read = within(reading) => assert!(read.is_ok()),
                code = kept => panic!("the client that answers was closed with {code}"),
            }
            alive.send("still here").await;
            assert_eq!(alive.text().await, "still here");
        },
    )
    .await;
}
