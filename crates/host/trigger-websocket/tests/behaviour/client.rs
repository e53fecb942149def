//! A client of the echo guest.

use futures::{SinkExt as _, StreamExt as _};
use hyper::Response;
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{WebSocketStream, client_async};

use crate::harness::{World, within};

/// An open connection.
pub struct Client {
    pub socket: WebSocketStream<TcpStream>,
    /// The subprotocol the server chose.
    pub subprotocol: Option<String>,
}

/// What a client asks for.
#[derive(Default)]
pub struct Ask<'a> {
    pub keys: &'a [&'a str],
    pub query: &'a str,
    pub headers: &'a [(&'static str, &'a str)],
    pub subprotocol: Option<&'a str>,
}

impl Client {
    /// Connect and read `ready`; fails if the opening is refused.
    pub async fn open(world: &World, key: &str) -> Self {
        let mut client = Self::ask(
            world,
            Ask {
                keys: &[key],
                ..Ask::default()
            },
        )
        .await
        .expect("accepted");
        assert_eq!(client.text().await, "ready 0");
        client
    }

    /// Connect again with a cursor; what was missed comes after `ready`.
    pub async fn resume(world: &World, key: &str, since: &str) -> Self {
        let query = format!("?since={since}");
        let mut client = Self::ask(
            world,
            Ask {
                keys: &[key],
                query: &query,
                ..Ask::default()
            },
        )
        .await
        .expect("accepted");
        assert!(client.text().await.starts_with("ready "));
        client
    }

    /// Connect; `Err` is the answer of a refusal.
    pub async fn ask(world: &World, ask: Ask<'_>) -> Result<Self, Box<Response<Option<Vec<u8>>>>> {
        let uri = format!("ws://{}/ws{}", world.address, ask.query);
        let mut request = uri.into_client_request().expect("a request");
        let keys = ask.keys.iter().map(|key| format!("key.{key}"));
        let offered: Vec<_> = keys.chain(ask.subprotocol.map(str::to_owned)).collect();
        let headers = request.headers_mut();
        if !offered.is_empty() {
            let offered = offered.join(", ").parse().expect("a value");
            headers.insert("sec-websocket-protocol", offered);
        }
        for (name, value) in ask.headers {
            headers.insert(*name, value.parse().expect("a value"));
        }
        let tcp = TcpStream::connect(world.address).await.expect("connected");
        match within(client_async(request, tcp)).await {
            Ok((socket, response)) => {
                let chosen = response.headers().get("sec-websocket-protocol");
                let chosen = chosen.map(|chosen| chosen.to_str().expect("text").to_owned());
                Ok(Self {
                    socket,
                    subprotocol: chosen,
                })
            }
            Err(Error::Http(response)) => Err(response),
            // The library insists that one of what it offered is chosen; a browser does, too.
            Err(error) => panic!("no WebSocket: {error}"),
        }
    }

    pub async fn send(&mut self, text: &str) {
        let sent = self.socket.send(Message::text(text)).await;
        sent.expect("sent");
    }

    /// The next text; pings are answered and passed over.
    pub async fn text(&mut self) -> String {
        match self.next().await {
            Ok(text) => text,
            Err(code) => panic!("closed with {code}"),
        }
    }

    /// The next text, or the code the connection was closed with; 1006 without one.
    pub async fn next(&mut self) -> Result<String, u16> {
        within(async {
            loop {
                match self.socket.next().await {
                    Some(Ok(Message::Text(text))) => return Ok(text.to_string()),
                    Some(Ok(Message::Close(frame))) => {
                        // Answered before the end of the stream is seen.
                        while let Some(Ok(_)) = self.socket.next().await {}
                        return Err(frame.map_or(1005, |frame| frame.code.into()));
                    }
                    Some(Ok(_)) => {}
                    Some(Err(_)) | None => return Err(1006),
                }
            }
        })
        .await
    }

    /// The `number` of the next record.
    pub async fn number(&mut self) -> u64 {
        let text = self.text().await;
        let value: serde_json::Value = serde_json::from_str(&text).expect("JSON");
        value["number"].as_u64().expect("a number")
    }

    /// Reads to the end: the close code.
    pub async fn closed(&mut self) -> u16 {
        loop {
            if let Err(code) = self.next().await {
                return code;
            }
        }
    }
}
