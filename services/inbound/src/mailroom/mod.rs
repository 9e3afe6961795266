//! What is done about mail that comes back, by whichever door: LMTP, HTTP or a mailbox.
//!
//! A report whose return path was signed here, and a request by somebody who is known, take the way of
//! every arrival. What cannot be made safe at the moment is put off: whoever brings it tries again.

mod raw;

use std::sync::Arc;

use anyhow::Context as _;
use domain::bounce::{BounceClass, Suppress};
use domain::email::Email;
use domain::return_path::ReturnPath;
use domain::suppression::SuppressionReason;
use domain::token::TokenKeys;
use domain::{AddressKey, AddressKeyer, AddressKind, ContactChannel};
use tokio_util::task::TaskTracker;

use crate::arrival::{
    self, AddressOf, AgentClass, Arrival, Delivery, DeliveryResult, Notice, OptOut, Review, Source,
};
use crate::intake::{Intake, Taken};
use crate::kept::{self, Kept, KeptName};
use crate::returns::{self, Asker, Event, RequestScope, Returned};
use crate::settings::{MailSettings, Settings};
use crate::telemetry;

pub(crate) use raw::router;

/// What acts on messages.
pub(crate) struct Mailroom {
    keys: TokenKeys,
    keyer: AddressKeyer,
    kept: Kept,
    intake: Arc<Intake>,
    /// Arrivals that are being taken, whether or not whoever brought them still waits.
    tasks: TaskTracker,
    /// What may come, and from whom.
    pub(crate) settings: MailSettings,
}

/// What became of a message for one recipient.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Delivered {
    /// It has been dealt with, or there was nothing to do.
    Done,
    /// It cannot be dealt with now.
    Later,
}

impl Mailroom {
    /// Opens it, if the settings have a door to it.
    pub(crate) fn open(
        settings: &Settings,
        intake: &Arc<Intake>,
        tasks: &TaskTracker,
    ) -> anyhow::Result<Option<Arc<Self>>> {
        let Some(mail) = settings.mail.clone() else { return Ok(None) };
        let kept = Kept::open(&mail.dir).with_context(|| {
            let dir = mail.dir.display();
            format!("cannot write to {dir}, where reports are kept; set inbound.replies_dir")
        })?;
        Ok(Some(Arc::new(Self {
            keys: settings.keys.clone(),
            keyer: settings.keyer.clone(),
            kept,
            intake: Arc::clone(intake),
            tasks: tasks.clone(),
            settings: mail,
        })))
    }

    /// Deals with a message of which only the headers say to whom it was delivered. One that names
    /// addresses signed here is dealt with for each of them.
    pub(crate) async fn take_unaddressed(&self, message: &[u8]) -> Delivered {
        let is_signed = |address: &String| {
            ReturnPath::verify(&self.keys, address).is_ok()
                || ReturnPath::verify_unsubscribe(&self.keys, address).is_ok()
        };
        let mut signed = returns::recipients(message);
        signed.retain(is_signed);
        signed.sort();
        signed.dedup();
        if signed.is_empty() {
            return self.take("", message).await;
        }
        for recipient in signed {
            if self.take(&recipient, message).await == Delivered::Later {
                return Delivered::Later;
            }
        }
        Delivered::Done
    }

    /// Deals with a message for one of its recipients.
    pub(crate) async fn take(&self, recipient: &str, message: &[u8]) -> Delivered {
        let returned = returns::read(message);
        let server = self.settings.authenticated_by.as_deref();
        if let Some(request) = returns::request(&self.keys, server, recipient, &returned) {
            return self.act_on_request(&request, message).await;
        }
        let events = returns::events(&self.keys, recipient, &returned);
        if events.is_empty() {
            telemetry::count_returned("nothing");
            if matches!(returned, Returned::Delivery(_) | Returned::Feedback(_)) {
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
        let channel = ContactChannel::Email;
        let what = |key: AddressKey| {
            if event.is_complaint {
                let opt_out = OptOut::new(key, channel, SuppressionReason::Complaint);
                let agent = AgentClass::MailService;
                return OptOut { touch: Some(touch), agent, ..opt_out }.into();
            }
            let (class, suppress, status) = (event.class, event.suppress, event.status);
            let result = DeliveryResult::Bounced { class, suppress, status };
            Delivery { key, channel, touch: Some(touch), result }.into()
        };
        let address = self.address_of(&event.return_path, event.recipient.as_ref());
        // Only what may put somebody on the list needs its proof.
        let proof = (event.suppress != Suppress::No).then_some(message);
        self.hand_over(&known, address, proof, what).await
    }

    /// Does what a person asks for.
    async fn act_on_request(&self, request: &returns::Request, message: &[u8]) -> Delivered {
        let kind = if request.scope.is_some() { "request" } else { "unclear" };
        telemetry::count_returned(kind);
        tracing::info!(kind, "somebody asks for something by mail");
        let (touch, address) = match &request.by {
            Asker::Signed(path, from) => (Some(path.touch), self.address_of(path, from.as_ref())),
            Asker::Authenticated(email) => (None, Ok(self.key(email))),
        };
        // A message counts once, by its bytes, for each address it asks about.
        let about = touch.map_or_else(String::new, |touch| touch.to_string());
        let known = format!("{about} {kind} {}", KeptName::of(message));
        let what = |key: AddressKey| match request.scope {
            None => Review { key }.into(),
            Some(scope) => {
                let reason = SuppressionReason::EmailRequest;
                let opt_out = OptOut::new(key, ContactChannel::Email, reason);
                let whole_person = scope == RequestScope::Person;
                OptOut { touch, whole_person, ..opt_out }.into()
            }
        };
        self.hand_over(&known, address, Some(message), what).await
    }

    /// Keeps the proof, where there is one, and takes what a message amounts to, unless that was done
    /// before.
    async fn hand_over(
        &self,
        known: &str,
        address: Result<AddressKey, AddressOf>,
        proof: Option<&[u8]>,
        what: impl FnOnce(AddressKey) -> arrival::Event,
    ) -> Delivered {
        let id = kept::message(Source::Mail.as_str(), known);
        if self.kept.is_done(id) {
            return Delivered::Done;
        }
        let mut notice = Notice::new(Source::Mail, known, self.intake.clock().now());
        if let Some(proof) = proof {
            let Ok(name) = self.kept.keep(proof.to_vec()).await else { return Delivered::Later };
            notice = notice.kept(name);
        }
        let arrival = Arrival::about(address, notice, what);
        let intake = Arc::clone(&self.intake);
        let taken = self.tasks.spawn(async move { intake.take(arrival).await });
        if taken.await.unwrap_or(Taken::Lost) == Taken::Lost {
            return Delivered::Later;
        }
        if proof.is_some() {
            self.kept.note_done(id).await;
        }
        Delivered::Done
    }

    fn key(&self, email: &Email) -> AddressKey {
        self.keyer.key(AddressKind::Email, email.canonical())
    }

    /// The address a return path was made for: the one a message names, if it is that one, else the
    /// touch's.
    fn address_of(
        &self,
        path: &ReturnPath,
        named: Option<&Email>,
    ) -> Result<AddressKey, AddressOf> {
        let named = named.map(|email| self.key(email)).filter(|key| path.is_to(key));
        named.ok_or(AddressOf::ReturnPath(*path))
    }
}
