//! From rendered text to the bytes on the wire: headers, MIME parts, checks, dots.
//!
//! There is no `Auto-Submitted` header: these are an agent's mails, an answer to them is wanted
//! (RFC 3834 §5 reserves it for mail nobody should answer), and `Precedence: bulk` would say the
//! opposite of what List-Id and List-Unsubscribe say properly.

use std::borrow::Cow;

use chrono::{DateTime, Utc};
use domain::{TestSendId, TouchId};
use lettre::message::header::{ContentTransferEncoding, ContentType, HeaderName, HeaderValue};
use lettre::message::{Body, Mailbox, Message, MultiPart, MultiPartKind, SinglePart};
use lettre::{Address, message::MessageBuilder};

/// The longest line a message may have, without its end (RFC 5322 §2.1.1).
const LONGEST_LINE: usize = 998;

/// Why a message cannot be made of what was given. The texts hold no personal data.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MessageError {
    /// The address is not one mail can be sent to.
    #[error("the {0} address cannot be used in mail: correct it on the contact or in [email]")]
    Address(&'static str),
    /// A line break or other control character where a header is made of it.
    #[error("the {0} holds a line break or another control character: remove it")]
    ControlCharacter(&'static str),
    /// The unsubscribe URL cannot be one for one click (RFC 8058 §3.1).
    #[error("the unsubscribe URL is not one https URL: set inbound.public_url to https://…")]
    UnsubscribeUrl,
    /// The unsubscribe address is no `mailto:` URL.
    #[error("the unsubscribe address is not a mailto: URL in plain ASCII")]
    UnsubscribeMailto,
    /// The finished message breaks a rule of mail transport.
    #[error("the finished message {0}")]
    Malformed(&'static str),
    /// lettre refused to build the message.
    #[error("the message cannot be built: {0}")]
    Build(String),
}

/// Who a message is handed over from and to. Domains are A-labels here, whatever they were.
#[derive(Clone, PartialEq, Eq)]
pub struct Envelope {
    from: Address,
    to: Address,
}

impl Envelope {
    /// The envelope from the bounce address `from` to the recipient `to`.
    pub fn new(from: &str, to: &str) -> Result<Self, MessageError> {
        let from = wire_address(from).ok_or(MessageError::Address("sender"))?;
        let to = wire_address(to).ok_or(MessageError::Address("recipient"))?;
        Ok(Self { from, to })
    }

    /// Where bounces go.
    #[must_use]
    pub const fn from(&self) -> &Address {
        &self.from
    }

    /// The recipient.
    #[must_use]
    pub const fn to(&self) -> &Address {
        &self.to
    }

    /// Whether a local part is not ASCII, so that the server must offer SMTPUTF8 (EML-25).
    #[must_use]
    pub fn needs_smtp_utf8(&self) -> bool {
        !(self.from.user().is_ascii() && self.to.user().is_ascii())
    }
}

impl std::fmt::Debug for Envelope {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Envelope(…)")
    }
}

/// An address as SMTP takes it: the domain as A-labels, in lower case (EML-25).
#[must_use]
pub fn wire_address(address: &str) -> Option<Address> {
    let (user, domain) = address.rsplit_once('@')?;
    let domain = idna::domain_to_ascii_strict(domain).ok()?;
    let unusable = |letter: char| letter.is_control() || letter.is_whitespace();
    if user.contains(unusable) || domain.is_empty() {
        return None;
    }
    Address::new(user, domain).ok()
}

/// A sender, as in `Palm Realty <hello@palm.example>`, with the domain as A-labels.
pub fn parse_mailbox(text: &str, what: &'static str) -> Result<Mailbox, MessageError> {
    if text.contains(char::is_control) {
        return Err(MessageError::ControlCharacter(what));
    }
    let (name, address) = match text.trim().rsplit_once('<') {
        Some((name, rest)) => (name.trim().trim_matches('"'), rest.strip_suffix('>')),
        None => ("", Some(text.trim())),
    };
    let address = address.and_then(wire_address).ok_or(MessageError::Address(what))?;
    Ok(Mailbox::new((!name.is_empty()).then(|| name.to_owned()), address))
}

/// What an email is sent for; names the message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SentFor {
    /// A touch: the same name for every attempt.
    Touch {
        /// Which.
        id: TouchId,
        /// Which attempt this is, from 1.
        attempt: u32,
    },
    /// A test that somebody of the team sends to themself; a header of its own says so.
    Test(TestSendId),
}

impl SentFor {
    /// The Message-ID: the same for every attempt at a touch, so that a doubled message can be known
    /// as one (pipeline.md §4).
    #[must_use]
    pub fn message_id(self, from: &Mailbox) -> String {
        let domain = from.email.domain();
        match self {
            Self::Touch { id, .. } => format!("<touch-{id}@{domain}>"),
            Self::Test(id) => format!("<test-{id}@{domain}>"),
        }
    }

