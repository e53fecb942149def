//! An HTTP/1.1 listener of the trigger's own, for a host whose HTTP listener is not ours.

use std::sync::Arc;
use std::time::Duration;

use hyper::StatusCode;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use crate::problem::Problem;
use crate::service::Service;

/// A client that sends no request is let go.
const HEADER_TIMEOUT: Duration = Duration::from_secs(10);
/// Out of file descriptors, for example: wait instead of spinning.
const ACCEPT_BACKOFF: Duration = Duration::from_millis(100);
/// Sockets beside those that may become connections: to be refused with an answer.
const SPARE_SOCKETS: usize = 128;

pub(crate) async fn serve(service: Service, listener: TcpListener, shutdown: CancellationToken) {
    let sockets = Arc::new(Semaphore::new(
        service.max_connections().saturating_add(SPARE_SOCKETS),
    ));
    loop {
        let accepted = tokio::select! {
            () = shutdown.cancelled() => return,
            accepted = accept(&listener, &sockets) => accepted,
        };
        let Some((socket, remote, permit)) = accepted else {
            tokio::time::sleep(ACCEPT_BACKOFF).await;
            continue;
        };
        let service = service.clone();
        tokio::spawn(async move {
            let answer = service_fn(move |request: hyper::Request<hyper::body::Incoming>| {
                let service = service.clone();
                async move {
                    let response = match service.matches(request.uri().path()) {
                        true => service.handle(request, remote).await,
                        false => Problem::new(
                            StatusCode::NOT_FOUND,
                            "no websocket trigger has this route",
                        )
                        .into_response(),
                    };
                    Ok::<_, std::convert::Infallible>(response)
                }
            });
            let served = hyper::server::conn::http1::Builder::new()
                .timer(TokioTimer::new())
                .header_read_timeout(HEADER_TIMEOUT)
                .serve_connection(TokioIo::new(socket), answer)
                .with_upgrades()
                .await;
            if let Err(error) = served {
                tracing::debug!("connection of {remote}: {error}");
            }
            drop(permit);
        });
    }
}

async fn accept(
    listener: &TcpListener,
    sockets: &Arc<Semaphore>,
) -> Option<(
    TcpStream,
    std::net::SocketAddr,
    tokio::sync::OwnedSemaphorePermit,
)> {
    let permit = sockets.clone().acquire_owned().await.ok()?;
    match listener.accept().await {
        Ok((socket, remote)) => {
            let _ = socket.set_nodelay(true);
            Some((socket, remote, permit))
        }
        Err(error) => {
            tracing::warn!("cannot accept a connection: {error}");
            None
        }
    }
}
