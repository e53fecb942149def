//! Requests' bodies on their way in, bounded in bytes and in the time a client may take. Before a
//! request counts, its body has arrived, or so much of it that holding the rest back is no cheap way
//! to keep others out.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicUsize, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use host_runtime::Body;
use http::HeaderMap;
use http_body::{Body as _, Frame, SizeHint};
use http_body_util::{BodyExt as _, Empty};
use http_listener::{OpenRequest, Receiving};
use hyper::body::Incoming;
use wasmtime_wasi_http::Error;

use crate::linger::Linger;
use crate::pace::Pace;
use crate::problem::Problem;

/// Bytes of a body that must have arrived, or all of it, before its request counts.
pub const READ_AHEAD: usize = 64 << 10;

/// The bounds of all bodies.
pub(crate) struct Bounds {
    pub(crate) max: u64,
    pub(crate) min_rate: u64,
    pub(crate) patience: Duration,
    pub(crate) max_waiting: usize,
    /// Bytes of bodies whose rest is awaited.
    pub(crate) waiting: AtomicUsize,
}

/// A body to call a component with.
pub(crate) struct Received {
    pub(crate) body: Body,
    /// For one that is still coming: whether the client breaks a bound while the component reads.
    pub(crate) verdict: Option<Verdict>,
}

/// Which bound a body broke after the call.
pub(crate) struct Verdict(Arc<AtomicU8>);

impl Verdict {
    pub(crate) fn problem(&self) -> Option<Problem> {
        let value = self.0.load(Ordering::Acquire);
        [Problem::TooLarge, Problem::TooSlow]
            .into_iter()
            .find(|problem| *problem as u8 == value)
    }
}

/// Take in a body, or the beginning of a long one.
///
/// # Errors
/// The answer for a client that broke a bound or sent no valid body.
pub(crate) async fn receive(
    incoming: Incoming,
    bounds: &Bounds,
    request: &OpenRequest,
) -> Result<Received, Problem> {
    if incoming.is_end_stream() {
        let body = Empty::new().map_err(|never| match never {}).boxed_unsync();
        return Ok(Received {
            body,
            verdict: None,
        });
    }
    if incoming.size_hint().lower() > bounds.max {
        // Some of it is read, so that the client sees the answer.
        drop(Linger::new(incoming));
        return Err(Problem::TooLarge);
    }
    let mut rest = Bounded {
        body: Linger::new(incoming),
        left: bounds.max,
        pace: Pace::new(bounds.patience, bounds.min_rate),
    };
    let mut ahead = Ahead::default();
    let mut waiting: Option<Waiting> = None;
    while ahead.size < READ_AHEAD {
        let next = std::future::poll_fn(|cx| match rest.poll_next(cx) {
            Poll::Ready(frame) => Poll::Ready(Some(frame)),
            Poll::Pending if waiting.is_none() && rest.pace.is_waiting() => Poll::Ready(None),
            Poll::Pending => Poll::Pending,
        });
        let has_room = match next.await {
            Some(Some(Ok(frame))) => {
                let size = ahead.push(frame);
                waiting.as_mut().is_none_or(|waiting| waiting.grow(size))
            }
            Some(Some(Err(Broken::Bound(problem)))) => return Err(problem),
            Some(Some(Err(Broken::Hyper(error)))) => {
                tracing::debug!(client = %request.client(), %error, "a body broke off");
                return Err(Problem::BrokenOff);
            }
            Some(None) => return Ok(ahead.complete()),
            None => {
                let mut new = Waiting::new(bounds, request);
                let has_room = new.grow(ahead.size);
                waiting = Some(new);
                has_room
            }
        };
        if !has_room {
            break;
        }
    }
    Ok(ahead.followed_by(rest))
}

/// A body whose rest is awaited before its request counts.
struct Waiting<'a> {
    bounds: &'a Bounds,
    bytes: usize,
    _receiving: Receiving,
}

impl<'a> Waiting<'a> {
    fn new(bounds: &'a Bounds, request: &OpenRequest) -> Self {
        Self {
            bounds,
            bytes: 0,
            _receiving: request.receiving(),
        }
    }

