//! Bounces: what a delivery failure says about the address, the message or ourselves
//! (compliance.md §8, V-4).
//!
//! The enhanced status decides where there is one (RFC 3463); its class digit is understood even
//! when the rest is unknown. Human text decides only where no code says anything, and only by a
//! versioned list of phrases: a person is never taken off because of a text nobody has read.

mod counter;
mod phrases;
mod reply;
mod sms;
mod status;

pub use counter::{Bounce, Tally, UNKNOWN_SUBSCRIBER_LIMIT, tally};
pub use phrases::PHRASE_LIST_VERSION;
pub use reply::{Permanence, SmtpReplyClass, SmtpStage};
pub use sms::{SmsFailure, sms_failure};
pub use status::{EnhancedStatus, find_reply_code};

use phrases::Phrase;

crate::words! {
    /// What kind of failure it is (compliance.md BNC-02).
    BounceClass, "bounce class", {
        /// The address does not exist or takes no mail.
        Hard = "hard",
        /// The mailbox does not take mail at present.
        SoftMailbox = "soft_mailbox",
        /// Something on the way does not work at present.
        SoftTransient = "soft_transient",
        /// The receiving side does not want this sender.
        Block = "block",
        /// Something on our side is set up wrongly.
        Config = "config",
        /// The message itself was refused.
        Content = "content",
        /// No failure.
        None = "none",
    }
}

crate::words! {
    /// What the suppression list does about it.
    Suppress, "suppression advice", {
        /// The address goes on the list at once.
        Now = "now",
        /// The day counts as a bounce day of the address (compliance.md BNC-04).
        Counter = "counter",
        /// From the second time within 30 days on, the day counts as a bounce day.
        CounterWhenRepeated = "counter_when_repeated",
        /// Nothing.
        No = "no",
    }
}

crate::words! {
    /// What people have to be told.
    Alert, "bounce alert", {
        /// Nothing.
        None = "none",
        /// The team has to put something right: settings, content or reputation.
        Team = "team",
        /// Nothing more may leave from the sending domain until it is put right.
        StopDomain = "stop_domain",
        /// A status nobody has classified; for the log.
        UnknownStatus = "unknown_status",
    }
}

/// What a delivery failure means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Classification {
    /// The kind of failure.
    pub class: BounceClass,
    /// What the suppression list does.
    pub suppress: Suppress,
    /// Whether every address of the domain fails the same way (null MX, RFC 7505).
    pub whole_domain: bool,
    /// What people are told.
    pub alert: Alert,
    /// The status that decided, which may come from the text; `None` when none did.
    pub status: Option<EnhancedStatus>,
}

impl Classification {
    const fn new(class: BounceClass, suppress: Suppress) -> Self {
        let alert = match class {
            BounceClass::Block | BounceClass::Config | BounceClass::Content => Alert::Team,
            _ => Alert::None,
        };
        Self { class, suppress, whole_domain: false, alert, status: None }
    }

    const fn unknown() -> Self {
        Self { alert: Alert::UnknownStatus, ..SOFT_TRANSIENT }
    }
}

const HARD: Classification = Classification::new(BounceClass::Hard, Suppress::Now);
const HARD_DOMAIN: Classification = Classification { whole_domain: true, ..HARD };
const SOFT_MAILBOX: Classification =
    Classification::new(BounceClass::SoftMailbox, Suppress::Counter);
const SOFT_TRANSIENT: Classification =
    Classification::new(BounceClass::SoftTransient, Suppress::No);
const BLOCK: Classification = Classification::new(BounceClass::Block, Suppress::No);
const RECIPIENT_BLOCK: Classification =
    Classification::new(BounceClass::Block, Suppress::CounterWhenRepeated);
const CONFIG: Classification = Classification::new(BounceClass::Config, Suppress::No);
const UNAUTHENTICATED: Classification = Classification { alert: Alert::StopDomain, ..CONFIG };
const CONTENT: Classification = Classification::new(BounceClass::Content, Suppress::No);
const NO_FAILURE: Classification = Classification::new(BounceClass::None, Suppress::No);

/// What a failure means, from the status of a delivery report, the SMTP reply code and the text
/// (diagnostic code or reply), of which any may be missing (compliance.md V-4).
///
/// ```
/// use domain::bounce::{BounceClass, Suppress, classify};
/// let found = classify(None, None, "smtp; 550 5.1.1 <…>: Recipient address rejected");
/// assert_eq!((found.class, found.suppress), (BounceClass::Hard, Suppress::Now));
/// ```
#[must_use]
pub fn classify(
    status: Option<EnhancedStatus>,
    reply_code: Option<u16>,
    text: &str,
) -> Classification {
    let reply_code = reply_code.or_else(|| find_reply_code(text));
    let reply_class = reply_code.map(|code| code / 100);
    let status = most_specific(status, EnhancedStatus::find(text, reply_class));
    let found = match status.map(|status| u16::from(status.class)).or(reply_class) {
        Some(2) => NO_FAILURE,
        Some(4) => transient(status, text),
        Some(5) => status
            .and_then(|status| permanent(status, text))
            .or_else(|| by_reply_code(reply_code, text))
            .unwrap_or_else(Classification::unknown),
        // A text alone, of which it is not even known that it tells of a failure.
        _ => Classification::unknown(),
    };
    Classification { status, ..found }
}

