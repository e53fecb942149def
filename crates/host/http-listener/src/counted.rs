//! A response's body. The request counts until its response ends.

use std::pin::Pin;
use std::task::{Context, Poll};

use http_body::{Body, Frame, SizeHint};

use crate::state::OpenRequest;
use crate::unread::Standing;

/// The body of a response with the request it answers.
pub struct Counted<B> {
    body: B,
    standing: Standing,
    request: OpenRequest,
}

impl<B> Counted<B> {
    /// The head of the response is about to be sent.
    pub(crate) fn new(body: B, request: OpenRequest) -> Self {
        let mut standing = Standing::default();
        standing.gives(request.unread());
        Self {
            body,
            standing,
            request,
        }
    }
}

impl<B: Body + Unpin> Body for Counted<B> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<B::Data>, B::Error>>> {
        let this = self.get_mut();
        let polled = Pin::new(&mut this.body).poll_frame(cx);
        match &polled {
            Poll::Ready(_) => this.standing.gives(this.request.unread()),
            Poll::Pending => this.standing.leave(this.request.unread()),
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl<B> Drop for Counted<B> {
    fn drop(&mut self) {
        self.standing.leave(self.request.unread());
    }
}