    /// Whether there is room for more bytes of it.
    fn grow(&mut self, bytes: usize) -> bool {
        self.bytes += bytes;
        let before = self.bounds.waiting.fetch_add(bytes, Ordering::Relaxed);
        before.saturating_add(bytes) <= self.bounds.max_waiting
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.bounds.waiting.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

/// Why a body does not go on.
enum Broken {
    Bound(Problem),
    Hyper(hyper::Error),
}

/// A body that keeps its bounds, or breaks off.
struct Bounded {
    body: Linger,
    /// Bytes that may still come.
    left: u64,
    pace: Pace,
}

impl Bounded {
    fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Broken>>> {
        let frame = match Pin::new(&mut self.body).poll_frame(cx) {
            Poll::Ready(Some(Ok(frame))) => frame,
            Poll::Ready(Some(Err(error))) => return Poll::Ready(Some(Err(Broken::Hyper(error)))),
            Poll::Ready(None) => return Poll::Ready(None),
            Poll::Pending => {
                ready!(self.pace.poll_late(cx));
                return Poll::Ready(Some(Err(Broken::Bound(Problem::TooSlow))));
            }
        };
        let size = frame.data_ref().map_or(0, Bytes::len);
        self.pace.arrived(size);
        Poll::Ready(Some(match self.left.checked_sub(size as u64) {
            Some(left) => {
                self.left = left;
                Ok(frame)
            }
            None => Err(Broken::Bound(Problem::TooLarge)),
        }))
    }
}

/// What has arrived.
#[derive(Default)]
struct Ahead {
    /// The first piece: most bodies have no other.
    first: Bytes,
    /// All of it, once there are more.
    all: BytesMut,
    size: usize,
    trailers: Option<HeaderMap>,
}

impl Ahead {
    /// Returns how many bytes came.
    fn push(&mut self, frame: Frame<Bytes>) -> usize {
        let data = match frame.into_data() {
            Ok(data) => data,
            Err(frame) => {
                self.trailers = frame.into_trailers().ok();
                return 0;
            }
        };
        let size = data.len();
        if self.size == 0 {
            self.first = data;
        } else {
            if self.all.is_empty() {
                self.all.extend_from_slice(&std::mem::take(&mut self.first));
            }
            self.all.extend_from_slice(&data);
        }
        self.size += size;
        size
    }

    fn into_body(self, rest: Option<Rest>) -> Body {
        let data = match self.all.is_empty() {
            true => self.first,
            false => self.all.freeze(),
        };
        RequestBody {
            ahead: Some(data).filter(|data| !data.is_empty()),
            rest,
            trailers: self.trailers,
        }
        .boxed_unsync()
    }

    fn complete(self) -> Received {
        Received {
            body: self.into_body(None),
            verdict: None,
        }
    }

    fn followed_by(self, body: Bounded) -> Received {
        let verdict = Arc::new(AtomicU8::new(u8::MAX));
        let rest = Rest {
            body,
            verdict: verdict.clone(),
        };
        Received {
            body: self.into_body(Some(rest)),
            verdict: Some(Verdict(verdict)),
        }
    }
}

struct Rest {
    body: Bounded,
    verdict: Arc<AtomicU8>,
}

/// What has arrived of a body, and then the rest.
struct RequestBody {
    ahead: Option<Bytes>,
    rest: Option<Rest>,
    trailers: Option<HeaderMap>,
}

impl http_body::Body for RequestBody {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        if let Some(data) = self.ahead.take() {
            return Poll::Ready(Some(Ok(Frame::data(data))));
        }
        let Some(rest) = &mut self.rest else {
            let trailers = self.trailers.take();
            return Poll::Ready(trailers.map(|trailers| Ok(Frame::trailers(trailers))));
        };
        Poll::Ready(match ready!(rest.body.poll_next(cx)) {
            None => None,
            Some(Ok(frame)) => Some(Ok(frame)),
            Some(Err(Broken::Hyper(error))) => Some(Err(error.into())),
            Some(Err(Broken::Bound(problem))) => {
                rest.verdict.store(problem as u8, Ordering::Release);
                Some(Err(match problem {
                    Problem::TooSlow => Error::ConnectionReadTimeout,
                    _ => Error::HttpRequestBodySize(None),
                }))
            }
        })
    }

    fn is_end_stream(&self) -> bool {
        let rest_ended = |rest: &Rest| rest.body.body.is_end_stream();
        self.ahead.is_none() && self.trailers.is_none() && self.rest.as_ref().is_none_or(rest_ended)
    }

    fn size_hint(&self) -> SizeHint {
        let ahead = self.ahead.as_ref().map_or(0, Bytes::len) as u64;
        let rest = match &self.rest {
            Some(rest) => rest.body.body.size_hint(),
            None => SizeHint::with_exact(0),
        };
        let mut size = SizeHint::new();
        size.set_lower(ahead + rest.lower());
        if let Some(upper) = rest.upper() {
            size.set_upper(ahead + upper);
        }
        size
    }
}
