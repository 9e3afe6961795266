//! An SMTP server that accepts everything, remembers it, and misbehaves on request.
//!
//! Speaks EHLO with PIPELINING, 8BITMIME, SMTPUTF8 and SIZE, AUTH, STARTTLS and implicit TLS. A
//! mail counts as accepted at the moment the reply to its final dot is about to be written; from
//! then on a real server would deliver it, whether or not the client sees the reply.

mod fault;
mod session;
pub(crate) mod tls;

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::AbortHandle;

use crate::{Instant, SinkLog};

pub use fault::{Action, Fault, Stage};
pub use tls::Tls;

/// A mail the sink accepted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AcceptedMail {
    /// When the reply to the final dot was about to be written.
    #[serde(flatten)]
    pub at: Instant,
    /// The number of the connection, from 1.
    pub connection: u64,
    /// The envelope's sender.
    pub sender: String,
    /// The envelope's recipients that were accepted.
    pub recipients: Vec<String>,
    /// Bytes between DATA and the final dot, dots unstuffed.
    pub size: usize,
    /// The `Message-ID` header, with its angle brackets.
    pub message_id: Option<String>,
    /// The headers whose names begin with `X-Touch-`, names in lower case.
    pub touch_headers: Vec<(String, String)>,
    /// Whether the client was told: false if the connection was closed instead.
    pub replied: bool,
    /// The mail itself, if the sink keeps bodies.
    #[serde(skip)]
    pub body: Option<Arc<[u8]>>,
}

/// How the sink shall be.
#[derive(Debug, Default)]
pub struct SmtpSinkOptions {
    /// Where to listen; on 127.0.0.1 if nothing is said.
    pub host: Option<Ipv4Addr>,
    /// The port there; 0 for any free one.
    pub port: u16,
    /// How TLS is offered.
    pub tls: Tls,
    /// Whether AUTH is offered; any name and password is right.
    pub auth: bool,
    /// Whether to keep the mails themselves in memory.
    pub keep_bodies: bool,
    /// A folder to write each mail to, as `<n>.eml`.
    pub mail_folder: Option<PathBuf>,
    /// A file for the log, as JSON lines, instead of memory.
    pub log_file: Option<PathBuf>,
    /// The faults to begin with.
    pub faults: Vec<Fault>,
}

/// A running SMTP sink; it ends, with its connections, when this value goes.
#[derive(Debug)]
pub struct SmtpSink {
    address: SocketAddr,
    tls: Tls,
    certificate_pem: Option<String>,
    shared: Arc<Shared>,
    accepting: AbortHandle,
}

/// What the sessions of one sink share.
#[derive(Debug)]
struct Shared {
    log: SinkLog<AcceptedMail>,
    faults: Mutex<Vec<Fault>>,
    /// Spares the lock where there are no faults, which is where throughput matters.
    has_faults: AtomicBool,
    connections: AtomicU64,
    open: AtomicU64,
    mails: AtomicU64,
    offers_starttls: bool,
    offers_auth: bool,
    keep_bodies: bool,
    mail_folder: Option<PathBuf>,
}

impl SmtpSink {
    /// A plain sink on a free port that keeps everything in memory, bodies too.
    ///
    /// # Panics
    /// If no port can be had.
    pub async fn start() -> Self {
        Self::start_with(SmtpSinkOptions { keep_bodies: true, ..SmtpSinkOptions::default() }).await
    }

