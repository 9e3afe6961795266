//! What mail servers send back: delivery reports (RFC 3464), complaints (RFC 5965), auto-replies.
//!
//! Reading a message changes nothing, and what it says is not believed for being well-formed: only a
//! return path that was signed here ([`domain::return_path`]) says whom it is about.

mod auto_reply;
mod delivery;
mod feedback;
mod fields;
pub mod provider;

use domain::TouchId;
use domain::bounce::{BounceClass, EnhancedStatus, Suppress};
use domain::email::Email;
use domain::return_path::ReturnPath;
use domain::token::TokenKeys;
use mail_parser::{Message, MessageParser, MimeHeaders, PartType};

pub use delivery::{DeliveryAction, RecipientReport};
pub use feedback::{FeedbackKind, FeedbackReport};

/// Parts of a message that are looked at.
const PARTS: usize = 100;

/// A message that came back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Returned {
    /// A delivery report: one entry per recipient.
    Delivery(Vec<RecipientReport>),
    /// A report about a message by who received it, or by their provider.
    Feedback(FeedbackReport),
    /// An answer that no person wrote (RFC 3834); it stops and advances nothing.
    AutoReply,
    /// Something else: perhaps a person's answer.
    Other,
}

/// Reads a whole message, headers and all.
#[must_use]
pub fn read(message: &[u8]) -> Returned {
    let Some(message) = MessageParser::default().parse(message) else { return Returned::Other };
    if let Some(report) = part_of(&message, &["delivery-status", "global-delivery-status"]) {
        return Returned::Delivery(delivery::read(&report));
    }
    if let Some(report) = part_of(&message, &["feedback-report"]) {
        return Returned::Feedback(feedback::read(&report, original_headers(&message).as_deref()));
    }
    if auto_reply::is_one(&message) { Returned::AutoReply } else { Returned::Other }
}

/// Who an event is about, once the return path has been verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// The touch whose message came back.
    pub touch: TouchId,
    /// The signed return path.
    pub return_path: ReturnPath,
    /// What kind of failure, with [`BounceClass::None`] for a complaint.
    pub class: BounceClass,
    /// Whether it is a complaint.
    pub is_complaint: bool,
    /// What the list does about it.
    pub suppress: Suppress,
    /// The status that decided, where one did.
    pub status: Option<EnhancedStatus>,
    /// The recipient as the report names it, where it is the one the return path was made for or
    /// nothing shows that it is not.
    pub recipient: Option<Email>,
}

impl Event {
    /// The status as text, empty where there is none.
    pub(crate) fn status_text(&self) -> String {
        self.status.map(|status| status.to_string()).unwrap_or_default()
    }
}

/// What a message amounts to, given the address it was delivered to. A message whose return path
/// was not signed here amounts to nothing, however well-formed it is.
#[must_use]
pub fn events(keys: &TokenKeys, envelope_recipient: &str, returned: &Returned) -> Vec<Event> {
    let signed = |address: &str| ReturnPath::verify(keys, address).ok();
    match returned {
        Returned::Delivery(reports) => {
            let Some(return_path) = signed(envelope_recipient) else { return Vec::new() };
            // A touch has one recipient; a report about several speaks of forwarding behind it.
            let failed = reports.iter().filter(|report| report.class() != BounceClass::None);
            let worst = failed.max_by_key(|report| report.classification.suppress == Suppress::Now);
            let event = worst.map(|report| Event {
                touch: return_path.touch,
                return_path,
                class: report.class(),
                is_complaint: false,
                suppress: report.classification.suppress,
                status: report.classification.status,
                recipient: report.recipient.clone(),
            });
            event.into_iter().collect()
        }
        Returned::Feedback(report) => {
            let suppress = report.kind.suppresses();
            let paths = std::iter::once(envelope_recipient)
                .chain(report.return_paths.iter().map(String::as_str));
            let event =
                paths.filter_map(signed).next().filter(|_| suppress).map(|return_path| Event {
                    touch: return_path.touch,
                    return_path,
                    class: BounceClass::None,
                    is_complaint: true,
                    suppress: Suppress::Now,
                    status: None,
                    recipient: report.recipients.first().cloned(),
                });
            event.into_iter().collect()
        }
        Returned::AutoReply | Returned::Other => Vec::new(),
    }
}

/// The decoded content of the first part `message/<subtype>`.
fn part_of(message: &Message<'_>, subtypes: &[&str]) -> Option<String> {
    let part = message.parts.iter().take(PARTS).find(|part| {
        part.content_type().is_some_and(|kind| {
            let subtype = kind.subtype().unwrap_or_default();
            kind.ctype().eq_ignore_ascii_case("message")
                && subtypes.iter().any(|wanted| subtype.eq_ignore_ascii_case(wanted))
        })
    })?;
    Some(String::from_utf8_lossy(&content(part)).into_owned())
}

/// The headers of the message that a report is about: its last part, where it has more than one.
fn original_headers(message: &Message<'_>) -> Option<String> {
    let part = message.parts.iter().take(PARTS).skip(1).rfind(|part| {
        part.content_type().is_some_and(|kind| {
            let subtype = kind.subtype().unwrap_or_default().to_ascii_lowercase();
            ["rfc822", "rfc822-headers", "global", "global-headers"].contains(&subtype.as_str())
        })
    })?;
    Some(String::from_utf8_lossy(&content(part)).into_owned())
}

fn content<'a>(part: &'a mail_parser::MessagePart<'_>) -> std::borrow::Cow<'a, [u8]> {
    match &part.body {
        PartType::Message(inner) => inner.raw_message().into(),
        _ => part.contents().into(),
    }
}
