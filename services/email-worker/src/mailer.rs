//! Handing finished messages to the relay, over connections that are kept open.
//!
//! lettre formats commands and reads answers; its pool is not used, because it writes the body and
//! the dot apart without TCP_NODELAY, has no deadlines, and gives connections back that a dropped
//! future left half-used (pipeline.md findings 5 and 6). Here a connection belongs to the send that
//! uses it and comes back only when that send has read every answer it was owed. A dropped future,
//! an error or a deadline drops the connection with it.

mod answer;
mod connection;
mod limits;
mod result;
mod wire;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use futures_util::future::join_all;
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::extension::ClientId;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use secrecy::ExposeSecret;
use tokio::time::Instant;
use tokio_rustls::TlsConnector;

pub use self::connection::Timeouts;
pub use self::limits::{LimitSettings, Permit};
pub use self::result::{Busy, Phase, Reply, SendResult};
pub use self::wire::Broken;

use self::answer::Trouble;
use self::connection::{Connection, Delivery, Route};
use self::limits::Limits;
use self::wire::TlsIdentity;
use crate::message::{Envelope, FinishedMessage};
use crate::settings::{Relay, Security};

/// Why a mailer cannot be set up.
#[derive(Debug, thiserror::Error)]
pub enum SetUpError {
    /// The file of root certificates cannot be read.
    #[error("cannot read the certificates in {path}: {why}; give a PEM file in ?ca=")]
    CaFile {
        /// The file.
        path: String,
        /// What is wrong with it.
        why: String,
    },
    /// No root certificates are installed.
    #[error(
        "no root certificates are installed to check the relay against; \
         install ca-certificates or give a PEM file in ?ca="
    )]
    NoRoots,
    /// The host cannot be the name on a certificate.
    #[error("\"{0}\" cannot be the name on a certificate; name the relay as its certificate does")]
    HostName(String),
    /// TLS cannot be set up.
    #[error("TLS cannot be set up: {0}")]
    Tls(#[from] rustls::Error),
}

/// Sends messages through one relay. Cheap to clone; clones share connections and limits.
#[derive(Clone)]
pub struct Mailer(Arc<Inner>);

struct Inner {
    route: Arc<Route>,
    limits: Limits,
    max_messages: u32,
    /// Connections ready for the next message, the most recently used last.
    kept: Mutex<Vec<Connection>>,
    closed: AtomicBool,
}

impl Mailer {
    /// A mailer for `relay`. Nothing is connected before the first message.
    ///
    /// Must be called inside a Tokio runtime: a small task closes idle connections until the last
    /// clone is gone.
    pub fn new(
        relay: &Relay,
        timeouts: Timeouts,
        limits: LimitSettings,
        max_messages_per_connection: u32,
    ) -> Result<Self, SetUpError> {
        let credentials = relay.credentials.as_ref().map(|given| {
            Credentials::new(given.user.clone(), given.password.expose_secret().to_owned())
        });
        let route = Route {
            host: relay.host.clone(),
            port: relay.port,
            security: relay.security,
            tls: tls_identity(relay)?,
            credentials,
            hello: ClientId::Domain(relay.hello_name.clone()),
            timeouts,
        };
        let inner = Arc::new(Inner {
            route: Arc::new(route),
            limits: Limits::new(limits),
            max_messages: max_messages_per_connection.max(1),
            kept: Mutex::default(),
            closed: AtomicBool::new(false),
        });
        tokio::spawn(close_idle(Arc::downgrade(&inner), timeouts.idle));
        Ok(Self(inner))
    }

    /// Leave to send one message to `envelope`'s recipient now, or when to ask again.
    ///
    /// To be asked for before a touch is begun; waits a quarter of a second at most.
    pub async fn acquire(&self, envelope: &Envelope) -> Result<Permit, Busy> {
        self.0.limits.acquire(&envelope.to().domain().to_ascii_lowercase()).await
    }

    /// Hands `message` over and says exactly what came of it; has returned by `by`.
    ///
    /// Dropping the future is safe for later messages (its connection is dropped with it), but
    /// what came of this one is then unknown.
    pub async fn send(
        &self,
        permit: Permit,
        envelope: &Envelope,
        message: &FinishedMessage,
        by: Instant,
    ) -> SendResult {
        let result = self.deliver(envelope, message, by).await;
        drop(permit);
        result
    }

