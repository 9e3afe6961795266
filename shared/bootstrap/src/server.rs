//! Accepting connections. Slow or greedy clients cost little, and a stop lets requests finish.

use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use hyper::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::Service;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// The headers of a request must have arrived by then; idle connections are closed after it.
const HEADERS_WITHIN: Duration = Duration::from_secs(10);

/// Connections at the same time; further ones wait in the kernel's queue.
const CONNECTIONS: usize = 4096;

/// The pause when the system has no more descriptors to give.
const PAUSE: Duration = Duration::from_millis(50);

/// How long requests may take to finish when the service stops.
const FINISH_WITHIN: Duration = Duration::from_secs(10);

/// Bytes of request headers at most.
const HEADER_BYTES: usize = 32 * 1024;

/// Serves until `stop`, then lets open requests finish. `gauge` is the metric of open connections.
pub async fn run(
    listener: TcpListener,
    router: Router,
    gauge: &'static str,
    stop: CancellationToken,
) {
    let connections = TaskTracker::new();
    let places = std::sync::Arc::new(Semaphore::new(CONNECTIONS));
    loop {
        let place = tokio::select! {
            () = stop.cancelled() => break,
            place = places.clone().acquire_owned() => place,
        };
        let stream = tokio::select! {
            () = stop.cancelled() => break,
            accepted = listener.accept() => accepted,
        };
        match stream {
            Ok((stream, peer)) => {
                let served = serve(stream, Peer(peer), router.clone(), stop.clone());
                connections.spawn(async move {
                    let _place = place;
                    let open = metrics::gauge!(gauge);
                    open.increment(1.0);
                    served.await;
                    open.decrement(1.0);
                });
            }
            Err(error) => {
                tracing::warn!(%error, "a connection was not accepted");
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
    drop(listener);
    connections.close();
    if tokio::time::timeout(FINISH_WITHIN, connections.wait()).await.is_err() {
        tracing::warn!(connections = connections.len(), "connections were cut off by the stop");
    }
}

/// Who is at the other end of a connection, as an extension of its requests.
#[derive(Debug, Clone, Copy)]
pub struct Peer(pub SocketAddr);

/// The router, telling it the peer.
struct Told {
    inner: TowerToHyperService<Router>,
    peer: Peer,
}

impl Service<Request<Incoming>> for Told {
    type Response = <TowerToHyperService<Router> as Service<Request<Incoming>>>::Response;
    type Error = <TowerToHyperService<Router> as Service<Request<Incoming>>>::Error;
    type Future = <TowerToHyperService<Router> as Service<Request<Incoming>>>::Future;

    fn call(&self, mut request: Request<Incoming>) -> Self::Future {
        request.extensions_mut().insert(self.peer);
        self.inner.call(request)
    }
}

async fn serve(stream: TcpStream, peer: Peer, router: Router, stop: CancellationToken) {
    // Answers are one small write; waiting to fill a packet would only delay them.
    let _ = stream.set_nodelay(true);
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(HEADERS_WITHIN).max_buf_size(HEADER_BYTES);
    let service = Told { inner: TowerToHyperService::new(router), peer };
    let mut connection = std::pin::pin!(http.serve_connection(TokioIo::new(stream), service));
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = stop.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection ended early");
    }
}
