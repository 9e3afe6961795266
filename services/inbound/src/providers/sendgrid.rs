//! SendGrid's event webhook: ECDSA on P-256 with SHA-256 over the timestamp and the body as it came.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, Utc};
use domain::bounce::{BounceClass, Suppress, classify};
use ring::signature::{ECDSA_P256_SHA256_ASN1, UnparsedPublicKey};
use serde::Deserialize;
use serde_json::Value;

use super::{Forged, Report, WINDOW, email, instant, is_fresh};
use crate::returns::provider::ProviderEvent;

/// The header of the signature, in base64.
pub const SIGNATURE: &str = "x-twilio-email-event-webhook-signature";

/// The header of the timestamp, in seconds since 1970.
pub const TIMESTAMP: &str = "x-twilio-email-event-webhook-timestamp";

/// What stands before the point of a P-256 key (RFC 5480 §2).
const KEY_PREFIX: &[u8] = &[
    0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x02, 0x01, 0x06, 0x08, 0x2A,
    0x86, 0x48, 0xCE, 0x3D, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00,
];

/// A verification key, as SendGrid's page shows it.
#[derive(Clone, PartialEq, Eq)]
pub struct Key(Vec<u8>);

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Key(…)")
    }
}

impl Key {
    /// The key of its text: base64 of a SubjectPublicKeyInfo. `None` where this is no P-256 key.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let der = STANDARD.decode(text.trim()).ok()?;
        let point = der.strip_prefix(KEY_PREFIX)?;
        (point.len() == 65 && point[0] == 0x04).then(|| Self(point.to_vec()))
    }

    fn has_signed(&self, text: &[u8], signature: &[u8]) -> bool {
        UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, &self.0).verify(text, signature).is_ok()
    }
}

/// Whether one of the keys has signed the body at `timestamp`, and not too long ago.
pub fn check(
    keys: &[Key],
    timestamp: &str,
    signature: &str,
    body: &[u8],
    now: DateTime<Utc>,
) -> Result<(), Forged> {
    if !instant(timestamp).is_some_and(|at| is_fresh(at, now, WINDOW)) {
        return Err(Forged);
    }
    let signature = STANDARD.decode(signature).map_err(|_| Forged)?;
    let text = [timestamp.as_bytes(), body].concat();
    let is_signed = keys.iter().any(|key| key.has_signed(&text, &signature));
    if is_signed { Ok(()) } else { Err(Forged) }
}

#[derive(Deserialize)]
struct Event {
    event: String,
    email: Option<String>,
    timestamp: Option<i64>,
    #[serde(rename = "smtp-id")]
    smtp_id: Option<String>,
    sg_event_id: Option<String>,
    #[serde(default)]
    reason: String,
    status: Option<String>,
    #[serde(rename = "type")]
    kind: Option<String>,
    bounce_classification: Option<String>,
}

/// A report per event; what of the list cannot be read is left out. `None` where this is no list.
#[must_use]
pub fn read(body: &[u8]) -> Option<Vec<Report>> {
    let events: Vec<Value> = serde_json::from_slice(body).ok()?;
    let events = events.into_iter().filter_map(|event| serde_json::from_value(event).ok());
    Some(events.filter_map(report).collect())
}

fn report(event: Event) -> Option<Report> {
    let meaning = meaning(&event);
    Some(Report {
        id: event.sg_event_id?,
        event: meaning,
        status: event.status.as_deref().and_then(|status| status.parse().ok()),
        recipient: email(event.email.as_deref()),
        return_path: None,
        message_id: event.smtp_id,
        at: event.timestamp.and_then(|at| DateTime::from_timestamp(at, 0)),
    })
}

fn meaning(event: &Event) -> ProviderEvent {
    match event.event.as_str() {
        "delivered" => ProviderEvent::Delivered,
        "spamreport" => ProviderEvent::Complaint,
        "unsubscribe" | "group_unsubscribe" => ProviderEvent::Unsubscribe,
        "bounce" => bounce(event),
        // It was not even tried, because of an earlier event that may have passed us by.
        "dropped" => match event.reason.to_ascii_lowercase().as_str() {
            "spam reporting address" => ProviderEvent::Complaint,
            "unsubscribed address" => ProviderEvent::Unsubscribe,
            "bounced address" | "invalid" => ProviderEvent::ProviderSuppressed,
            _ => ProviderEvent::Bounce(BounceClass::Config, Suppress::No),
        },
        // Delayed is no bounce (compliance.md BNC-06), and clicks and opens are nothing here.
        _ => ProviderEvent::Nothing,
    }
}