    /// "=_" cannot occur in quoted-printable or base64, and nobody who writes a text knows the id of
    /// what will carry it.
    fn boundary(self) -> String {
        let id = match self {
            Self::Touch { id, .. } => id.as_uuid(),
            Self::Test(id) => id.as_uuid(),
        };
        format!("=_{}", id.simple())
    }

    fn headers(self, message: MessageBuilder) -> MessageBuilder {
        match self {
            Self::Touch { id, attempt } => {
                let message = header(message, "X-Touch-Id", id.to_string());
                header(message, "X-Touch-Attempt", attempt.to_string())
            }
            Self::Test(id) => header(message, "X-Touchline-Test", id.to_string()),
        }
    }
}

/// Everything an email is made of.
#[derive(Clone, Copy)]
pub struct Email<'a> {
    /// What it is sent for.
    pub sent_for: SentFor,
    /// When it is sent.
    pub now: DateTime<Utc>,
    /// The sender; its domain is the sending domain.
    pub from: &'a Mailbox,
    /// Where answers go, where not to the sender: the agent.
    pub reply_to: Option<&'a Mailbox>,
    /// The recipient's name; may be empty.
    pub to_name: &'a str,
    /// The envelope it will travel in.
    pub envelope: &'a Envelope,
    /// The rendered subject.
    pub subject: &'a str,
    /// The rendered text part.
    pub text: &'a str,
    /// The rendered HTML part.
    pub html: &'a str,
    /// The recipient's one-click URL.
    pub unsubscribe_url: &'a str,
    /// The `mailto:` URL for unsubscribing by mail.
    pub unsubscribe_mailto: Option<&'a str>,
    /// What the list is about, for people, e.g. the plan's name.
    pub list_label: &'a str,
    /// The same as a stable word, e.g. the plan's key.
    pub list_topic: &'a str,
}

impl Email<'_> {
    /// The finished message, ready to be signed. The same input gives the same bytes.
    pub fn build(&self) -> Result<FinishedMessage, MessageError> {
        for (what, text) in [
            ("subject", self.subject),
            ("recipient's name", self.to_name),
            ("sender's name", self.from.name.as_deref().unwrap_or_default()),
            (
                "reply-to name",
                self.reply_to.and_then(|mailbox| mailbox.name.as_deref()).unwrap_or_default(),
            ),
            ("list's name", self.list_label),
        ] {
            if text.contains(char::is_control) {
                return Err(MessageError::ControlCharacter(what));
            }
        }
        let name = Some(self.to_name.trim()).filter(|name| !name.is_empty()).map(str::to_owned);
        let mut message = Message::builder()
            .from(self.from.clone())
            .to(Mailbox::new(name, self.envelope.to().clone()))
            .subject(self.subject)
            .message_id(Some(self.sent_for.message_id(self.from)))
            .date(self.now.into());
        if let Some(reply_to) = self.reply_to {
            message = message.reply_to(reply_to.clone());
        }
        let message = self.list_headers(message)?;
        let message = self.sent_for.headers(message);
        let parts = MultiPart::builder()
            .kind(MultiPartKind::Alternative)
            .boundary(self.sent_for.boundary())
            .singlepart(text_part(self.text))
            .singlepart(html_part(self.html));
        let message =
            message.multipart(parts).map_err(|error| MessageError::Build(error.to_string()))?;
        FinishedMessage::parse(message.formatted())
    }

    /// List-Unsubscribe, List-Unsubscribe-Post and List-Id (EML-07, EML-21, V-13).
    fn list_headers(&self, message: MessageBuilder) -> Result<MessageBuilder, MessageError> {
        let url = self.unsubscribe_url;
        if !is_one_click_url(url) {
            return Err(MessageError::UnsubscribeUrl);
        }
        let mut unsubscribe = format!("<{url}>");
        if let Some(mailto) = self.unsubscribe_mailto {
            if !(mailto.starts_with("mailto:") && is_plain(mailto)) {
                return Err(MessageError::UnsubscribeMailto);
            }
            unsubscribe.push_str(&format!(", <{mailto}>"));
        }
        let label = self.list_label.replace(['<', '>', '"', '\\', '(', ')'], " ");
        let topic: String = self
            .list_topic
            .chars()
            .map(|letter| if letter.is_ascii_alphanumeric() { letter } else { '-' })
            .collect();
        let list = format!("<{}.lists.{}>", topic.to_ascii_lowercase(), self.from.email.domain());
        let list_id = match label.trim() {
            "" => list,
            label => format!("{label} {list}"),
        };
        let message = header(message, "List-Id", list_id);
        let message = header(message, "List-Unsubscribe", unsubscribe);
        Ok(header(message, "List-Unsubscribe-Post", "List-Unsubscribe=One-Click".to_owned()))
    }
}

