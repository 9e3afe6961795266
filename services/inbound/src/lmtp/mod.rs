//! Taking mail that comes back, by LMTP (RFC 2033) from a mail server in front of us. What cannot be
//! made safe at the moment is put off, so that the mail server keeps it and tries again.

pub(crate) mod command;
mod session;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::mailroom::Mailroom;

/// Connections at the same time.
const CONNECTIONS: usize = 64;

/// The pause when the system has no more descriptors to give.
const PAUSE: Duration = Duration::from_millis(50);

/// The listener.
pub(crate) struct Lmtp {
    listener: TcpListener,
    address: SocketAddr,
    mailroom: Arc<Mailroom>,
}

impl Lmtp {
    /// Listens, if the settings say where.
    pub(crate) async fn bind(mailroom: Option<&Arc<Mailroom>>) -> anyhow::Result<Option<Self>> {
        let Some(mailroom) = mailroom else { return Ok(None) };
        let Some(listen) = &mailroom.settings.lmtp_listen else { return Ok(None) };
        let listener = TcpListener::bind(listen).await.with_context(|| {
            format!("cannot listen on {listen}; choose a free port in inbound.lmtp_listen")
        })?;
        let address = listener.local_addr().context("the system does not tell where it listens")?;
        Ok(Some(Self { listener, address, mailroom: Arc::clone(mailroom) }))
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Serves until `stop`. A session that is cut off then has said nothing about its message, so
    /// the mail server will bring it again.
    pub(crate) async fn run(self, stop: CancellationToken) {
        let places = Arc::new(Semaphore::new(CONNECTIONS));
        let sessions = TaskTracker::new();
        loop {
            let accepted = tokio::select! {
                () = stop.cancelled() => break,
                accepted = self.accept(&places) => accepted,
            };
            let Some((stream, place)) = accepted else { continue };
            let (mailroom, stop) = (Arc::clone(&self.mailroom), stop.clone());
            sessions.spawn(async move {
                let _place = place;
                tokio::select! {
                    () = stop.cancelled() => {}
                    ended = session::run(stream, &mailroom) => if let Err(error) = ended {
                        tracing::debug!(%error, "an LMTP session ended early");
                    }
                }
            });
        }
        sessions.close();
        sessions.wait().await;
    }

    async fn accept(
        &self,
        places: &Arc<Semaphore>,
    ) -> Option<(tokio::net::TcpStream, tokio::sync::OwnedSemaphorePermit)> {
        let place = Arc::clone(places).acquire_owned().await.ok()?;
        match self.listener.accept().await {
            Ok((stream, _)) => Some((stream, place)),
            Err(error) => {
                tracing::warn!(%error, "an LMTP connection was not accepted");
                tokio::time::sleep(PAUSE).await;
                None
            }
        }
    }
}
