//! The server's side of a TCP connection: sends at once, notices peers that are gone, and
//! gives up on a client that does not read.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use socket2::{SockRef, TcpKeepalive};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Sleep, sleep};

use crate::state::State;

/// A silent connection is probed after this time, and again until it counts as dead.
const KEEPALIVE: Duration = Duration::from_secs(60);
const KEEPALIVE_AGAIN: Duration = Duration::from_secs(15);

/// Bytes up to which a write is taken for a ping and the like, which keep no connection busy. What is
/// larger is the rest of a response, which HTTP/2 holds back for the client to make room.
const PING_BYTES: usize = 64;

/// A socket whose writes fail when the client takes nothing for too long. Else a client
/// that does not read would hold an instance for ever.
pub(crate) struct Socket {
    stream: TcpStream,
    write_timeout: Duration,
    state: Arc<State>,
    /// Runs while a write waits.
    stalled: Option<Pin<Box<Sleep>>>,
}

impl Socket {
    pub(crate) fn new(stream: TcpStream, write_timeout: Duration, state: Arc<State>) -> Self {
        // Without it, the end of a streamed response waits for the client's acknowledgement.
        _ = stream.set_nodelay(true);
        let keepalive = TcpKeepalive::new()
            .with_time(KEEPALIVE)
            .with_interval(KEEPALIVE_AGAIN);
        _ = SockRef::from(&stream).set_tcp_keepalive(&keepalive);
        Self {
            stream,
            write_timeout,
            state,
            stalled: None,
        }
    }

    fn watch(
        &mut self,
        cx: &mut Context<'_>,
        written: Poll<io::Result<usize>>,
    ) -> Poll<io::Result<usize>> {
        if written.is_ready() {
            if matches!(written, Poll::Ready(Ok(size)) if size > PING_BYTES) {
                self.state.touch();
            }
            if self.stalled.take().is_some() {
                self.state.set_writing(false);
            }
            return written;
        }
        let (timeout, state) = (self.write_timeout, &self.state);
        let stalled = self.stalled.get_or_insert_with(|| {
            state.set_writing(true);
            Box::pin(sleep(timeout))
        });
        if stalled.as_mut().poll(cx).is_ready() {
            return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
        }
        Poll::Pending
    }
}

impl AsyncRead for Socket {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buffer)
    }
}

impl AsyncWrite for Socket {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.watch(cx, written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(cx, parts);
        self.watch(cx, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
