//! Response bodies of guests. What a guest writes at once travels with the response's head:
//! one write to the network in place of three.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use futures::channel::oneshot;
use http_body::{Body as _, Frame, SizeHint};
use wasmtime_wasi_http::{Error, WasiBody};

/// A body as `wasi:http` takes and gives it.
pub type Body = WasiBody;

/// The body of a guest's response.
pub struct ResponseBody {
    /// What was read before the response was handed over.
    ahead: [Option<Result<Frame<Bytes>, Error>>; 2],
    /// `None` when it ended.
    rest: Option<Body>,
    complete: bool,
    /// Used when all of it was taken; dropped when it is no longer wanted.
    taken: Option<oneshot::Sender<()>>,
}

impl ResponseBody {
    pub(super) fn new(body: Body) -> Self {
        Self {
            ahead: [None, None],
            rest: Some(body),
            complete: false,
            taken: None,
        }
    }

    /// Tell when all of it was taken. A sender that is dropped says that it no longer can be: the client
    /// is gone.
    pub(super) fn telling(mut self, taken: oneshot::Sender<()>) -> Self {
        self.taken = Some(taken);
        self
    }

    /// Read ahead. Ready when it is complete, or more than is worth holding back for.
    pub(super) fn poll_settled(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        for index in 0..self.ahead.len() {
            if self.ahead[index].is_some() {
                continue;
            }
            self.ahead[index] = ready!(self.poll_rest(cx));
            if self.rest.is_none() {
                self.complete = true;
                break;
            }
        }
        Poll::Ready(())
    }

    /// Whether all of it was there before it was handed over: it then needs its instance no
    /// more.
    pub fn is_complete(&self) -> bool {
        self.complete
    }

    fn poll_rest(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        let Some(rest) = &mut self.rest else {
            return Poll::Ready(None);
        };
        let frame = ready!(Pin::new(rest).poll_frame(cx));
        if frame.is_none() {
            self.rest = None;
        }
        Poll::Ready(frame)
    }
}

impl Drop for ResponseBody {
    fn drop(&mut self) {
        if let Some(taken) = self.taken.take().filter(|_| self.is_end_stream()) {
            // The guest may have ended meanwhile.
            _ = taken.send(());
        }
    }
}

impl http_body::Body for ResponseBody {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        match self.ahead.iter_mut().find_map(Option::take) {
            Some(frame) => Poll::Ready(Some(frame)),
            None => self.poll_rest(cx),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.ahead.iter().all(Option::is_none)
            && self.rest.as_ref().is_none_or(|rest| rest.is_end_stream())
    }

    fn size_hint(&self) -> SizeHint {
        let ahead: u64 = self
            .ahead
            .iter()
            .flatten()
            .flatten()
            .filter_map(Frame::data_ref)
            .map(|data| data.len() as u64)
            .sum();
        let rest = match &self.rest {
            Some(rest) => rest.size_hint(),
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
