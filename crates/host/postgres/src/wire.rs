//! A connection whose protocol runs inside the future that waits for it, not in a task of its own.
//! A statement costs no task switch, and nothing is read before somebody wants it.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use tokio_postgres::AsyncMessage;

use crate::error::describe;
use crate::native::Connection;

/// Must be driven by whoever waits for an answer on it.
pub(crate) struct Wire {
    /// `None` once closed. Dropping it fails every answer still awaited.
    connection: Option<Box<Connection>>,
    closed: Option<String>,
}

impl Wire {
    pub fn new(connection: Connection) -> Self {
        Self {
            connection: Some(Box::new(connection)),
            closed: None,
        }
    }

    /// Runs a future that waits for answers of this connection and for nothing else.
    pub async fn drive<F: Future>(&mut self, future: F) -> F::Output {
        let mut future = pin!(future);
        poll_fn(|cx| self.poll_with(cx, |cx| future.as_mut().poll(cx))).await
    }

    /// Polls `answer` before and after the connection. Answers come from the connection alone, so
    /// they need not wake anybody: the connection does.
    pub fn poll_with<T>(
        &mut self,
        cx: &mut Context<'_>,
        mut answer: impl FnMut(&mut Context<'_>) -> Poll<T>,
    ) -> Poll<T> {
        let mut quiet = Context::from_waker(Waker::noop());
        if let Poll::Ready(value) = answer(&mut quiet) {
            return Poll::Ready(value);
        }
        self.poll_messages(cx);
        answer(&mut quiet)
    }

    /// Looks whether the server has closed it, or sent anything, while it was idle.
    pub fn is_open(&mut self) -> bool {
        self.poll_messages(&mut Context::from_waker(Waker::noop()));
        self.connection.is_some()
    }

    /// Not closed, as far as has been noticed.
    pub fn is_connected(&self) -> bool {
        self.connection.is_some()
    }

    /// Why it was closed, where the server said so.
    pub fn closed_because(&self) -> Option<&str> {
        self.closed.as_deref()
    }

    /// Sends Terminate. The client must be dropped first.
    pub async fn finish(mut self) {
        if let Some(connection) = self.connection.take() {
            let _ = connection.await;
        }
    }

    fn poll_messages(&mut self, cx: &mut Context<'_>) {
        while let Some(connection) = &mut self.connection {
            match connection.poll_message(cx) {
                Poll::Pending => return,
                Poll::Ready(Some(Ok(AsyncMessage::Notice(notice)))) => {
                    tracing::debug!(severity = notice.severity(), "{}", notice.message());
                }
                Poll::Ready(Some(Ok(_))) => {}
                Poll::Ready(Some(Err(error))) => {
                    self.closed = Some(describe(&error));
                    self.connection = None;
                }
                Poll::Ready(None) => self.connection = None,
            }
        }
    }
}
