//! `GET /sse/listen?<heartbeat in ms>` streams what is said from then on; `PUT /sse/say?<text>` says it
//! to everyone who listens; `GET /sse/listeners` tells how many these are.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::{Rc, Weak};
use std::time::Duration;

use futures::stream::{self, Stream};
use http_api::sse::{self, Event};
use http_api::{Access, Admitted, Body, Problem, Response, Route, StatusCode, Verb, response};
use spin_sdk::time::sleep;

/// How often a listener looks for what was said: one call of a component cannot wake another.
const LOOK: Duration = Duration::from_millis(2);

/// What was said and is not sent yet.
type Said = RefCell<VecDeque<String>>;

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
    static LISTENERS: RefCell<Vec<Weak<Said>>> = const { RefCell::new(Vec::new()) };
}

http_api::service!(Endpoint, ROUTES, handle);

async fn handle(call: Admitted<Endpoint>, _body: impl Body) -> Result<Response, Problem> {
    let text = call.query().unwrap_or_default();
    match call.endpoint {
        Endpoint::Listen => {
            let heartbeat = Duration::from_millis(text.parse()?);
            Ok(sse::stream_with(listen(), heartbeat))
        }
        Endpoint::Say => {
            LISTENERS.with_borrow(|listeners| {
                for said in listeners.iter().filter_map(Weak::upgrade) {
                    said.borrow_mut().push_back(text.to_owned());
                }
            });
            Ok(response::no_content())
        }
        Endpoint::CountListeners => {
            let count = LISTENERS.with_borrow_mut(|listeners| {
                // A listener is gone when its stream was dropped.
                listeners.retain(|listener| listener.strong_count() > 0);
                listeners.len()
            });
            Ok(response::json_text(StatusCode::OK, count.to_string()))
        }
    }
}

fn listen() -> impl Stream<Item = Event> {
    let said = Rc::new(Said::default());
    LISTENERS.with_borrow_mut(|listeners| listeners.push(Rc::downgrade(&said)));
    stream::unfold(said, |said| async move {
        loop {
            let next = said.borrow_mut().pop_front();
            if let Some(data) = next {
                let event = Event {
                    data,
                    ..Event::default()
                };
                return Some((event, said));
            }
            sleep(LOOK).await;
        }
    })
}