    async fn deliver(
        &self,
        envelope: &Envelope,
        message: &FinishedMessage,
        by: Instant,
    ) -> SendResult {
        if let Some(mut connection) = self.0.take_kept() {
            let delivery = connection.deliver(envelope, message, by).await;
            if !delivery.was_dead {
                return self.settle(connection, delivery);
            }
            metrics::counter!("touchline_email_connections_found_dead_total").increment(1);
        }
        metrics::counter!("touchline_email_connections_opened_total").increment(1);
        match Connection::open(&self.0.route, by).await {
            Ok(mut connection) => {
                let delivery = connection.deliver(envelope, message, by).await;
                self.settle(connection, delivery)
            }
            Err((phase, Trouble::Reply(reply))) => {
                SendResult::Refused { permanent: reply.is_permanent(), reply, phase }
            }
            Err((phase, Trouble::Broken(why))) => SendResult::NotHandedOver { why, phase },
        }
    }

    /// Keeps the connection when the conversation is in step; it is closed by dropping otherwise.
    fn settle(&self, mut connection: Connection, delivery: Delivery) -> SendResult {
        connection.sent += 1;
        connection.last_used = Instant::now();
        if !delivery.in_step {
            metrics::counter!("touchline_email_connections_discarded_total").increment(1);
        } else if connection.sent >= self.0.max_messages || self.0.closed.load(Ordering::SeqCst) {
            tokio::spawn(connection.quit());
        } else {
            self.0.kept().push(connection);
        }
        delivery.result
    }

    /// Says goodbye on every kept connection. Sends still going on end as they would have, and
    /// their connections are closed after them.
    pub async fn close(&self) {
        self.0.closed.store(true, Ordering::SeqCst);
        let connections = std::mem::take(&mut *self.0.kept());
        join_all(connections.into_iter().map(Connection::quit)).await;
    }
}

impl std::fmt::Debug for Mailer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Mailer({}:{})", self.0.route.host, self.0.route.port)
    }
}

impl Inner {
    fn kept(&self) -> MutexGuard<'_, Vec<Connection>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The most recently used connection that is still quiet. The others are closed by dropping.
    fn take_kept(&self) -> Option<Connection> {
        loop {
            let mut connection = self.kept().pop()?;
            if connection.is_quiet() {
                return Some(connection);
            }
            metrics::counter!("touchline_email_connections_found_dead_total").increment(1);
        }
    }

    fn take_idle(&self, idle: Duration) -> Vec<Connection> {
        let mut kept = self.kept();
        let fresh = kept.partition_point(|connection| connection.last_used.elapsed() >= idle);
        kept.drain(..fresh).collect()
    }
}

/// Closes connections nobody has used for a while, until the mailer is gone.
async fn close_idle(mailer: Weak<Inner>, idle: Duration) {
    let every = (idle / 4).max(Duration::from_millis(10));
    loop {
        tokio::time::sleep(every).await;
        let Some(mailer) = mailer.upgrade() else { return };
        let connections = mailer.take_idle(idle);
        drop(mailer);
        join_all(connections.into_iter().map(Connection::quit)).await;
    }
}

fn tls_identity(relay: &Relay) -> Result<Option<TlsIdentity>, SetUpError> {
    if relay.security == Security::None {
        return Ok(None);
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots(relay)?)
        .with_no_client_auth();
    let name = ServerName::try_from(relay.host.clone())
        .map_err(|_| SetUpError::HostName(relay.host.clone()))?;
    Ok(Some(TlsIdentity { connector: TlsConnector::from(Arc::new(config)), name }))
}

/// The certificates of the `?ca=` file and no others, or else those the machine trusts.
fn roots(relay: &Relay) -> Result<RootCertStore, SetUpError> {
    let mut roots = RootCertStore::empty();
    let Some(path) = &relay.ca_file else {
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        return if roots.is_empty() { Err(SetUpError::NoRoots) } else { Ok(roots) };
    };
    let refuse = |why: String| SetUpError::CaFile { path: path.display().to_string(), why };
    let certificates = CertificateDer::pem_file_iter(path)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(|error| refuse(error.to_string()))?;
    for certificate in certificates {
        roots.add(certificate).map_err(|error| refuse(error.to_string()))?;
    }
    if roots.is_empty() { Err(refuse("no certificate in it".into())) } else { Ok(roots) }
}
