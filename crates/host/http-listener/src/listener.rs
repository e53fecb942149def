//! The accept loop, and the end of it.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body::Body;
use hyper::body::Incoming;
use hyper::{Request, Response};
use hyper_util::rt::{TokioExecutor, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::OwnedSemaphorePermit;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::connection::{self, Shared};
use crate::options::Options;
use crate::state::{OpenRequest, Order};
use crate::table::{Table, Watch};

/// How long to wait when the system gives no more sockets.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
/// Requests of one HTTP/2 connection at once.
const MAX_STREAMS: u32 = 256;
/// Bytes of request bodies that one HTTP/2 connection may have sent and nobody has read.
const WINDOW: u32 = 256 << 10;

/// Answers requests.
pub trait Handler: Send + Sync + 'static {
    /// The body of its responses.
    type Body: Body<Data = Bytes, Error: Into<Box<dyn std::error::Error + Send + Sync>>>
        + Send
        + Unpin
        + 'static;

    /// Answer one. The connection can be taken over with [`hyper::upgrade::on`].
    fn handle(
        &self,
        request: Request<Incoming>,
        open: &OpenRequest,
    ) -> impl Future<Output = Response<Self::Body>> + Send;
}

/// A bound listener.
pub struct Listener {
    name: &'static str,
    listener: TcpListener,
    options: Options,
    table: Arc<Table>,
}

impl Listener {
    /// Bind an address; port 0 takes a free one. The name is for metrics and messages.
    ///
    /// # Errors
    /// The address is taken, or is none of this machine's.
    pub async fn bind(
        name: &'static str,
        address: SocketAddr,
        options: Options,
    ) -> io::Result<Self> {
        let listener = TcpListener::bind(address).await?;
        Ok(Self {
            name,
            listener,
            table: Table::new(name, options.max_connections),
            options,
        })
    }

    /// The address it is bound to; tells the port where 0 was asked for.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// Its connections, seen from outside.
    pub fn watch(&self) -> Watch {
        Watch(self.table.clone())
    }

    /// Serve until `shutdown`, then end open connections: each after its response. One that the
    /// system had accepted by then is served too.
    ///
    /// # Errors
    /// When the system does not let go of the listener's socket.
    pub async fn serve<H: Handler>(
        self,
        handler: H,
        shutdown: CancellationToken,
    ) -> io::Result<()> {
        let Self {
            name,
            listener,
            options,
            table,
        } = self;
        let drain_timeout = options.drain_timeout;
        let shared = Arc::new(Shared {
            name,
            handler: Arc::new(handler),
            builder: builder(&options),
            options,
        });
        let connections = TaskTracker::new();
        let serve = |stream: TcpStream, client: SocketAddr, place: OwnedSemaphorePermit| {
            let entry = table.enter(client, place);
            if shutdown.is_cancelled() {
                entry.state.order(Order::Drain);
            }
            connections.spawn(connection::serve(shared.clone(), stream, entry));
        };
        while let Some(accepted) = shutdown.run_until_cancelled(listener.accept()).await {
            match accepted {
                Ok((stream, client)) => match shutdown.run_until_cancelled(table.place()).await {
                    Some(place) => serve(stream, client, place),
                    None => break,
                },
                Err(error) => {
                    tracing::warn!(listener = name, %error, "cannot accept a connection");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            }
        }
        // Closing the listener resets the connections in its queue, whatever they have sent.
        let listener = listener.into_std()?;
        while let Some(place) = table.place_if_free()
            && let Ok((stream, client)) = listener.accept()
        {
            let stream = stream
                .set_nonblocking(true)
                .and_then(|()| TcpStream::from_std(stream));
            match stream {
                Ok(stream) => serve(stream, client, place),
                Err(error) => tracing::warn!(%client, %error, "a connection is lost"),
            }
        }
        drop(listener);
        table.order_all(Order::Drain);
        connections.close();
        let drained = tokio::time::timeout(drain_timeout, connections.wait()).await;
        if drained.is_err() {
            tracing::warn!(
                listener = name,
                connections = connections.len(),
                "closing connections whose requests did not end in {drain_timeout:?}"
            );
            table.order_all(Order::Abort);
            connections.wait().await;
        }
        Ok(())
    }
}

fn builder(options: &Options) -> Builder<TokioExecutor> {
    let mut builder = Builder::new(TokioExecutor::new());
    builder
        .http1()
        // The connection's own deadlines take its place.
        .header_read_timeout(None)
        // hyper refuses less than 8 KiB.
        .max_buf_size(options.max_head_bytes.max(8 << 10));
    builder
        .http2()
        .timer(TokioTimer::new())
        .keep_alive_interval(options.ping_interval)
        .keep_alive_timeout(options.ping_timeout)
        .initial_stream_window_size(WINDOW)
        .initial_connection_window_size(WINDOW)
        .max_header_list_size(options.max_head_bytes.try_into().unwrap_or(u32::MAX))
        .max_concurrent_streams(MAX_STREAMS);
    builder
}
