//! Taking mail that comes back, by LMTP (RFC 2033) from a mail server in front of us.
//!
//! A hard bounce or a complaint whose return path was signed here takes the way of every opt-out. What
//! cannot be made safe at the moment is put off, so that the mail server keeps it and tries again.

pub(crate) mod command;
mod session;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use domain::bounce::{BounceClass, Suppress};
use domain::suppression::SuppressionReason;
use domain::token::TokenKeys;
use domain::{AddressKey, AddressKeyer, AddressKind, ContactChannel};
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::arrival::{self, AgentClass, Arrival, DeliveryResult, Notice, OptOut, Source};
use crate::intake::{Intake, Taken};
use crate::kept::{self, Kept};
use crate::list::List;
use crate::returns::{self, Event, Returned};
use crate::settings::Settings;
use crate::telemetry;

/// Connections at the same time.
const CONNECTIONS: usize = 64;

/// The pause when the system has no more descriptors to give.
const PAUSE: Duration = Duration::from_millis(50);

/// The listener.
pub(crate) struct Lmtp {
    listener: TcpListener,
    address: SocketAddr,
    office: Arc<Office>,
}

/// What acts on messages.
pub(crate) struct Office {
    keys: TokenKeys,
    keyer: AddressKeyer,
    kept: Kept,
    list: Arc<List>,
    intake: Arc<Intake>,
    opt_outs: TaskTracker,
    /// Bytes of a message at most.
    message_limit: usize,
}

/// What became of a message for one recipient.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Delivered {
    /// It has been dealt with, or there was nothing to do.
    Done,
    /// It cannot be dealt with now.
    Later,
}

impl Lmtp {
    /// Listens, if the settings say where.
    pub(crate) async fn bind(
        settings: &Settings,
        list: &Arc<List>,
        intake: &Arc<Intake>,
        opt_outs: &TaskTracker,
    ) -> anyhow::Result<Option<Self>> {
        let Some(lmtp) = &settings.lmtp else { return Ok(None) };
        let kept = Kept::open(&lmtp.dir).with_context(|| {
            let dir = lmtp.dir.display();
            format!("cannot write to {dir}, where reports are kept; set inbound.replies_dir")
        })?;
        let listener = TcpListener::bind(&lmtp.listen).await.with_context(|| {
            format!("cannot listen on {}; choose a free port in inbound.lmtp_listen", lmtp.listen)
        })?;
        let address = listener.local_addr().context("the system does not tell where it listens")?;
        let office = Office {
            keys: settings.keys.clone(),
            keyer: settings.keyer.clone(),
            kept,
            list: Arc::clone(list),
            intake: Arc::clone(intake),
            opt_outs: opt_outs.clone(),
            message_limit: lmtp.message_limit,
        };
        Ok(Some(Self { listener, address, office: Arc::new(office) }))
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
            let (office, stop) = (Arc::clone(&self.office), stop.clone());
            sessions.spawn(async move {
                let _place = place;
                tokio::select! {
                    () = stop.cancelled() => {}
                    ended = session::run(stream, &office) => if let Err(error) = ended {
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

impl Office {
    /// Deals with a message for one of its recipients.
    async fn take(&self, recipient: &str, message: &[u8]) -> Delivered {
        let returned = returns::read(message);
        let events = returns::events(&self.keys, recipient, &returned);
        if events.is_empty() {
            telemetry::count_returned("nothing");
            if !matches!(returned, Returned::AutoReply | Returned::Answer(_) | Returned::Other) {
                tracing::info!("a report about no signed return path was left alone");
            }
            return Delivered::Done;
        }
        for event in events {
            if self.act_on(&event, message).await == Delivered::Later {
                return Delivered::Later;
            }
        }
        Delivered::Done
    }

    async fn act_on(&self, event: &Event, message: &[u8]) -> Delivered {
        let kind = if event.is_complaint { "complaint" } else { event.class.as_str() };
        let touch = event.touch;
        telemetry::count_returned(kind);
        tracing::info!(touch.id = %touch, kind, "mail came back");
        if event.class == BounceClass::None && !event.is_complaint {
            return Delivered::Done;
        }
        // Of one message each recipient bounces with a status once, however often it is told.
        let known = format!("{touch} {kind} {}", event.status_text());
        let id = kept::message(Source::Mail.as_str(), &known);
        if self.kept.is_done(id) {
            return Delivered::Done;
        }
        let Ok(key) = self.key_of(event).await else { return Delivered::Later };
        let Some(key) = key else {
            tracing::error!(touch.id = %touch, kind, "mail came back for a touch that is not known; look at it");
            return Delivered::Done;
        };
        let mut notice = Notice::new(Source::Mail, &known, self.intake.clock().now());
        // Only what may put somebody on the list needs its proof.
        let counts = event.suppress != Suppress::No;
        if counts {
            match self.kept.keep(message.to_vec()).await {
                Ok(name) => notice = notice.kept(name),
                Err(_) => return Delivered::Later,
            }
        }
        let arrival = if event.is_complaint {
            let opt_out = OptOut::new(key, ContactChannel::Email, SuppressionReason::Complaint);
            let agent = AgentClass::MailService;
            Arrival::new(notice, OptOut { touch: Some(touch), agent, ..opt_out })
        } else {
            let (class, suppress, status) = (event.class, event.suppress, event.status);
            let result = DeliveryResult::Bounced { class, suppress, status };
            let channel = ContactChannel::Email;
            Arrival::new(notice, arrival::Delivery { key, channel, touch: Some(touch), result })
        };
        let intake = Arc::clone(&self.intake);
        let taken = self.opt_outs.spawn(async move { intake.take(arrival).await });
        if taken.await.unwrap_or(Taken::Lost) == Taken::Lost {
            return Delivered::Later;
        }
        if counts {
            self.kept.note_done(id).await;
        }
        Delivered::Done
    }

    /// The key of the address the return path was made for: the one the report names, if it is that
    /// one, else the touch's.
    async fn key_of(&self, event: &Event) -> Result<Option<AddressKey>, crate::list::NotEntered> {
        let named = event.recipient.as_ref();
        let named = named.map(|email| self.keyer.key(AddressKind::Email, email.canonical()));
        if let Some(key) = named.filter(|key| event.return_path.is_to(key)) {
            return Ok(Some(key));
        }
        let key = self.list.address_of(event.touch).await?;
        Ok(key.filter(|key| event.return_path.is_to(key)))
    }
}
