//! Bodies: the request's, capped; the response's, which holds the request's claim on the
//! instance until its last byte.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use host_runtime::{Body, Slot};
use http_body::{Body as _, Frame, SizeHint};
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use wasmtime_wasi_http::Error;

use crate::access::Access;
use crate::linger::Linger;

/// A response body of the HTTP trigger.
pub struct ResponseBody(Kind);

#[expect(clippy::large_enum_variant, reason = "nearly all are the large one")]
enum Kind {
    Full(Option<Bytes>),
    Guest(GuestBody),
}

struct GuestBody {
    body: host_runtime::ResponseBody,
    slot: Slot,
    access: Access,
}

/// The connection is closed with this: a response that looked complete would be a lie.
#[derive(Debug, thiserror::Error)]
pub enum BodyError {
    #[error("the instance stopped before the response was complete")]
    InstanceFailed,
    #[error(transparent)]
    Guest(Error),
}

impl ResponseBody {
    pub(crate) fn full(bytes: Bytes) -> Self {
        Self(Kind::Full(Some(bytes).filter(|bytes| !bytes.is_empty())))
    }

    /// A guest's body. The slot is given back, and the access logged, when it ends.
    pub(crate) fn guest(body: host_runtime::ResponseBody, slot: Slot, access: Access) -> Self {
        Self(Kind::Guest(GuestBody { body, slot, access }))
    }
}

impl GuestBody {
    /// Whether the instance stopped with the body unfinished.
    fn is_broken(&self) -> bool {
        !self.body.is_complete() && self.slot.instance_failed()
    }
}

impl http_body::Body for ResponseBody {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let guest = match &mut self.0 {
            Kind::Full(bytes) => {
                return Poll::Ready(bytes.take().map(|data| Ok(Frame::data(data))));
            }
            Kind::Guest(guest) => guest,
        };
        let failed = match ready!(Pin::new(&mut guest.body).poll_frame(cx)) {
            Some(Ok(frame)) => return Poll::Ready(Some(Ok(frame))),
            Some(Err(error)) => BodyError::Guest(error),
            None if guest.is_broken() => BodyError::InstanceFailed,
            None => return Poll::Ready(None),
        };
        guest.access.fail();
        Poll::Ready(Some(Err(failed)))
    }

    fn is_end_stream(&self) -> bool {
        match &self.0 {
            Kind::Full(bytes) => bytes.is_none(),
            Kind::Guest(guest) => guest.body.is_end_stream() && !guest.is_broken(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.0 {
            Kind::Full(bytes) => {
                SizeHint::with_exact(bytes.as_ref().map_or(0, |bytes| bytes.len() as u64))
            }
            Kind::Guest(guest) => guest.body.size_hint(),
        }
    }
}

/// Whether a body without a declared length turned out to be too large.
pub(crate) type TooLarge = Option<Arc<AtomicBool>>;

/// Cap a request body. `Err` where its declared length is over the cap already.
pub(crate) fn limit(body: Incoming, max: u64) -> Result<(Body, TooLarge), ()> {
    let body = Linger::new(body);
    let size = body.size_hint();
    if size.lower() > max {
        return Err(());
    }
    if size.upper().is_some() {
        return Ok((body.map_err(Error::from).boxed_unsync(), None));
    }
    let too_large = Arc::new(AtomicBool::new(false));
    let limited = Limited {
        body,
        left: max,
        too_large: too_large.clone(),
    };
    Ok((limited.boxed_unsync(), Some(too_large)))
}

struct Limited {
    body: Linger,
    left: u64,
    too_large: Arc<AtomicBool>,
}

impl http_body::Body for Limited {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        let frame = match ready!(Pin::new(&mut self.body).poll_frame(cx)) {
            Some(Ok(frame)) => frame,
            Some(Err(error)) => return Poll::Ready(Some(Err(error.into()))),
            None => return Poll::Ready(None),
        };
        let size = frame.data_ref().map_or(0, |data| data.len() as u64);
        match self.left.checked_sub(size) {
            Some(left) => {
                self.left = left;
                Poll::Ready(Some(Ok(frame)))
            }
            None => {
                self.too_large.store(true, Ordering::Release);
                Poll::Ready(Some(Err(Error::HttpRequestBodySize(None))))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }
}
