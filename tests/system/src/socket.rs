//! The WebSocket as a browser sees it.

use futures::StreamExt;
use http::{HeaderValue, header};
use serde_json::Value;
use tokio::net::TcpStream;
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream, connect_async,
    tungstenite::{self, Message, client::IntoClientRequest},
};

use crate::Api;

/// An open connection to `/ws`.
pub struct Socket {
    stream: WebSocketStream<MaybeTlsStream<TcpStream>>,
}

/// An opening that was answered with plain HTTP.
#[derive(Debug)]
pub struct Refused {
    pub status: u16,
    pub content_type: Option<String>,
}

impl Socket {
    /// Connects with a token, `since` an event id if there is one, and reads up to `ready`.
    /// Returns the socket, its cursor and the frames that came before `ready`.
    pub async fn open(api: &Api, token: &str, since: Option<&str>) -> (Self, String, Vec<Value>) {
        let mut socket = Self::try_open(api, Some(token), since)
            .await
            .expect("the opening is accepted");
        let mut missed = Vec::new();
        loop {
            let frame = socket.next().await;
            if frame["type"] == "ready" {
                let cursor = frame["cursor"].as_str().unwrap_or_default().to_owned();
                return (socket, cursor, missed);
            }
            missed.push(frame);
        }
    }

    /// Connects; `Err` with the answer when the opening is refused.
    pub async fn try_open(
        api: &Api,
        token: Option<&str>,
        since: Option<&str>,
    ) -> Result<Self, Refused> {
        let path = since.map_or_else(|| "/ws".to_owned(), |id| format!("/ws?since={id}"));
        let mut request = api
            .websocket_url(&path)
            .into_client_request()
            .expect("a WebSocket address");
        let offered = token.map_or_else(
            || "taskwhisper.v1".to_owned(),
            |token| format!("taskwhisper.v1, bearer.{token}"),
        );
        request.headers_mut().insert(
            header::SEC_WEBSOCKET_PROTOCOL,
            HeaderValue::from_str(&offered).expect("a token is a header value"),
        );
        match connect_async(request).await {
            Ok((stream, response)) => {
                let chosen = response.headers().get(header::SEC_WEBSOCKET_PROTOCOL);
                assert_eq!(chosen.expect("a subprotocol is echoed"), "taskwhisper.v1");
                Ok(Self { stream })
            }
            Err(tungstenite::Error::Http(response)) => Err(Refused {
                status: response.status().as_u16(),
                content_type: response
                    .headers()
                    .get(header::CONTENT_TYPE)
                    .and_then(|value| Some(value.to_str().ok()?.to_owned())),
            }),
            Err(error) => panic!("connecting to /ws: {error}"),
        }
    }

    /// The next frame's JSON.
    pub async fn next(&mut self) -> Value {
        testing::within(self.next_text()).await
    }

    /// The next frame that is an event of this type; others are passed over.
    pub async fn next_event(&mut self, event_type: &str) -> Value {
        loop {
            let frame = self.next().await;
            if frame["event_type"] == event_type {
                return frame;
            }
        }
    }

    /// The frames that arrive before a frame that `is_last` accepts, and that frame.
    pub async fn until(&mut self, is_last: impl Fn(&Value) -> bool) -> Vec<Value> {
        let mut frames = Vec::new();
        loop {
            let frame = self.next().await;
            let last = is_last(&frame);
            frames.push(frame);
            if last {
                return frames;
            }
        }
    }

    async fn next_text(&mut self) -> Value {
        loop {
            let message = self.stream.next().await.expect("the socket stays open");
            match message.expect("a frame can be read") {
                Message::Text(text) => {
                    return serde_json::from_str(&text).expect("a frame is JSON");
                }
                Message::Close(frame) => panic!("the socket was closed: {frame:?}"),
                _ => {}
            }
        }
    }
}