/// The report's status, unless it says nothing beyond its class and the text has a code of the
/// same class that says more (V-4 row 28).
fn most_specific(
    reported: Option<EnhancedStatus>,
    in_text: Option<EnhancedStatus>,
) -> Option<EnhancedStatus> {
    match (reported, in_text) {
        (Some(reported), Some(found))
            if reported.is_undefined()
                && !found.is_undefined()
                && reported.class == found.class =>
        {
            Some(found)
        }
        (Some(reported), _) => Some(reported),
        (None, found) => found,
    }
}

/// Class 4: try again; only what the mailbox itself keeps causing is counted.
fn transient(status: Option<EnhancedStatus>, text: &str) -> Classification {
    match status.map(|status| (status.subject, status.detail)) {
        Some((2, 1 | 2) | (4, 7)) => SOFT_MAILBOX,
        Some((0..=7, 1..)) => SOFT_TRANSIENT,
        Some((8.., _)) => Classification::unknown(),
        _ if phrases::find(text) == Some(Phrase::MailboxFull) => SOFT_MAILBOX,
        _ => SOFT_TRANSIENT,
    }
}

/// Class 5, by subject and detail (RFC 3463 §3, and the IANA registry for later ones); `None` when
/// they say nothing that is known.
fn permanent(status: EnhancedStatus, text: &str) -> Option<Classification> {
    Some(match (status.subject, status.detail) {
        (1, 1..=4 | 6) | (2, 1) | (4, 4) => HARD,
        (1, 10) => HARD_DOMAIN,
        (1, 7 | 8) => CONFIG,
        // Full is full, whatever the class: RFC 3463 means it as persistent transient (BNC-05).
        (2, 2) | (4, 7) => SOFT_MAILBOX,
        (2, 3) | (3, 4) | (6, _) => CONTENT,
        (2, 4) | (3, 1 | 2 | 5) | (4, 1..=3 | 5 | 6) => SOFT_TRANSIENT,
        (3, 3) | (5, _) => CONFIG,
        (7, _) => refused_by_policy(status.detail, text),
        _ => return None,
    })
}

/// X.7.*: who is not wanted, the sender or this one sender by this one person?
fn refused_by_policy(detail: u16, text: &str) -> Classification {
    match (detail, phrases::find(text)) {
        // RFC 7372 and what Gmail and Microsoft add to it: SPF, DKIM, DMARC, reverse DNS, ARC.
        (20..=27 | 29..=32 | 509 | 515, _) => UNAUTHENTICATED,
        // RFC 4954: our own login at the relay.
        (8 | 9 | 11 | 13 | 14, _) => CONFIG,
        (_, Some(Phrase::NotAuthenticated)) => UNAUTHENTICATED,
        (_, Some(Phrase::RecipientBlocks)) => RECIPIENT_BLOCK,
        (_, Some(Phrase::RelayDenied)) => CONFIG,
        _ => BLOCK,
    }
}

/// What the phrase list makes of a text without a telling code.
fn by_text(text: &str) -> Option<Classification> {
    phrases::find(text).map(|phrase| match phrase {
        Phrase::NotAuthenticated => UNAUTHENTICATED,
        Phrase::RecipientBlocks => RECIPIENT_BLOCK,
        Phrase::RelayDenied => CONFIG,
        Phrase::SenderBlocked => BLOCK,
        Phrase::TooBig => CONTENT,
        Phrase::MailboxFull => SOFT_MAILBOX,
        Phrase::NoSuchMailbox => HARD,
    })
}

/// What the text makes of a reply of class 5, within what its code leaves open (RFC 5321 §4.2.2,
/// RFC 4954, RFC 7504).
fn by_reply_code(code: Option<u16>, text: &str) -> Option<Classification> {
    match code {
        // Our own login, whatever the text says of users.
        Some(530 | 534 | 535 | 538) => Some(CONFIG),
        Some(521 | 556) => by_text(text).or(Some(HARD_DOMAIN)),
        // "Exceeded storage allocation"; a message that is too big says so in words.
        Some(552) => by_text(text).or(Some(SOFT_MAILBOX)),
        Some(500..=504 | 555) => by_text(text).or(Some(CONFIG)),
        _ => by_text(text),
    }
}
