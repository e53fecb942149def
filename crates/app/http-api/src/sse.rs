//! Server-sent events: a response that goes on while there are events, with a comment now and then so
//! that nothing between us and the client takes the connection for dead.
//!
//! The stream of events is dropped when the client leaves, so a guard in it is told.

use std::{pin::pin, time::Duration};

use bytes::Bytes;
use futures::{
    StreamExt as _,
    future::{Either, select},
    stream::{self, Stream},
};
use http::{HeaderName, StatusCode, header};
use spin_sdk::time::sleep;

use crate::response::{Response, ResponseBody, ResponseExt};

/// How long the stream is silent at most.
pub const HEARTBEAT: Duration = Duration::from_secs(15);
/// A line that clients ignore.
const COMMENT: &[u8] = b":\n\n";

/// One event, as the HTML standard (section 9.2) has it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Event {
    /// What a client that comes again sends as `Last-Event-ID`.
    pub id: Option<String>,
    /// Its type; `message` when there is none.
    pub name: Option<String>,
    /// Any text, of any number of lines.
    pub data: String,
}

/// A response of events, with a comment after each [`HEARTBEAT`] of silence.
pub fn stream(events: impl Stream<Item = Event> + 'static) -> Response {
    stream_with(events, HEARTBEAT)
}

/// Like [`stream`], with another heartbeat.
pub fn stream_with(events: impl Stream<Item = Event> + 'static, heartbeat: Duration) -> Response {
    let chunks = chunks(events, move || sleep(heartbeat));
    let mut response = Response::new(ResponseBody::Stream(Box::pin(chunks)));
    *response.status_mut() = StatusCode::OK;
    response
        .with_header(header::CONTENT_TYPE, "text/event-stream")
        .with_header(header::CACHE_CONTROL, "no-store")
        // Else a proxy such as nginx collects events before it passes them on.
        .with_header(HeaderName::from_static("x-accel-buffering"), "no")
}

/// Events as text, and a comment whenever `silence` ends before the next one.
fn chunks<F: Future>(
    events: impl Stream<Item = Event>,
    silence: impl Fn() -> F,
) -> impl Stream<Item = Bytes> {
    stream::unfold(
        (Box::pin(events), silence),
        |(mut events, silence)| async move {
            let chunk = match select(events.next(), pin!(silence())).await {
                Either::Left((event, _)) => event?.to_bytes(),
                Either::Right(_) => Bytes::from_static(COMMENT),
            };
            Some((chunk, (events, silence)))
        },
    )
}

impl Event {
    fn to_bytes(&self) -> Bytes {
        let mut text = String::with_capacity(self.data.len() + 32);
        let mut field = |name: &str, value: &str| {
            text.push_str(name);
            text.push_str(": ");
            text.push_str(value);
            text.push('\n');
        };
        for (name, value) in [("id", &self.id), ("event", &self.name)] {
            // One line: what is behind a line break would be another field.
            if let Some(value) = value.as_deref().and_then(|text| lines(text).next()) {
                field(name, value);
            }
        }
        for line in lines(&self.data) {
            field("data", line);
        }
        text.push('\n');
        text.into()
    }
}

/// A carriage return ends a line, too.
fn lines(text: &str) -> impl Iterator<Item = &str> {
    text.split('\n')
        .flat_map(|line| line.strip_suffix('\r').unwrap_or(line).split('\r'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::{executor::block_on, future};

    fn event(data: &str) -> Event {
        Event {
            data: data.to_owned(),
            ..Event::default()
        }
    }

    #[test]
    fn an_event_is_its_fields_line_by_line() {
        let event = Event {
            id: Some("7\nretry: 1".to_owned()),
            name: Some("delta".to_owned()),
            data: "one\r\ntwo\rthree\n".to_owned(),
        };
        assert_eq!(
            event.to_bytes(),
            "id: 7\nevent: delta\ndata: one\ndata: two\ndata: three\ndata: \n\n"
        );
    }

    #[test]
    fn silence_is_broken_by_comments_until_the_next_event() {
        let events = stream::iter([event("a"), event("b")]).chain(stream::pending());
        let heard = chunks(events, || future::ready(())).take(4);
        let heard: Vec<Bytes> = block_on(heard.collect());
        assert_eq!(heard, ["data: a\n\n", "data: b\n\n", ":\n\n", ":\n\n"]);
    }

    #[test]
    fn the_end_of_the_events_is_the_end_of_the_response() {
        let heard = chunks(stream::iter([event("a")]), future::pending::<()>);
        let heard: Vec<Bytes> = block_on(heard.collect());
        assert_eq!(heard, ["data: a\n\n"]);
    }
}
