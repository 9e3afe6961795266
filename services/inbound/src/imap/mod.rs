//! Looking into a mailbox for what comes back, where no mail server delivers it here.
//!
//! A small client of our own: five commands need no crate with a parser for all of IMAP. A message is
//! dealt with first, then marked as seen, then remembered by its UID; whoever is killed in between
//! deals with it once more, which changes nothing. What others mark or read in the mailbox does not
//! matter: UIDs decide what is new.

mod place;
mod session;
mod settings;

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsConnector;
use tokio_util::sync::CancellationToken;

use crate::mailroom::{Delivered, Mailroom};
use place::{Place, PlaceFile};
use session::{ImapError, Session};

pub(crate) use settings::Mailbox;

/// A server that has not taken the connection by then, TLS included, is away.
const CONNECT: Duration = Duration::from_secs(15);

/// Looks into the mailbox.
pub(crate) struct Poller {
    mailbox: Mailbox,
    tls: Option<(TlsConnector, ServerName<'static>)>,
    mailroom: Arc<Mailroom>,
    place: PlaceFile,
}

impl Poller {
    /// Prepares to look into the mailbox, if the settings name one; its server need not answer yet.
    pub(crate) fn open(mailroom: Option<&Arc<Mailroom>>) -> anyhow::Result<Option<Self>> {
        let Some(mailroom) = mailroom else { return Ok(None) };
        let Some(mailbox) = mailroom.settings.mailbox.clone() else { return Ok(None) };
        let tls = mailbox.has_tls.then(|| tls(&mailbox)).transpose()?;
        let place = PlaceFile::of(&mailroom.settings.dir, &mailbox);
        Ok(Some(Self { mailbox, tls, mailroom: Arc::clone(mailroom), place }))
    }

    /// Looks into it again and again until `stop`. What is being dealt with then is dealt with again
    /// after the next start.
    pub(crate) async fn run(self, stop: CancellationToken) {
        let mut was_away = false;
        loop {
            let looked = tokio::select! {
                () = stop.cancelled() => return,
                looked = self.look() => looked,
            };
            match looked {
                Ok(count) => {
                    if was_away {
                        tracing::info!("the mailbox answers again");
                    }
                    was_away = false;
                    if count > 0 {
                        tracing::info!(messages = count, "mail was fetched from the mailbox");
                    }
                }
                Err(error) if was_away => tracing::debug!(%error, "the mailbox is still away"),
                Err(error) => {
                    tracing::error!(%error, "the mailbox cannot be looked into; what comes back waits there");
                    was_away = true;
                }
            }
            tokio::select! {
                () = stop.cancelled() => return,
                () = sleep(self.mailbox.every) => {}
            }
        }
    }

    /// Looks into it once, and answers how many messages were dealt with.
    async fn look(&self) -> Result<usize, ImapError> {
        let address = (self.mailbox.host.as_str(), self.mailbox.port);
        let connected = async {
            let stream = TcpStream::connect(address).await?;
            stream.set_nodelay(true)?;
            io::Result::Ok(stream)
        };
        let stream = in_time(connected).await?;
        match &self.tls {
            None => self.read(stream).await,
            Some((connector, name)) => {
                let stream = in_time(connector.connect(name.clone(), stream)).await?;
                self.read(stream).await
            }
        }
    }

    async fn read<S: AsyncRead + AsyncWrite>(&self, stream: S) -> Result<usize, ImapError> {
        let limit = self.mailroom.settings.message_limit;
        let mut session = Session::open(stream, &self.mailbox, limit).await?;
        let validity = session.select(&self.mailbox.name).await?;
        let Place { last, .. } = self.place.read(validity)?;
        let mut count = 0;
        for uid in session.after(last).await? {
            if let Some(message) = session.fetch(uid).await? {
                if message.len() > limit {
                    tracing::error!(uid, "a message in the mailbox is too long and was left alone");
                } else if self.mailroom.take_unaddressed(&message).await == Delivered::Later {
                    // It is tried again the next time, and nothing after it before it.
                    break;
                }
                match session.mark_seen(uid).await {
                    Err(ImapError::Refused(_)) => {
                        tracing::warn!(uid, "a message in the mailbox cannot be marked as seen");
                    }
                    marked => marked?,
                }
                count += 1;
            }
            self.place.write(Place { validity, last: uid })?;
        }
        session.close().await;
        Ok(count)
    }
}

async fn in_time<T>(connected: impl Future<Output = io::Result<T>>) -> io::Result<T> {
    timeout(CONNECT, connected).await.map_err(|_| io::Error::from(io::ErrorKind::TimedOut))?
}

/// TLS with the certificates of the `?ca=` file and no others, or else those the machine trusts.
fn tls(mailbox: &Mailbox) -> anyhow::Result<(TlsConnector, ServerName<'static>)> {
    let mut roots = RootCertStore::empty();
    match &mailbox.ca_file {
        None => {
            roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        }
        Some(path) => add(&mut roots, path).with_context(|| {
            format!(
                "the certificates in {}, named by inbound.imap_url, cannot be used",
                path.display()
            )
        })?,
    }
    anyhow::ensure!(
        !roots.is_empty(),
        "no root certificate for inbound.imap_url; name one with ?ca=FILE"
    );
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    let name = ServerName::try_from(mailbox.host.clone())
        .context("the host in inbound.imap_url is no name a certificate could have")?;
    Ok((TlsConnector::from(Arc::new(config)), name))
}

fn add(roots: &mut RootCertStore, path: &PathBuf) -> anyhow::Result<()> {
    for certificate in CertificateDer::pem_file_iter(path)? {
        roots.add(certificate?)?;
    }
    Ok(())
}