fn bounce(event: &Event) -> ProviderEvent {
    let status = event.status.as_deref().and_then(|status| status.parse().ok());
    let found = classify(status, None, &event.reason);
    let (class, suppress) = (found.class, found.suppress);
    let is_blocked = event.kind.as_deref() == Some("blocked");
    match (class, event.bounce_classification.as_deref()) {
        // "blocked" is what SendGrid calls a refusal that is not about the mailbox.
        (BounceClass::Hard, _) if is_blocked => {
            ProviderEvent::Bounce(BounceClass::Block, Suppress::No)
        }
        (BounceClass::SoftTransient, Some("Invalid Address")) if !is_blocked => {
            ProviderEvent::Bounce(BounceClass::Hard, Suppress::Now)
        }
        _ => ProviderEvent::Bounce(class, suppress),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use chrono::TimeDelta;
    use ring::rand::SystemRandom;
    use ring::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair};
    use serde_json::json;

    use super::*;

    struct Sender {
        pair: EcdsaKeyPair,
        key: Key,
    }

    impl Sender {
        fn new() -> Self {
            let random = SystemRandom::new();
            let algorithm = &ECDSA_P256_SHA256_ASN1_SIGNING;
            let pkcs8 = EcdsaKeyPair::generate_pkcs8(algorithm, &random).unwrap();
            let pair = EcdsaKeyPair::from_pkcs8(algorithm, pkcs8.as_ref(), &random).unwrap();
            let key = STANDARD.encode([KEY_PREFIX, pair.public_key().as_ref()].concat());
            Self { pair, key: Key::parse(&key).unwrap() }
        }

        fn sign(&self, timestamp: &str, body: &[u8]) -> Vec<u8> {
            let text = [timestamp.as_bytes(), body].concat();
            self.pair.sign(&SystemRandom::new(), &text).unwrap().as_ref().to_vec()
        }
    }

    fn now() -> DateTime<Utc> {
        DateTime::from_timestamp(1_780_000_000, 0).unwrap()
    }

    const AT: &str = "1780000000";
    const BODY: &[u8] = br#"[{"email":"a@example.org","event":"spamreport","sg_event_id":"e1"}]"#;

    #[test]
    fn either_of_two_keys_is_enough() {
        let (one, two, other) = (Sender::new(), Sender::new(), Sender::new());
        let keys = [one.key.clone(), two.key.clone()];
        for sender in [&one, &two] {
            let signature = STANDARD.encode(sender.sign(AT, BODY));
            assert_eq!(check(&keys, AT, &signature, BODY, now()), Ok(()));
            assert_eq!(check(&[], AT, &signature, BODY, now()), Err(Forged));
        }
        let signature = STANDARD.encode(other.sign(AT, BODY));
        assert_eq!(check(&keys, AT, &signature, BODY, now()), Err(Forged));
    }

    #[test]
    fn a_byte_changed_anywhere_is_refused() {
        let sender = Sender::new();
        let keys = [sender.key.clone()];
        let raw = sender.sign(AT, BODY);
        let signature = STANDARD.encode(&raw);
        let refused = |timestamp: &str, signature: &str, body: &[u8]| {
            assert_eq!(check(&keys, timestamp, signature, body, now()), Err(Forged), "{timestamp}");
        };
        for at in 0..BODY.len() {
            for bit in 0..8 {
                let mut body = BODY.to_vec();
                body[at] ^= 1 << bit;
                refused(AT, &signature, &body);
            }
        }
        for at in 0..raw.len() {
            for bit in 0..8 {
                let mut changed = raw.clone();
                changed[at] ^= 1 << bit;
                refused(AT, &STANDARD.encode(changed), BODY);
            }
        }
        for at in 0..AT.len() {
            let mut timestamp = AT.to_owned().into_bytes();
            timestamp[at] ^= 1;
            refused(std::str::from_utf8(&timestamp).unwrap(), &signature, BODY);
        }
        for timestamp in ["", "01780000000", " 1780000000", "1780000000 "] {
            refused(timestamp, &signature, BODY);
        }
        refused(AT, "", BODY);
        refused(AT, "%", BODY);
        refused(AT, &signature, &[BODY, b"\n"].concat());
        // A digit of the timestamp as the body's first byte would give the same signed text.
        refused("178000000", &signature, &[b"0", BODY].concat());
    }

    #[test]
    fn an_old_request_is_refused_although_it_is_signed() {
        let sender = Sender::new();
        let signature = STANDARD.encode(sender.sign(AT, BODY));
        let at = |hours| {
            check(
                std::slice::from_ref(&sender.key),
                AT,
                &signature,
                BODY,
                now() + TimeDelta::hours(hours),
            )
        };
        assert_eq!(at(23), Ok(()));
        assert_eq!(at(25), Err(Forged));
        assert_eq!(at(-1), Err(Forged));
    }

    #[test]
    fn what_is_no_p256_key_is_none() {
        let ours = STANDARD.encode([KEY_PREFIX, Sender::new().key.0.as_slice()].concat());
        assert!(Key::parse(&format!(" {ours}\n")).is_some());
        for text in ["", "%", &ours[..80], "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE"] {
            assert_eq!(Key::parse(text), None, "{text}");
        }
    }

    #[test]
    fn each_event_means_what_it_says() {
        let event = |more: Value| {
            let mut event = json!({ "email": "Sara@example.org", "sg_event_id": "e" });
            event.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            let reports = read(json!([event]).to_string().as_bytes()).unwrap();
            assert_eq!(reports[0].recipient.as_ref().unwrap().canonical(), "sara@example.org");
            reports[0].event
        };
        let bounce = |class, suppress| ProviderEvent::Bounce(class, suppress);
        let hard = bounce(BounceClass::Hard, Suppress::Now);
        let gone =
            json!({ "event": "bounce", "type": "bounce", "status": "5.1.1", "reason": "550" });
        assert_eq!(event(gone), hard);
        let invalid = json!({
            "event": "bounce", "type": "bounce", "status": "5.0.0",
            "bounce_classification": "Invalid Address",
        });
        assert_eq!(event(invalid), hard);
        let blocked = json!({ "event": "bounce", "type": "blocked", "status": "5.1.1" });
        assert_eq!(event(blocked), bounce(BounceClass::Block, Suppress::No));
        let full = json!({ "event": "bounce", "type": "bounce", "status": "5.2.2" });
        assert_eq!(event(full), bounce(BounceClass::SoftMailbox, Suppress::Counter));
        assert_eq!(event(json!({ "event": "spamreport" })), ProviderEvent::Complaint);
        assert_eq!(event(json!({ "event": "unsubscribe" })), ProviderEvent::Unsubscribe);
        assert_eq!(event(json!({ "event": "group_unsubscribe" })), ProviderEvent::Unsubscribe);
        assert_eq!(event(json!({ "event": "group_resubscribe" })), ProviderEvent::Nothing);
        assert_eq!(event(json!({ "event": "delivered" })), ProviderEvent::Delivered);
        assert_eq!(event(json!({ "event": "deferred" })), ProviderEvent::Nothing);
        let dropped = |reason: &str| event(json!({ "event": "dropped", "reason": reason }));
        assert_eq!(dropped("Bounced Address"), ProviderEvent::ProviderSuppressed);
        assert_eq!(dropped("Unsubscribed Address"), ProviderEvent::Unsubscribe);
        assert_eq!(dropped("Spam Reporting Address"), ProviderEvent::Complaint);
        assert_eq!(dropped("Spam Content"), bounce(BounceClass::Config, Suppress::No));
    }

    #[test]
    fn one_event_that_cannot_be_read_holds_up_no_other() {
        let body = r#"[1, {"event": 5}, {"event":"spamreport","sg_event_id":"e2"}, {"event":"x"}]"#;
        let reports = read(body.as_bytes()).unwrap();
        assert_eq!(reports.len(), 1);
        assert_eq!((reports[0].id.as_str(), &reports[0].recipient), ("e2", &None));
        assert_eq!(read(b"{}"), None);
        assert_eq!(read(b""), None);
    }
}