    /// A sink as told.
    ///
    /// # Panics
    /// If the port, the mail folder or the log file cannot be had.
    pub async fn start_with(options: SmtpSinkOptions) -> Self {
        let host = options.host.unwrap_or(Ipv4Addr::LOCALHOST);
        let listener = TcpListener::bind((host, options.port)).await;
        let listener = listener.expect("the sink's port is free");
        let address = listener.local_addr().expect("a bound socket has an address");
        let log = match &options.log_file {
            Some(path) => SinkLog::in_file(path).expect("the sink's log can be created"),
            None => SinkLog::in_memory(),
        };
        if let Some(folder) = &options.mail_folder {
            std::fs::create_dir_all(folder).expect("the sink's mail folder can be created");
        }
        let identity =
            (options.tls != Tls::None).then(|| tls::Identity::create(&["localhost", "127.0.0.1"]));
        let shared = Arc::new(Shared {
            log,
            has_faults: AtomicBool::new(!options.faults.is_empty()),
            faults: Mutex::new(options.faults),
            connections: AtomicU64::new(0),
            open: AtomicU64::new(0),
            mails: AtomicU64::new(0),
            offers_starttls: options.tls == Tls::StartTls,
            offers_auth: options.auth,
            keep_bodies: options.keep_bodies,
            mail_folder: options.mail_folder,
        });
        let acceptor = identity.as_ref().map(|identity| identity.acceptor.clone());
        let implicit = options.tls == Tls::Implicit;
        let sessions = Arc::clone(&shared);
        let accepting = tokio::spawn(async move {
            // The set owns the sessions: aborting this task ends them all.
            let mut running = tokio::task::JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                running.spawn(serve(stream, Arc::clone(&sessions), acceptor.clone(), implicit));
                while running.try_join_next().is_some() {}
            }
        });
        Self {
            address,
            tls: options.tls,
            certificate_pem: identity.map(|identity| identity.certificate_pem),
            shared,
            accepting: accepting.abort_handle(),
        }
    }

    /// Where the sink listens.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// The sink's url: `smtp://127.0.0.1:port`, or `smtps://localhost:port` for implicit TLS.
    #[must_use]
    pub fn url(&self) -> String {
        match self.tls {
            Tls::Implicit => format!("smtps://localhost:{}", self.address.port()),
            Tls::None | Tls::StartTls => format!("smtp://{}", self.address),
        }
    }

    /// The certificate (PEM) that a client must trust, for `localhost` and 127.0.0.1.
    #[must_use]
    pub fn certificate_pem(&self) -> Option<&str> {
        self.certificate_pem.as_deref()
    }

    /// What was accepted.
    #[must_use]
    pub fn log(&self) -> &SinkLog<AcceptedMail> {
        &self.shared.log
    }

    /// The mails accepted so far.
    #[must_use]
    pub fn accepted(&self) -> Vec<AcceptedMail> {
        self.shared.log.entries()
    }

    /// Returns once `n` mails were accepted; panics after half a minute.
    pub async fn wait_for(&self, n: usize) {
        self.shared.log.wait_for(n, Duration::from_secs(30)).await;
    }

    /// Adds a fault; of several that match, the one added first strikes.
    pub fn script(&self, fault: Fault) {
        self.shared.faults.lock().unwrap_or_else(PoisonError::into_inner).push(fault);
        self.shared.has_faults.store(true, Ordering::Release);
    }

    /// Ends all faults.
    pub fn heal(&self) {
        self.shared.faults.lock().unwrap_or_else(PoisonError::into_inner).clear();
        self.shared.has_faults.store(false, Ordering::Release);
    }

    /// How many connections were made so far.
    #[must_use]
    pub fn connections(&self) -> u64 {
        self.shared.connections.load(Ordering::Relaxed)
    }

    /// How many connections are open now.
    #[must_use]
    pub fn open_connections(&self) -> u64 {
        self.shared.open.load(Ordering::Relaxed)
    }
}

impl Drop for SmtpSink {
    fn drop(&mut self) {
        self.accepting.abort();
        self.shared.log.flush();
    }
}

impl Shared {
    /// The fault that strikes at this stage for these recipients, if any.
    fn fault(&self, stage: Stage, recipients: &[String]) -> Option<Fault> {
        if !self.has_faults.load(Ordering::Acquire) {
            return None;
        }
        let mut faults = self.faults.lock().unwrap_or_else(PoisonError::into_inner);
        faults.iter_mut().find_map(|fault| fault.strikes(stage, recipients).then(|| fault.clone()))
    }
}

/// One connection from greeting to end.
async fn serve(
    stream: TcpStream,
    shared: Arc<Shared>,
    acceptor: Option<tokio_rustls::TlsAcceptor>,
    implicit: bool,
) {
    let number = shared.connections.fetch_add(1, Ordering::Relaxed) + 1;
    shared.open.fetch_add(1, Ordering::Relaxed);
    let _open = count_open(&shared);
    let _ = stream.set_nodelay(true);
    // A client that goes away mid-sentence is what faults are for; nothing to tell anybody.
    let _ = match (implicit, acceptor) {
        (true, Some(acceptor)) => match acceptor.accept(stream).await {
            Ok(stream) => session::run(stream, &shared, number, true).await.map(|_| ()),
            Err(err) => Err(err),
        },
        (_, acceptor) => plain(stream, &shared, number, acceptor).await,
    };
}

async fn plain(
    stream: TcpStream,
    shared: &Shared,
    number: u64,
    acceptor: Option<tokio_rustls::TlsAcceptor>,
) -> std::io::Result<()> {
    let upgrade = session::run(stream, shared, number, false).await?;
    if let (Some(stream), Some(acceptor)) = (upgrade, acceptor) {
        session::run_upgraded(acceptor.accept(stream).await?, shared, number).await?;
    }
    Ok(())
}

/// Counts a connection as open until it goes.
fn count_open(shared: &Shared) -> impl Drop + '_ {
    struct Open<'a>(&'a Shared);
    impl Drop for Open<'_> {
        fn drop(&mut self) {
            self.0.open.fetch_sub(1, Ordering::Relaxed);
        }
    }
    Open(shared)
}
