//! Arrivals: everything that comes back from outside and changes something.
//!
//! Whoever hears of one – a webhook, mail, a page – makes an [`Arrival`] and hands it to
//! [`Intake::take`](crate::intake::Intake::take), in a task of its own so that a caller who hangs up
//! takes nothing back:
//!
//! ```text
//! let notice = Notice::new(Source::Postmark, &event_id, now).said(event_time);
//! let bounced = Delivery { key, channel, touch, result: DeliveryResult::Bounced { … } };
//! match tasks.spawn(async move { intake.take(Arrival::new(notice, bounced)).await }).await {
//!     Ok(Taken::InForce | Taken::Queued) => acknowledge,
//!     _ => ask for a repeat,
//! }
//! ```
//!
//! From then on it is applied, or on disk until it is (`journal`), also when the database is away.
//! It is idempotent by [`Notice::source`] and [`Notice::message`], so everything may be handed over
//! twice; arrivals about the same address are applied in the order they were taken, and wishes by the
//! time they were said.

mod apply;
mod line;
mod opt_out;

use chrono::{DateTime, Utc};
use domain::bounce::{BounceClass, EnhancedStatus, Suppress};
use domain::reply::Language;
use domain::return_path::ReturnPath;
use domain::suppression::{SuppressionReason, Topic};
use domain::token::UnsubscribeToken;
use domain::{AddressKey, ContactChannel, TouchId};

use crate::kept::{self, KeptName};

pub(crate) use apply::{Office, PATIENCE};
pub(crate) use opt_out::{AgentClass, OptOut, reason_of};

/// Who entries made here are by.
pub(crate) const ACTOR: &str = "inbound";

domain::words! {
    /// Who brought an arrival.
    Source, "source of an arrival", {
        /// A signed link: one click, or its page.
        Link = "link",
        /// The preference page.
        Page = "page",
        /// Twilio, with its signature.
        Twilio = "twilio",
        /// Kannel, with a shared secret.
        Kannel = "kannel",
        /// Any gateway that posts JSON, with a shared secret.
        Generic = "generic",
        /// A mail server, or a mailbox: mail that came back, whichever way it came.
        Mail = "mail",
        /// Amazon SES.
        Ses = "ses",
        /// SendGrid.
        Sendgrid = "sendgrid",
        /// Mailgun.
        Mailgun = "mailgun",
        /// Postmark.
        Postmark = "postmark",
    }
}

impl Source {
    /// Whether it hands over text messages.
    pub(crate) const fn is_gateway(self) -> bool {
        matches!(self, Self::Twilio | Self::Kannel | Self::Generic)
    }
}

/// One arrival.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Arrival {
    /// Who brought it, what it is known by there, when.
    pub notice: Notice,
    /// What it is. Where `address_of` is set, the key in it only stands in for the address's.
    pub event: Event,
    /// Where to find the address that it is about, when nothing that came says it: the database is
    /// asked when it is applied, so that an arrival is taken also while that is away.
    pub address_of: Option<AddressOf>,
}

/// An address that only the database knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum AddressOf {
    /// The one a touch went to.
    Touch(TouchId),
    /// The same, if it is the one the return path was made for.
    ReturnPath(ReturnPath),
}

impl AddressOf {
    /// The touch.
    pub(crate) const fn touch(self) -> TouchId {
        match self {
            Self::Touch(touch) | Self::ReturnPath(ReturnPath { touch, .. }) => touch,
        }
    }

    /// Whether an address can be the one.
    pub(crate) fn is(self, key: &AddressKey) -> bool {
        match self {
            Self::Touch(_) => true,
            Self::ReturnPath(path) => path.is_to(key),
        }
    }

    /// What stands in for the key. It begins as the key does, as far as that is known, so that
    /// arrivals about one address are told apart from others' whether or not it has been found.
    pub(crate) fn stand_in(self) -> AddressKey {
        let mut key = [0; 32];
        match self {
            Self::Touch(touch) => key[..16].copy_from_slice(touch.as_uuid().as_bytes()),
            Self::ReturnPath(path) => key[..8].copy_from_slice(path.recipient()),
        }
        AddressKey::from_bytes(&key).expect("a key has 32 bytes")
    }
}

