//! Responses' bodies. A request counts until its response ends.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use host_runtime::Slot;
use http_body::{Frame, SizeHint};
use wasmtime_wasi_http::Error;

use crate::access::Access;

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
