//! A wire between a service and its PostgreSQL that a test can cut.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use sqlx::postgres::PgConnectOptions;
use tokio::io::{AsyncRead, AsyncWrite, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream, UnixStream};
use tokio::sync::watch;
use tokio::task::{AbortHandle, JoinSet};

/// Listens on 127.0.0.1 and passes every connection on to a PostgreSQL, until it is cut.
#[derive(Debug)]
pub struct Proxy {
    url: String,
    whole: watch::Sender<bool>,
    refused: Arc<AtomicU64>,
    accepting: AbortHandle,
}

#[derive(Debug, Clone)]
enum Upstream {
    Socket(PathBuf),
    Tcp(String, u16),
}

impl Proxy {
    /// A proxy for the database of this url.
    ///
    /// # Panics
    /// When the url is none or no port can be had.
    pub async fn before(url: &str) -> Self {
        let options = PgConnectOptions::from_str(url).expect("the test database's url is one");
        let upstream = match options.get_socket() {
            Some(folder) => {
                Upstream::Socket(folder.join(format!(".s.PGSQL.{}", options.get_port())))
            }
            None if options.get_host().starts_with('/') => {
                let file = format!(".s.PGSQL.{}", options.get_port());
                Upstream::Socket(PathBuf::from(options.get_host()).join(file))
            }
            None => Upstream::Tcp(options.get_host().to_owned(), options.get_port()),
        };
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port is free");
        let address = listener.local_addr().expect("a bound socket has an address");
        let (whole, refused) = (watch::Sender::new(true), Arc::new(AtomicU64::new(0)));
        let accepting =
            tokio::spawn(accept(listener, upstream, whole.subscribe(), Arc::clone(&refused)));
        let url = url_through(address, &options);
        Self { url, whole, refused, accepting: accepting.abort_handle() }
    }

    /// The database's url through the proxy.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Ends every connection; new ones are closed at once until [`Proxy::heal`].
    pub fn cut(&self) {
        self.whole.send_replace(false);
    }

    /// Lets connections through again.
    pub fn heal(&self) {
        self.whole.send_replace(true);
    }

    /// How many connections were closed at once so far.
    #[must_use]
    pub fn refused(&self) -> u64 {
        self.refused.load(Ordering::Relaxed)
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

fn url_through(address: SocketAddr, options: &PgConnectOptions) -> String {
    let (user, database) = (options.get_username(), options.get_database().unwrap_or("postgres"));
    format!("postgres://{user}@{address}/{database}?sslmode=disable")
}

async fn accept(
    listener: TcpListener,
    upstream: Upstream,
    whole: watch::Receiver<bool>,
    refused: Arc<AtomicU64>,
) {
    // The set owns the connections: aborting this task ends them all.
    let mut running = JoinSet::new();
    while let Ok((client, _)) = listener.accept().await {
        while running.try_join_next().is_some() {}
        if !*whole.borrow() {
            refused.fetch_add(1, Ordering::Relaxed);
            continue;
        }
        let (upstream, mut whole) = (upstream.clone(), whole.clone());
        running.spawn(async move {
            tokio::select! {
                () = pass(client, upstream) => {}
                _ = whole.wait_for(|whole| !whole) => {}
            }
        });
    }
}

async fn pass(mut client: TcpStream, upstream: Upstream) {
    let _ = client.set_nodelay(true);
    match upstream {
        Upstream::Socket(path) => join(&mut client, UnixStream::connect(path).await).await,
        Upstream::Tcp(host, port) => {
            join(&mut client, TcpStream::connect((host.as_str(), port)).await).await;
        }
    }
}

async fn join<S: AsyncRead + AsyncWrite + Unpin>(
    client: &mut TcpStream,
    server: std::io::Result<S>,
) {
    // Either side may end the conversation at any time; the other then sees the end, too.
    if let Ok(mut server) = server {
        let _ = copy_bidirectional(client, &mut server).await;
    }
}