/// Who brought something, and when.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Notice {
    /// Who brought it.
    pub source: Source,
    /// What it is known by here; one per arrival, the same when it is brought again.
    pub message: u64,
    /// When it was said, by the bringer's clock; never after `accepted_at`.
    pub occurred_at: DateTime<Utc>,
    /// When it was taken, by ours.
    pub accepted_at: DateTime<Utc>,
    /// The raw request, where it was kept.
    pub kept: Option<KeptName>,
}

/// What arrived.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Event {
    /// Somebody wants no more messages, or complained.
    OptOut(OptOut),
    /// Somebody wants messages again.
    OptIn(OptIn),
    /// Somebody wrote what nobody but a person understands.
    Review(Review),
    /// Somebody asked who we are.
    Help(ReplyTo),
    /// A message arrived, or did not.
    Delivery(Delivery),
}

/// The recipient's own wish to get messages again (compliance.md SMS-07).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct OptIn {
    /// The address.
    pub key: AddressKey,
    /// The channel it was said on, and which alone it opens.
    pub channel: ContactChannel,
    /// Only this topic; `None` for the whole channel.
    pub topic: Option<Topic>,
    /// Where a confirmation goes, for a text message.
    pub reply_to: Option<ReplyTo>,
}

/// An unclear answer by text message: everything automatic to the number waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Review {
    /// The number.
    pub key: AddressKey,
}

/// A number that gets an answer.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct ReplyTo {
    /// The number, as a key.
    pub key: AddressKey,
    /// The number in full: the digits of its E.164 form.
    pub number: u64,
    /// The language it is answered in.
    pub language: Language,
}

/// A number is personal: it never gets into a log.
impl std::fmt::Debug for ReplyTo {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "ReplyTo({:?}, {})", self.key, self.language)
    }
}

/// What became of a message, as a mail server, a provider or a gateway reports it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Delivery {
    /// The address it was for.
    pub key: AddressKey,
    /// Email or SMS.
    pub channel: ContactChannel,
    /// The touch it was, where that is known; without it every report counts for itself.
    pub touch: Option<TouchId>,
    /// What became of it.
    pub result: DeliveryResult,
}

/// What became of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum DeliveryResult {
    /// It arrived.
    Delivered,
    /// An email did not (compliance.md BNC-02 … BNC-05). `suppress` says whether the address goes on
    /// the list now, or its bounce days are counted.
    Bounced {
        /// The kind of failure.
        class: BounceClass,
        /// What the list does.
        suppress: Suppress,
        /// The status that was reported.
        status: Option<EnhancedStatus>,
    },
    /// A text message did not, with the gateway's code (`domain::bounce::sms_failure`, BNC-18).
    Refused {
        /// The code.
        code: u32,
    },
}

impl DeliveryResult {
    /// What became of it, in a word.
    const fn word(self) -> &'static str {
        match self {
            Self::Delivered => "delivered",
            Self::Bounced { class, .. } => class.as_str(),
            Self::Refused { .. } => "refused",
        }
    }
}

impl Notice {
    /// A notice of what `source` knows by `id`, taken at `accepted_at`.
    pub(crate) fn new(source: Source, id: &str, accepted_at: DateTime<Utc>) -> Self {
        let accepted_at = in_microseconds(accepted_at);
        let message = kept::message(source.as_str(), id);
        Self { source, message, occurred_at: accepted_at, accepted_at, kept: None }
    }

    /// The same, said at `at` by the bringer's clock. A clock ahead of ours is not believed.
    pub(crate) fn said(self, at: DateTime<Utc>) -> Self {
        Self { occurred_at: in_microseconds(at).min(self.accepted_at), ..self }
    }