pub(crate) fn header(message: MessageBuilder, name: &'static str, value: String) -> MessageBuilder {
    message.raw_header(HeaderValue::new(HeaderName::new_from_ascii_str(name), value))
}

/// An https URL in plain ASCII. Plain http passes for this machine alone, where a trial run has
/// no certificate and no mail leaves.
fn is_one_click_url(url: &str) -> bool {
    let local = ["http://127.0.0.1", "http://localhost", "http://[::1]"];
    let local = local
        .iter()
        .any(|host| url.strip_prefix(host).is_some_and(|rest| rest.starts_with([':', '/'])));
    (url.starts_with("https://") || local) && is_plain(url)
}

fn is_plain(url: &str) -> bool {
    url.len() <= 900 && url.bytes().all(|byte| byte.is_ascii_graphic() && !b"<>\"".contains(&byte))
}

/// The plain text of a message.
pub(crate) fn text_part(text: &str) -> SinglePart {
    part(ContentType::TEXT_PLAIN, text)
}

/// The page of a message.
pub(crate) fn html_part(html: &str) -> SinglePart {
    part(ContentType::TEXT_HTML, html)
}

/// A part of the message. Plain ASCII in short lines goes as it is; for everything else lettre
/// chooses the encoding.
fn part(kind: ContentType, text: &str) -> SinglePart {
    let part = SinglePart::builder().header(kind);
    let text = line_feeds(text);
    let longest = text.split('\n').map(str::len).max().unwrap_or_default();
    if text.is_ascii() && longest <= LONGEST_LINE {
        let body = text.replace('\n', "\r\n").into_bytes();
        let seven_bit = ContentTransferEncoding::SevenBit;
        return part.body(Body::dangerous_pre_encoded(body, seven_bit));
    }
    part.body(text.into_owned())
}

/// The text with line feeds alone at line ends.
fn line_feeds(text: &str) -> Cow<'_, str> {
    if text.contains('\r') {
        Cow::Owned(text.replace("\r\n", "\n").replace('\r', "\n"))
    } else {
        Cow::Borrowed(text)
    }
}

/// A message as it goes over the wire: lines end with CR LF and are not too long.
#[derive(Clone, PartialEq, Eq)]
pub struct FinishedMessage(String);

impl FinishedMessage {
    /// Checks the bytes of a whole message. Bare CR or LF is refused, not mended: servers disagree
    /// about them, which is how one message is made to look like two (SMTP smuggling).
    pub fn parse(bytes: Vec<u8>) -> Result<Self, MessageError> {
        let mut text =
            String::from_utf8(bytes).map_err(|_| MessageError::Malformed("is not UTF-8"))?;
        if !text.ends_with("\r\n") {
            text.push_str("\r\n");
        }
        let bytes = text.as_bytes();
        let mut line_start = 0;
        // What stands in the way of a line, found by memchr: the message is read once.
        for at in memchr::memchr3_iter(b'\r', b'\n', b'\0', bytes) {
            match bytes[at] {
                b'\r' if bytes.get(at + 1) == Some(&b'\n') => {
                    if at - line_start > LONGEST_LINE {
                        return Err(MessageError::Malformed("has a line of more than 998 bytes"));
                    }
                    line_start = at + 2;
                }
                b'\n' if at + 1 == line_start => {}
                b'\n' => return Err(MessageError::Malformed("has a bare line feed")),
                _ => return Err(MessageError::Malformed("has a bare carriage return or a NUL")),
            }
        }
        Ok(Self(text))
    }

    /// The message with one more header on top; for signatures.
    pub(crate) fn with_header(&self, header: &str) -> Result<Self, MessageError> {
        Self::parse(format!("{header}{}", self.0).into_bytes())
    }

    /// The bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }

    /// Whether it can go to a server that takes ASCII alone.
    #[must_use]
    pub fn is_ascii(&self) -> bool {
        self.0.is_ascii()
    }

    /// As SMTP's DATA wants it: dots at line starts doubled, the final dot at the end (RFC 5321
    /// §4.5.2).
    #[must_use]
    pub fn dotted(&self) -> String {
        let first = if self.0.starts_with('.') { "." } else { "" };
        let mut dotted = String::with_capacity(self.0.len() + 64);
        dotted.push_str(first);
        let mut copied = 0;
        for at in memchr::memmem::find_iter(self.0.as_bytes(), b"\r\n.") {
            dotted.push_str(&self.0[copied..at + 3]);
            dotted.push('.');
            copied = at + 3;
        }
        dotted.push_str(&self.0[copied..]);
        dotted.push_str(".\r\n");
        dotted
    }
}

impl std::fmt::Debug for FinishedMessage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "FinishedMessage({} bytes)", self.0.len())
    }
}

#[cfg(test)]
#[path = "message_tests.rs"]
mod tests;
