//! `GET /sse/listen?<heartbeat in ms>` streams what is said from then on; `PUT /sse/say?<text>` says it
//! to everyone who listens; `GET /sse/listeners` tells how many these are.

use std::cell::RefCell;
use std::time::Duration;

use futures::StreamExt as _;
use futures::channel::mpsc::{UnboundedReceiver, UnboundedSender, unbounded};
use http_api::sse::{self, Event};
use http_api::{Access, Admitted, Body, Problem, Response, Route, StatusCode, Verb, response};

#[derive(Clone, Copy)]
enum Endpoint {
    Listen,
    Say,
    CountListeners,
}

const ROUTES: [Route<Endpoint>; 3] = [
    route(Verb::Get, "/sse/listen", Endpoint::Listen),
    route(Verb::Put, "/sse/say", Endpoint::Say),
    route(Verb::Get, "/sse/listeners", Endpoint::CountListeners),
];

const fn route(method: Verb, path: &'static str, endpoint: Endpoint) -> Route<Endpoint> {
    Route {
        method,
        path,
        access: Access::Public,
        endpoint,
    }
}

thread_local! {
    static LISTENERS: RefCell<Vec<UnboundedSender<String>>> = const { RefCell::new(Vec::new()) };
}

http_api::service!(Endpoint, ROUTES, handle);

async fn handle(call: Admitted<Endpoint>, _body: impl Body) -> Result<Response, Problem> {
    let text = call.query().unwrap_or_default();
    match call.endpoint {
        Endpoint::Listen => {
            let heartbeat = Duration::from_millis(text.parse()?);
            let said = listen();
            Ok(sse::stream_with(
                said.map(|data| Event {
                    data,
                    ..Event::default()
                }),
                heartbeat,
            ))
        }
        Endpoint::Say => {
            LISTENERS.with_borrow(|listeners| {
                for listener in listeners {
                    let _ = listener.unbounded_send(text.to_owned());
                }
            });
            Ok(response::no_content())
        }
        Endpoint::CountListeners => {
            let count = LISTENERS.with_borrow_mut(|listeners| {
                // A listener is gone when its stream was dropped.
                listeners.retain(|listener| !listener.is_closed());
                listeners.len()
            });
            Ok(response::json_text(StatusCode::OK, count.to_string()))
        }
    }
}

fn listen() -> UnboundedReceiver<String> {
    let (sender, said) = unbounded();
    LISTENERS.with_borrow_mut(|listeners| listeners.push(sender));
    said
}
