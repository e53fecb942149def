//! Small constructors and accessors on the generated types.

use crate::{Acceptance, Delivery, Frame, Message, Opening, Refusal, Resumption};

impl Opening {
    /// The first header of this name (any case), if it is text.
    pub fn header(&self, name: &str) -> Option<&str> {
        text_header(&self.headers, name)
    }

    /// The rest of the first offered subprotocol that starts with `prefix`. Browsers cannot set
    /// headers on a WebSocket, so this is where a token belongs: never in the URL, which is logged.
    pub fn subprotocol_with_prefix(&self, prefix: &str) -> Option<&str> {
        self.subprotocols
            .iter()
            .find_map(|offered| offered.strip_prefix(prefix))
    }

    /// Whether the client offered this subprotocol.
    pub fn offers(&self, subprotocol: &str) -> bool {
        self.subprotocols
            .iter()
            .any(|offered| offered == subprotocol)
    }
}

impl Acceptance {
    /// Open the connection and send it the records whose key is one of `channels`.
    pub fn new(channels: impl IntoIterator<Item = impl Into<String>>) -> Self {
        Self {
            subprotocol: None,
            channels: channels.into_iter().map(Into::into).collect(),
            context: String::new(),
            expires_at: None,
        }
    }

    /// Echo this subprotocol; it must be one the client offered.
    #[must_use]
    pub fn subprotocol(mut self, subprotocol: impl Into<String>) -> Self {
        self.subprotocol = Some(subprotocol.into());
        self
    }

    /// Receive this with every later call for the connection.
    #[must_use]
    pub fn context(mut self, context: impl Into<String>) -> Self {
        self.context = context.into();
        self
    }

    /// Let the host close the connection with 4401 at this time, in seconds since the Unix epoch.
    #[must_use]
    pub fn expires_at(mut self, seconds: u64) -> Self {
        self.expires_at = Some(seconds);
        self
    }
}

impl Refusal {
    /// Refuse with this status and an empty body.
    pub fn new(status: u16) -> Self {
        Self {
            status,
            headers: Vec::new(),
            body: Vec::new(),
        }
    }

    /// Add a response header.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers
            .push((name.to_owned(), value.as_bytes().to_vec()));
        self
    }

    /// Set the response body.
    #[must_use]
    pub fn body(mut self, content_type: &str, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self.header("content-type", content_type)
    }
}

impl Message {
    /// The first header of this name (any case), if it is text.
    pub fn header(&self, name: &str) -> Option<&str> {
        text_header(&self.headers, name)
    }

    /// The record's value as a frame, with the CloudEvents id (`ce_id`) as the delivery's id.
    /// A record without a value sends nothing.
    pub fn into_delivery(self) -> Option<Delivery> {
        let id = self.header("ce_id").map(str::to_owned);
        let frame = match String::from_utf8(self.value?) {
            Ok(text) => Frame::Text(text),
            Err(bytes) => Frame::Binary(bytes.into_bytes()),
        };
        Some(Delivery { id, frame })
    }
}

impl Default for Resumption {
    /// Nothing to send, nothing known.
    fn default() -> Self {
        Self {
            deliveries: Vec::new(),
            known: Vec::new(),
        }
    }
}

impl From<Vec<Delivery>> for Resumption {
    /// These first, and nothing else known.
    fn from(deliveries: Vec<Delivery>) -> Self {
        Self {
            deliveries,
            known: Vec::new(),
        }
    }
}

impl From<Frame> for Delivery {
    /// A delivery without an id.
    fn from(frame: Frame) -> Self {
        Self { id: None, frame }
    }
}

impl Frame {
    /// Close the connection with this code and reason.
    pub fn close(code: u16, reason: impl Into<String>) -> Self {
        Self::Close((code, reason.into()))
    }
}

fn text_header<'a>(headers: &'a [(String, Vec<u8>)], name: &str) -> Option<&'a str> {
    let (_, value) = headers
        .iter()
        .find(|(candidate, _)| candidate.eq_ignore_ascii_case(name))?;
    str::from_utf8(value).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(value: Option<&[u8]>) -> Message {
        Message {
            topic: "news".into(),
            key: "user-1".into(),
            timestamp_ms: 0,
            headers: vec![("ce_id".into(), b"7".to_vec())],
            value: value.map(<[u8]>::to_vec),
        }
    }

    #[test]
    fn a_text_value_becomes_a_text_frame_with_the_events_id() {
        let delivery = record(Some(b"{}")).into_delivery().expect("a frame");
        assert_eq!(delivery.id.as_deref(), Some("7"));
        assert_eq!(delivery.frame, Frame::Text("{}".into()));
    }

    #[test]
    fn a_value_that_is_not_utf8_becomes_a_binary_frame_and_a_tombstone_nothing() {
        let delivery = record(Some(&[0xff])).into_delivery().expect("a frame");
        assert_eq!(delivery.frame, Frame::Binary(vec![0xff]));
        assert_eq!(record(None).into_delivery(), None);
    }

    #[test]
    fn a_token_is_read_from_the_offered_subprotocols() {
        let opening = Opening {
            connection_id: "c".into(),
            path: "/ws".into(),
            query: None,
            headers: vec![("Origin".into(), b"https://example.org".to_vec())],
            subprotocols: vec!["news.v1".into(), "bearer.abc".into()],
            remote_address: "127.0.0.1:1".into(),
        };
        assert_eq!(opening.subprotocol_with_prefix("bearer."), Some("abc"));
        assert!(opening.offers("news.v1"));
        assert_eq!(opening.header("origin"), Some("https://example.org"));
    }
}
