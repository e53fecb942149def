use futures::{SinkExt as _, StreamExt as _};
use tokio::io::AsyncWriteExt as _;
use tokio_tungstenite::tungstenite::Message;

use crate::client::{Ask, Client};
use crate::harness::{with, within};

#[tokio::test]
async fn a_clients_frames_are_answered_in_order() {
    with("", async |world| {
        let mut client = Client::open(world, "ada").await;
        for number in 0..50 {
            client.send(&format!("hello {number}")).await;
        }
        for number in 0..50 {
            assert_eq!(client.text().await, format!("hello {number}"));
        }
        let binary = Message::binary(vec![0, 159, 255]);
        client.socket.send(binary.clone()).await.expect("sent");
        let echoed = within(client.socket.next())
            .await
            .expect("open")
            .expect("a frame");
        assert_eq!(echoed, binary);
    })
    .await;
}

#[tokio::test]
async fn the_context_of_the_opening_comes_back_with_each_frame() {
    with("", async |world| {
        let ask = Ask {
            keys: &["ada"],
            query: "?colour=red",
            ..Ask::default()
        };
        let mut client = Client::ask(world, ask).await.expect("accepted");
        client.text().await;
        client.send("context").await;
        assert_eq!(client.text().await, "ada\ncolour=red");
    })
    .await;
}

#[tokio::test]
async fn the_component_may_close_with_a_code_of_its_own() {
    with("", async |world| {
        let mut client = Client::open(world, "ada").await;
        client.send("first").await;
        client.send("close").await;
        assert_eq!(client.text().await, "first");
        assert_eq!(client.next().await, Err(4000));
    })
    .await;
}

#[tokio::test]
async fn a_function_that_fails_ends_that_connection_and_no_other() {
    with("limits = { deadline_ms = 1000 }", async |world| {
        let mut bystander = Client::open(world, "bob").await;
        for behaviour in ["fail", "trap", "spin"] {
            let mut client = Client::open(world, "ada").await;
            client.send(behaviour).await;
            assert_eq!(client.closed().await, 1011, "{behaviour}");
            bystander.send("still here").await;
            assert_eq!(bystander.text().await, "still here");
        }
    })
    .await;
}

#[tokio::test]
async fn a_frame_that_is_too_big_closes_with_1009() {
    with("limits = { max_frame_bytes = 1000 }", async |world| {
        let mut client = Client::open(world, "ada").await;
        client.send(&"x".repeat(1000)).await;
        assert_eq!(client.text().await.len(), 1000);
        client.send(&"x".repeat(1001)).await;
        assert_eq!(client.closed().await, 1009);
    })
    .await;
}

#[tokio::test]
async fn text_that_is_not_utf8_closes_with_1007() {
    with("", async |world| {
        let mut client = Client::open(world, "ada").await;
        // FIN + text, masked, 1 byte, a mask of zeros, 0xff.
        let frame = [0x81, 0x81, 0, 0, 0, 0, 0xff];
        let tcp = client.socket.get_mut();
        tcp.write_all(&frame).await.expect("sent");
        assert_eq!(client.closed().await, 1007);
    })
    .await;
}
