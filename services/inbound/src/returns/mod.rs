//! What comes back by mail: delivery reports (RFC 3464), complaints (RFC 5965), auto-replies, answers.
//!
//! Reading a message changes nothing, and what it says is not believed for being well-formed: only an
//! address that was signed here ([`domain::return_path`]) says whom it is about, or for an answer the
//! mail server in front of us, where it has found the sender genuine.

mod answer;
mod auto_reply;
mod delivery;
mod feedback;
mod fields;
pub mod provider;

use domain::TouchId;
use domain::bounce::{BounceClass, EnhancedStatus, Suppress};
use domain::email::Email;
use domain::reply::{Action, OptOutScope};
use domain::return_path::ReturnPath;
use domain::token::TokenKeys;
use mail_parser::{Message, MessageParser, MimeHeaders, PartType};

pub use answer::Answer;
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
    /// What a person has written.
    Answer(Answer),
    /// Something else.
    Other,
}

/// Reads a whole message, headers and all.
#[must_use]
pub fn read(message: &[u8]) -> Returned {
    let Some(message) = parsed(message) else { return Returned::Other };
    if let Some(report) = part_of(&message, &["delivery-status", "global-delivery-status"]) {
        return Returned::Delivery(delivery::read(&report));
    }
    if let Some(report) = part_of(&message, &["feedback-report"]) {
        return Returned::Feedback(feedback::read(&report, original_headers(&message).as_deref()));
    }
    if auto_reply::is_one(&message) {
        return Returned::AutoReply;
    }
    answer::read(&message).map_or(Returned::Other, Returned::Answer)
}

/// The message in these bytes. On some that are no mail – parts that close what was never opened – the
/// parser panics; they are nothing to be read, and must not keep a mail server trying for days.
fn parsed(message: &[u8]) -> Option<Message<'_>> {
    std::panic::catch_unwind(|| MessageParser::default().parse(message)).ok().flatten()
}

/// Every address a message's headers say it was delivered to, for doors that hand over no envelope.
/// What of them was signed here is as good in a header as in an envelope.
#[must_use]
pub fn recipients(message: &[u8]) -> Vec<String> {
    let Some(message) = parsed(message) else { return Vec::new() };
    let delivered = ["Delivered-To", "X-Original-To", "Envelope-To", "X-Envelope-To"];
    let named = message
        .headers_raw()
        .filter(|(name, _)| delivered.iter().any(|wanted| wanted.eq_ignore_ascii_case(name)));
    let mut found: Vec<String> = named.map(|(_, value)| fields::address(value)).collect();
    for addresses in [message.to(), message.cc()].into_iter().flatten() {
        let addresses = addresses.iter().filter_map(|it| it.address());
        found.extend(addresses.map(str::to_owned));
    }
    found.truncate(PARTS);
    found
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
        Returned::AutoReply | Returned::Answer(_) | Returned::Other => Vec::new(),
    }
}

/// What somebody asks for by mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// Whose request it is.
    pub by: Asker,
    /// How far it reaches; `None` where it is unclear and a person has to read it.
    pub scope: Option<RequestScope>,
}

/// How it is known whose request it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Asker {
    /// By the signed address they wrote to; with the address it is from, if it names one.
    Signed(ReturnPath, Option<Email>),
    /// By the mail server in front of us, which found the sender genuine.
    Authenticated(Email),
}

/// How far a request by mail reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RequestScope {
    /// No more email.
    Email,
    /// Nothing more on any channel.
    Person,
}

/// What a message asks for, given the address it was delivered to and the name of the mail server
/// whose Authentication-Results are believed, if any. Whatever is written to a signed address for
/// unsubscribing is an opt-out; an answer is one by its words.
#[must_use]
pub fn request(
    keys: &TokenKeys,
    server: Option<&str>,
    envelope_recipient: &str,
    returned: &Returned,
) -> Option<Request> {
    if let Returned::Delivery(_) | Returned::Feedback(_) = returned {
        return None;
    }
    let answer = if let Returned::Answer(answer) = returned { Some(answer) } else { None };
    let named = answer.and_then(|answer| answer.from.clone());
    if let Ok(path) = ReturnPath::verify_unsubscribe(keys, envelope_recipient) {
        let scope = Some(RequestScope::Email);
        return Some(Request { by: Asker::Signed(path, named), scope });
    }
    let answer = answer?;
    let by = match ReturnPath::verify(keys, envelope_recipient) {
        Ok(path) => Asker::Signed(path, named),
        Err(_) => Asker::Authenticated(answer.authenticated_sender(server?)?.clone()),
    };
    let reading = answer.reading();
    let scope = match (reading.action, reading.scope) {
        (Action::OptOut, Some(OptOutScope::Sms) | None) => Some(RequestScope::Email),
        // A mail does not say by which number not to call, so nothing is the only safe reading.
        (Action::OptOut, Some(OptOutScope::CallAndSms | OptOutScope::Person)) => {
            Some(RequestScope::Person)
        }
        (Action::Review, _) => None,
        // Whoever wants to hear from us again says so where they can see what they sign up for.
        (Action::OptIn | Action::Help | Action::None, _) => return None,
    };
    Some(Request { by, scope })
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