    /// The same, with the raw request that was kept.
    pub(crate) const fn kept(self, name: KeptName) -> Self {
        Self { kept: Some(name), ..self }
    }
}

impl Arrival {
    /// An arrival.
    pub(crate) fn new(notice: Notice, event: impl Into<Event>) -> Self {
        Self { notice, event: event.into(), address_of: None }
    }

    /// One about the address that `event` gets the key of. `address` is the key, or where to find it.
    pub(crate) fn about<E: Into<Event>>(
        address: Result<AddressKey, AddressOf>,
        notice: Notice,
        event: impl FnOnce(AddressKey) -> E,
    ) -> Self {
        let key = address.unwrap_or_else(AddressOf::stand_in);
        Self { address_of: address.err(), ..Self::new(notice, event(key)) }
    }

    /// What a valid token and a POST amount to.
    pub(crate) fn by_link(
        token: UnsubscribeToken,
        reason: SuppressionReason,
        agent: AgentClass,
        accepted_at: DateTime<Utc>,
    ) -> Self {
        let UnsubscribeToken { address_key: key, channel, touch } = token;
        // A click has no id; each is one of its own.
        let id = uuid::Uuid::now_v7().to_string();
        let notice = Notice::new(Source::Link, &id, accepted_at);
        Self::new(notice, OptOut { touch, agent, ..OptOut::new(key, channel, reason) })
    }

    /// What arrivals about the same address, which are applied in order, have in common.
    pub(crate) fn place(&self) -> [u8; 8] {
        let mut place = [0; 8];
        place.copy_from_slice(&self.key().as_bytes()[..8]);
        place
    }

    /// The key of the address it is about, or what stands in for it.
    const fn key(&self) -> AddressKey {
        match self.event {
            Event::OptOut(OptOut { key, .. })
            | Event::OptIn(OptIn { key, .. })
            | Event::Review(Review { key })
            | Event::Help(ReplyTo { key, .. })
            | Event::Delivery(Delivery { key, .. }) => key,
        }
    }

    /// The same, now that the address has been found.
    fn found(&self, found: AddressKey) -> Self {
        let mut event = self.event;
        match &mut event {
            Event::OptOut(OptOut { key, .. })
            | Event::OptIn(OptIn { key, .. })
            | Event::Review(Review { key })
            | Event::Help(ReplyTo { key, .. })
            | Event::Delivery(Delivery { key, .. }) => *key = found,
        }
        Self { event, address_of: None, ..*self }
    }

    /// The touch it is about, where it says so.
    pub(crate) const fn touch(&self) -> Option<TouchId> {
        match self.event {
            Event::OptOut(opt_out) => opt_out.touch,
            Event::Delivery(delivery) => delivery.touch,
            Event::OptIn(_) | Event::Review(_) | Event::Help(_) => None,
        }
    }

    /// What it is, in a word for metrics and logs: of an opt-out the reason.
    pub(crate) const fn word(&self) -> &'static str {
        match self.event {
            Event::OptOut(OptOut { reason, .. }) => reason.as_str(),
            Event::OptIn(_) => "opt_in",
            Event::Review(_) => "review",
            Event::Help(_) => "help",
            Event::Delivery(_) => "delivery",
        }
    }
}

impl From<OptOut> for Event {
    fn from(opt_out: OptOut) -> Self {
        Self::OptOut(opt_out)
    }
}

impl From<OptIn> for Event {
    fn from(opt_in: OptIn) -> Self {
        Self::OptIn(opt_in)
    }
}

impl From<Review> for Event {
    fn from(review: Review) -> Self {
        Self::Review(review)
    }
}

impl From<Delivery> for Event {
    fn from(delivery: Delivery) -> Self {
        Self::Delivery(delivery)
    }
}

/// The journal keeps microseconds, and so does PostgreSQL.
fn in_microseconds(at: DateTime<Utc>) -> DateTime<Utc> {
    DateTime::from_timestamp_micros(at.timestamp_micros()).unwrap_or(at)
}
