//! What mail providers tell by webhook: how each proves itself, and what its words mean in ours
//! (compliance.md BNC-11, V-4b, SEC-08, SEC-09).
//!
//! A module per provider, without I/O: a check of the signature over the body as it came, and a
//! reading that gives one [`Report`] per recipient.

mod certificate;
pub(crate) mod hook;
pub mod mailgun;
pub mod postmark;
mod seen;
pub mod sendgrid;
pub mod ses;
pub mod sns;

use chrono::{DateTime, TimeDelta, Utc};
use domain::TouchId;
use domain::bounce::EnhancedStatus;
use domain::email::Email;
use domain::return_path::ReturnPath;
use domain::token::TokenKeys;
use secrecy::{ExposeSecret, SecretString};
use subtle::{Choice, ConstantTimeEq};

use crate::returns::provider::ProviderEvent;

/// How far a provider's clock may be ahead of ours.
const AHEAD: TimeDelta = TimeDelta::minutes(5);

/// As long as a signed request is taken after it was signed. SendGrid and Mailgun try again for up to
/// a day, and an opt-out that comes late because we were away must not be lost; a request that was
/// taken before is known again for longer.
pub(crate) const WINDOW: TimeDelta = TimeDelta::hours(24);

domain::words! {
    /// A mail provider.
    Provider, "mail provider", {
        /// Amazon SES, through SNS.
        Ses = "ses",
        /// SendGrid's event webhook.
        SendGrid = "sendgrid",
        /// Mailgun's webhooks, version 3.
        Mailgun = "mailgun",
        /// Postmark's webhooks.
        Postmark = "postmark",
    }
}

/// A request that does not prove where it comes from. One answer to everything that can be wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the request is not signed as it should be")]
pub struct Forged;

/// What a provider tells about one recipient of one message.
#[derive(Clone, PartialEq, Eq)]
pub struct Report {
    /// What the provider knows it by; the same when it is told again.
    pub id: String,
    /// What it means.
    pub event: ProviderEvent,
    /// The status of a bounce, where it is told (RFC 3463).
    pub status: Option<EnhancedStatus>,
    /// Whom it is about.
    pub recipient: Option<Email>,
    /// The envelope sender of the message, where the provider tells it.
    pub return_path: Option<String>,
    /// The Message-ID we gave, or the value of our header X-Touch-Id.
    pub message_id: Option<String>,
    /// When it happened, by the provider's clock.
    pub at: Option<DateTime<Utc>>,
}

impl std::fmt::Debug for Report {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Report({:?}, …)", self.event)
    }
}

impl Report {
    /// The touch whose message it is about, where it can be known: from the signed return path, else
    /// from the Message-ID, which says as much as the provider who passes it on is believed.
    #[must_use]
    pub fn touch(&self, keys: &TokenKeys) -> Option<TouchId> {
        let signed = self.return_path.as_deref();
        let signed = signed.and_then(|path| ReturnPath::verify(keys, path).ok());
        signed.map(|path| path.touch).or_else(|| touch_named(self.message_id.as_deref()?))
    }
}

/// The touch of `<touch-{id}@domain>`, with or without its brackets, or of the id alone.
fn touch_named(message_id: &str) -> Option<TouchId> {
    let name = message_id.trim().trim_start_matches('<').split('@').next()?;
    name.strip_prefix("touch-").unwrap_or(name).parse().ok()
}

/// Whether `at` lies within `window` before `now`, or a little after it.
fn is_fresh(at: DateTime<Utc>, now: DateTime<Utc>, window: TimeDelta) -> bool {
    now - at <= window && at - now <= AHEAD
}

/// The instant of a number of seconds since 1970, written in decimal digits alone.
fn instant(seconds: &str) -> Option<DateTime<Utc>> {
    if seconds.len() > 12 || !seconds.bytes().all(|digit| digit.is_ascii_digit()) {
        return None;
    }
    DateTime::from_timestamp(seconds.parse().ok()?, 0)
}

/// Whether `given` is one of the secrets. Each is compared to the end.
pub(crate) fn is_one_of(secrets: &[SecretString], given: &[u8]) -> bool {
    let found = secrets.iter().fold(Choice::from(0), |found, secret| {
        let secret = secret.expose_secret().as_bytes();
        found | (secret.ct_eq(given) & Choice::from(u8::from(!secret.is_empty())))
    });
    bool::from(found)
}

/// The time in a provider's text, which is RFC 3339 or says nothing.
fn time(text: Option<&str>) -> Option<DateTime<Utc>> {
    DateTime::parse_from_rfc3339(text?).ok().map(|at| at.to_utc())
}

/// The address in a provider's text.
fn email(text: Option<&str>) -> Option<Email> {
    Email::parse(text?).ok()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_touch_is_known_by_its_return_path_or_its_message_id() {
        let keys = TokenKeys::new("k1", b"secret");
        let (touch, other) = (TouchId::new(), TouchId::new());
        let key = domain::AddressKeyer::new(b"k").key(domain::AddressKind::Email, "a@example.com");
        let signed = ReturnPath::new(touch, &key).local_part(&keys);
        let report = |return_path: Option<&str>, message_id: Option<String>| Report {
            id: String::new(),
            event: ProviderEvent::Nothing,
            status: None,
            recipient: None,
            return_path: return_path.map(str::to_owned),
            message_id,
            at: None,
        };
        let id = format!("<touch-{other}@palm.example>");
        assert_eq!(report(Some(&signed), Some(id.clone())).touch(&keys), Some(touch));
        assert_eq!(report(Some("hello@palm.example"), Some(id)).touch(&keys), Some(other));
        assert_eq!(report(None, Some(other.to_string())).touch(&keys), Some(other));
        assert_eq!(report(None, Some("<touch-1@palm.example>".to_owned())).touch(&keys), None);
        assert_eq!(report(None, None).touch(&keys), None);
    }

    #[test]
    fn an_empty_secret_opens_nothing_and_each_of_two_does() {
        let secrets = ["", "one", "two"].map(SecretString::from);
        assert!(is_one_of(&secrets, b"one") && is_one_of(&secrets, b"two"));
        assert!(!is_one_of(&secrets, b"") && !is_one_of(&secrets, b"three"));
        assert!(!is_one_of(&[], b""));
    }

    #[test]
    fn a_window_has_two_ends() {
        let now = "2026-06-01T12:00:00Z".parse().unwrap();
        assert!(is_fresh(now, now, WINDOW) && is_fresh(now - WINDOW, now, WINDOW));
        assert!(is_fresh(now + AHEAD, now, WINDOW));
        let second = TimeDelta::seconds(1);
        assert!(!is_fresh(now - WINDOW - second, now, WINDOW));
        assert!(!is_fresh(now + AHEAD + second, now, WINDOW));
        for text in ["", "-1", "+1", "1e3", "99999999999999", " 1"] {
            assert_eq!(instant(text), None, "{text}");
        }
    }
}
