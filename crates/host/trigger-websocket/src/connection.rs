//! One open connection: frames from the client go to the component, queued frames go to the client,
//! and the first reason to close ends it. Both directions run in one task; neither waits for the
//! other.

use std::collections::HashSet;
use std::future::pending;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, SystemTime};

use futures::stream::{SplitSink, SplitStream};
use futures::{SinkExt as _, StreamExt as _};
use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use tokio::sync::mpsc;
use tokio::time::{Instant, MissedTickBehavior, interval_at, timeout};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::{Role, WebSocketConfig};
use tokio_tungstenite::tungstenite::{Error, Message as Frame, error::ProtocolError};

use crate::bindings;
use crate::close::{By, Close};
use crate::config::Limits;
use crate::endpoint::Endpoint;
use crate::send_queue::{Content, Outgoing, SendQueue, id_hash};

/// How long a client may take to answer our close frame.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(3);
/// Kept small: most connections are idle most of the time.
const READ_BUFFER_BYTES: usize = 4 * 1024;
/// Frames are batched up to this size before they are written to the socket.
const WRITE_BUFFER_BYTES: usize = 16 * 1024;
/// The clock may be changed, so the expiry is checked at least this often.
const EXPIRY_CHECK: Duration = Duration::from_secs(60);

type Socket = WebSocketStream<TokioIo<Upgraded>>;

/// An accepted connection.
pub(crate) struct Connection {
    pub(crate) endpoint: Arc<Endpoint>,
    pub(crate) id: String,
    /// The component's context, passed back to it at each call.
    pub(crate) context: String,
    /// The client's cursor.
    pub(crate) since: Option<String>,
    /// Seconds since the Unix epoch.
    pub(crate) expires_at: Option<u64>,
    pub(crate) send_queue: Arc<SendQueue>,
    /// Whether the first frames have been sent.
    pub(crate) resumed: AtomicBool,
}

impl Connection {
    /// Run it to its end. Frames that `queue` already has are sent after the first frames.
    pub(crate) async fn run(
        self,
        upgraded: Upgraded,
        mut queue: mpsc::Receiver<Outgoing>,
    ) -> Close {
        let config = configuration(&self.endpoint.limits);
        let io = TokioIo::new(upgraded);
        let socket = WebSocketStream::from_raw_socket(io, Role::Server, Some(config)).await;
        let (mut sink, mut stream) = socket.split();
        let close = tokio::select! {
            biased;
            close = self.send_queue.closed() => close,
            () = self.endpoint.shutdown.cancelled() => Close::RESTART,
            () = expiry(self.expires_at) => Close::EXPIRED,
            close = self.read(&mut stream) => close,
            close = self.write(&mut sink, &mut queue) => close,
        };
        if timeout(CLOSE_TIMEOUT, close_handshake(sink, stream, &close))
            .await
            .is_err()
        {
            tracing::debug!(connection = self.id, "the client did not answer the close");
        }
        close
    }

    fn handle(&self) -> bindings::Connection {
        bindings::Connection {
            connection_id: self.id.clone(),
            context: self.context.clone(),
        }
    }

    /// A silent client is dead: it would have answered the ping.
    async fn read(&self, stream: &mut SplitStream<Socket>) -> Close {
        let silence = self.endpoint.limits.silence();
        loop {
            let frame = match timeout(silence, stream.next()).await {
                // No ping is sent before, and so none was left unanswered.
                Err(_) if !self.resumed.load(Ordering::Relaxed) => continue,
                Err(_) | Ok(None) => return Close::GONE,
                Ok(Some(Err(error))) => return refused(&error),
                Ok(Some(Ok(frame))) => frame,
            };
            let frame = match frame {
                Frame::Text(text) => bindings::Frame::Text(text.as_str().to_owned()),
                Frame::Binary(bytes) => bindings::Frame::Binary(bytes.into()),
                Frame::Close(frame) => return Close::by_client(frame),
                Frame::Ping(_) | Frame::Pong(_) | Frame::Frame(_) => continue,
            };
            self.endpoint.meters.frames_received.increment(1);
            match self.endpoint.functions.receive(self.handle(), frame).await {
                Ok(frames) => {
                    for frame in frames {
                        self.send_queue.send(Outgoing::new(None, frame));
                    }
                }
                Err(failure) => return self.failed("receive", &failure),
            }
        }
    }

