//! Serves one connection until it ends, is over time, or has to make room.

use std::convert::Infallible;
use std::pin::pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use tokio::net::TcpStream;
use tokio::time::{sleep, sleep_until};

use crate::counted::Counted;
use crate::io::Socket;
use crate::listener::Handler;
use crate::options::Options;
use crate::state::{Activity, OpenRequest, Order, State};
use crate::table::Entry;

/// How long a connection without a request is kept after a shutdown began: its client may have
/// sent one already.
const FIRST_REQUEST: Duration = Duration::from_secs(1);
/// How long one that makes room may take to say so to its client.
const MAKING_ROOM: Duration = Duration::from_millis(100);

/// How long an idle one may take to hear that it ends.
const GOODBYE: Duration = Duration::from_secs(1);

/// What all connections of a listener share.
pub(crate) struct Shared<H> {
    pub(crate) name: &'static str,
    pub(crate) handler: Arc<H>,
    pub(crate) builder: Builder<TokioExecutor>,
    pub(crate) options: Options,
}

/// Why, and how, the host ends a connection.
struct Leave {
    reason: &'static str,
    /// How long it may take to end what is under way and to tell the client; `None` for as long as
    /// the host lets it.
    patience: Option<Duration>,
}

impl Leave {
    fn at_once(reason: &'static str) -> Self {
        Self::within(reason, Duration::ZERO)
    }

    fn within(reason: &'static str, patience: Duration) -> Self {
        Self {
            reason,
            patience: Some(patience),
        }
    }
}

pub(crate) async fn serve<H: Handler>(shared: Arc<Shared<H>>, stream: TcpStream, entry: Entry) {
    let state = &entry.state;
    let service = service_fn(|request| {
        let (handler, open) = (shared.handler.clone(), OpenRequest::begin(state));
        async move {
            let response = handler.handle(request, &open).await;
            Ok::<_, Infallible>(response.map(|body| Counted::new(body, open)))
        }
    });
    let options = &shared.options;
    let socket = TokioIo::new(Socket::new(stream, options.write_timeout, state.clone()));
    let mut connection = pin!(
        shared
            .builder
            .serve_connection_with_upgrades(socket, service)
    );
    let leave = tokio::select! {
        // First: a request that has arrived is answered.
        biased;
        ended = connection.as_mut() => return report(state, ended),
        leave = watch(state, options) => leave,
    };
    let labels = [("listener", shared.name), ("reason", leave.reason)];
    metrics::counter!("http_server_connections_closed_total", &labels).increment(1);
    tracing::debug!(client = %state.client(), reason = leave.reason, "the connection is closed");
    if leave.patience == Some(Duration::ZERO) {
        return;
    }
    connection.as_mut().graceful_shutdown();
    tokio::select! {
        ended = connection => report(state, ended),
        () = after(leave.patience) => {}
        _ = state.ordered(&[Order::Abort]) => {}
    }
}

fn report<E: std::fmt::Display>(state: &State, ended: Result<(), E>) {
    if let Err(error) = ended {
        tracing::debug!(client = %state.client(), %error, "connection broken");
    }
}

async fn after(patience: Option<Duration>) {
    match patience {
        Some(patience) => sleep(patience).await,
        None => std::future::pending().await,
    }
}

/// Resolves when a connection of a host that stops is to take no more requests.
async fn drained(state: &State) -> Leave {
    if !state.has_begun() {
        tokio::select! {
            () = state.first_request.notified() => {}
            () = sleep(FIRST_REQUEST) => {}
            _ = state.ordered(&[Order::Abort]) => {}
        }
    }
    // Only now is known what has arrived before.
    tokio::task::yield_now().await;
    Leave {
        reason: "shutdown",
        patience: None,
    }
}

/// Resolves when the connection is over time or was told to go. One timer serves all its deadlines;
/// requests do not touch it.
async fn watch(state: &State, options: &Options) -> Leave {
    let accepted = Instant::now();
    let period = options.write_timeout / 2;
    let mut next_period = accepted + period;
    let mut timer = pin!(sleep_until((accepted + options.head_timeout).into()));
    loop {
        tokio::select! {
            () = timer.as_mut() => {}
            order = state.any_order() => return match order {
                Order::Abort => Leave::at_once("shutdown"),
                Order::MakeRoom => make_room(state),
                Order::Drain => drained(state).await,
            },
        }
        let now = Instant::now();
        let next = match state.activity() {
            Activity::New => return Leave::at_once("head_timeout"),
            Activity::Idle => {
                let ends = state.since() + options.idle_timeout;
                if ends <= now {
                    return Leave::within("idle_timeout", GOODBYE);
                }
                ends
            }
            Activity::Receiving | Activity::Active => {
                if next_period <= now {
                    next_period = now + period;
                    if state.unread.advance() {
                        return Leave::at_once("stalled");
                    }
                }
                next_period.min(now + options.idle_timeout)
            }
        };
        timer.as_mut().reset(next.into());
    }
}

fn make_room(state: &State) -> Leave {
    const REASON: &str = "made_room";
    match state.activity() {
        Activity::New | Activity::Receiving => Leave::at_once(REASON),
        Activity::Idle => Leave::within(REASON, MAKING_ROOM),
        // A request has come in this moment: it is answered.
        Activity::Active => Leave {
            reason: REASON,
            patience: None,
        },
    }
}