    /// First what was missed, then what is queued, without what the client knows already.
    async fn write(
        &self,
        sink: &mut SplitSink<Socket, Frame>,
        queue: &mut mpsc::Receiver<Outgoing>,
    ) -> Close {
        let resumed = self
            .endpoint
            .functions
            .resume(self.handle(), self.since.clone());
        let resumption = match resumed.await {
            Ok(resumption) => resumption,
            Err(failure) => return self.failed("resume", &failure),
        };
        let mut known: HashSet<u64> = resumption.known.iter().map(|id| id_hash(id)).collect();
        for delivery in resumption.deliveries {
            let outgoing = Outgoing::from(delivery);
            known.extend(outgoing.id);
            if let Err(close) = self.feed(sink, outgoing.content).await {
                return close;
            }
        }
        self.resumed.store(true, Ordering::Relaxed);
        let period = self.endpoint.limits.ping_interval();
        let mut pings = interval_at(Instant::now() + period, period);
        pings.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            if sink.flush().await.is_err() {
                return Close::GONE;
            }
            let mut next = tokio::select! {
                outgoing = queue.recv() => outgoing,
                _ = pings.tick() => match sink.feed(Frame::Ping(Default::default())).await {
                    Ok(()) => continue,
                    Err(_) => return Close::GONE,
                },
            };
            // Everything that is ready goes out with one flush.
            while let Some(outgoing) = next {
                self.send_queue.taken(&outgoing);
                let is_new = outgoing.id.is_none_or(|id| !known.remove(&id));
                if is_new && let Err(close) = self.feed(sink, outgoing.content).await {
                    return close;
                }
                next = queue.try_recv().ok();
            }
        }
    }

    async fn feed(
        &self,
        sink: &mut SplitSink<Socket, Frame>,
        content: Content,
    ) -> Result<(), Close> {
        match content {
            Content::Frame(frame) => {
                sink.feed(frame).await.map_err(|_| Close::GONE)?;
                self.endpoint.meters.frames_sent.increment(1);
                Ok(())
            }
            Content::Close(close) => Err(close),
        }
    }

    fn failed(&self, function: &str, failure: &crate::functions::Failure) -> Close {
        tracing::warn!(
            component = self.endpoint.component,
            connection = self.id,
            "{function} failed: {failure}"
        );
        match failure.is_outage() {
            true => Close::NO_DATABASE,
            false => Close::FAILED,
        }
    }
}

fn configuration(limits: &Limits) -> WebSocketConfig {
    WebSocketConfig::default()
        .read_buffer_size(READ_BUFFER_BYTES)
        .write_buffer_size(WRITE_BUFFER_BYTES)
        .max_message_size(Some(limits.max_frame_bytes))
        .max_frame_size(Some(limits.max_frame_bytes))
}

/// The close code for a frame that the client must not send.
fn refused(error: &Error) -> Close {
    match error {
        Error::Capacity(_) => Close::TOO_BIG,
        Error::Utf8(_) => Close::NOT_UTF8,
        Error::Protocol(ProtocolError::ResetWithoutClosingHandshake) => Close::GONE,
        Error::Protocol(_) => Close::PROTOCOL_ERROR,
        _ => Close::GONE,
    }
}

async fn expiry(at: Option<u64>) {
    let Some(at) = at.and_then(|at| SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(at)))
    else {
        return pending().await;
    };
    while let Ok(left) = at.duration_since(SystemTime::now()) {
        if left.is_zero() {
            return;
        }
        tokio::time::sleep(left.min(EXPIRY_CHECK)).await;
    }
}

/// The close handshake (RFC 6455 section 7.1.2): send the close frame and wait for the client's. A
/// socket that closes with unread bytes is reset, and our frame would be lost.
async fn close_handshake(
    mut sink: SplitSink<Socket, Frame>,
    mut stream: SplitStream<Socket>,
    close: &Close,
) {
    let told = match close.by {
        By::Us => sink.send(Frame::Close(Some(close.frame()))).await,
        By::Client => sink.flush().await,
        By::Loss => return,
    };
    if told.is_ok() {
        while let Some(Ok(_)) = stream.next().await {}
    }
}
