//! Mailgun's webhooks: HMAC-SHA-256 over a timestamp and a token, which stand in the body.
//!
//! The signature does not cover what is told. That it was Mailgun is known all the same, because a
//! token counts once; that nothing was changed on the way is for TLS to see to.

use chrono::{DateTime, Utc};
use hmac::{Hmac, KeyInit, Mac};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use sha2::Sha256;
use subtle::Choice;

use super::{Forged, Report, WINDOW, email, instant, is_fresh};
use crate::returns::provider;

/// Characters of a token at most; Mailgun's have 50.
const TOKEN_LENGTH: usize = 128;

/// Nothing else of a body is looked at before its signature.
#[derive(Deserialize)]
struct Signed {
    signature: Signature,
}

/// What proves that a request is Mailgun's.
#[derive(Deserialize)]
struct Signature {
    timestamp: String,
    token: String,
    signature: String,
}

#[derive(Deserialize)]
struct Body {
    #[serde(rename = "event-data")]
    event: Option<Event>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Event {
    event: String,
    id: Option<String>,
    timestamp: Option<f64>,
    recipient: Option<String>,
    severity: Option<String>,
    #[serde(default)]
    delivery_status: DeliveryStatus,
    #[serde(default)]
    envelope: Envelope,
    #[serde(default)]
    message: Message,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
struct DeliveryStatus {
    code: Option<u16>,
    enhanced_code: Option<String>,
    message: Option<String>,
    description: Option<String>,
}

#[derive(Default, Deserialize)]
struct Envelope {
    sender: Option<String>,
}

#[derive(Default, Deserialize)]
struct Message {
    #[serde(default)]
    headers: Headers,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Headers {
    message_id: Option<String>,
}

/// Whether a body was signed with one of the keys, and not too long ago. Answers its token, which
/// must not have been seen before.
pub fn check(keys: &[SecretString], body: &[u8], now: DateTime<Utc>) -> Result<String, Forged> {
    let Signed { signature } = serde_json::from_slice(body).map_err(|_| Forged)?;
    let Signature { timestamp, token, signature } = signature;
    let is_fresh = instant(&timestamp).is_some_and(|at| is_fresh(at, now, WINDOW));
    let is_token = (1..=TOKEN_LENGTH).contains(&token.len());
    let given = domain::hex::decode(&signature).ok_or(Forged)?;
    let is_signed = keys.iter().fold(Choice::from(0), |is_signed, key| {
        let key = key.expose_secret().as_bytes();
        let mut mac =
            Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes a key of any length (RFC 2104)");
        mac.update(timestamp.as_bytes());
        mac.update(token.as_bytes());
        is_signed | Choice::from(u8::from(!key.is_empty() && mac.verify_slice(&given).is_ok()))
    });
    if bool::from(is_signed) && is_fresh && is_token { Ok(token) } else { Err(Forged) }
}

/// The one report of a body, if it is about a recipient; `None` where it cannot be read.
#[must_use]
pub fn read(body: &[u8]) -> Option<Vec<Report>> {
    let body: Body = serde_json::from_slice(body).ok()?;
    let event = body.event?;
    let DeliveryStatus { code, enhanced_code, message, description } = &event.delivery_status;
    let text = [message, description].map(|text| text.as_deref().unwrap_or_default()).join(" ");
    let status = enhanced_code.as_deref().and_then(|status| status.parse().ok());
    // A temporary failure is tried again; it is a bounce when Mailgun gives up.
    let name = match (event.event.as_str(), event.severity.as_deref()) {
        ("failed" | "temporary_fail", Some("temporary")) => "deferred",
        (name, _) => name,
    };
    Some(vec![Report {
        id: event.id?,
        event: provider::mailgun(name, *code, status, &text),
        status,
        recipient: email(event.recipient.as_deref()),
        return_path: event.envelope.sender,
        message_id: event.message.headers.message_id,
        at: event.timestamp.and_then(milliseconds),
    }])
}

/// The instant of a number of seconds with fractions.
#[allow(clippy::cast_possible_truncation)] // What is out of range is no instant, and said so below.
fn milliseconds(seconds: f64) -> Option<DateTime<Utc>> {
    DateTime::from_timestamp_millis((seconds * 1000.0) as i64)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use chrono::TimeDelta;
    use domain::bounce::{BounceClass, Suppress};
    use serde_json::{Value, json};

    use super::*;
    use crate::returns::provider::ProviderEvent;

    const AT: &str = "1780000000";
    const TOKEN: &str = "a8ce0edb2dd8301dee6c2405235584e45aa91d1e9f979f3de0";

    fn now() -> DateTime<Utc> {
        DateTime::from_timestamp(1_780_000_000, 0).unwrap()
    }

    fn keys() -> Vec<SecretString> {
        ["key-of-today", "key-of-yesterday"].map(SecretString::from).to_vec()
    }

    fn signature(key: &str, timestamp: &str, token: &str) -> String {
        let mut mac = Hmac::<Sha256>::new_from_slice(key.as_bytes()).unwrap();
        mac.update(timestamp.as_bytes());
        mac.update(token.as_bytes());
        domain::hex::encode(&mac.finalize().into_bytes())
    }

    fn body(timestamp: &str, token: &str, signature: &str) -> String {
        let signature = json!({ "timestamp": timestamp, "token": token, "signature": signature });
        json!({ "signature": signature, "event-data": { "event": "complained", "id": "i" } })
            .to_string()
    }

    fn is_taken(timestamp: &str, token: &str, signature: &str) -> bool {
        check(&keys(), body(timestamp, token, signature).as_bytes(), now()).is_ok()
    }

    #[test]
    fn either_of_two_keys_is_enough() {
        for key in ["key-of-today", "key-of-yesterday"] {
            let body = body(AT, TOKEN, &signature(key, AT, TOKEN));
            assert_eq!(check(&keys(), body.as_bytes(), now()), Ok(TOKEN.to_owned()));
            assert_eq!(check(&[], body.as_bytes(), now()), Err(Forged));
        }
        assert!(!is_taken(AT, TOKEN, &signature("another", AT, TOKEN)));
        let empty = [SecretString::from("")];
        let signed = body(AT, TOKEN, &signature("", AT, TOKEN));
        assert_eq!(check(&empty, signed.as_bytes(), now()), Err(Forged));
    }

    #[test]
    fn every_character_of_what_is_signed_counts() {
        let good = signature("key-of-today", AT, TOKEN);
        assert!(is_taken(AT, TOKEN, &good));
        let changes = |text: &str| -> Vec<String> {
            let change = |at: usize| {
                let mut changed = text.as_bytes().to_vec();
                changed[at] = if changed[at] == b'1' { b'2' } else { b'1' };
                String::from_utf8(changed).unwrap()
            };
            let cut = (0..text.len()).map(|end| text[..end].to_owned());
            (0..text.len()).map(change).chain(cut).chain([format!("{text}0")]).collect()
        };
        for timestamp in changes(AT) {
            assert!(!is_taken(&timestamp, TOKEN, &good), "{timestamp}");
        }
        for token in changes(TOKEN) {
            assert!(!is_taken(AT, &token, &good), "{token}");
        }
        for changed in changes(&good) {
            assert!(!is_taken(AT, TOKEN, &changed), "{changed}");
        }
        assert!(!is_taken(AT, TOKEN, &good.to_uppercase()));
        // The border between timestamp and token may not move.
        assert!(!is_taken(&AT[..9], &format!("0{TOKEN}"), &good));
    }

    #[test]
    fn an_old_request_and_what_is_no_request_are_refused() {
        let signed = body(AT, TOKEN, &signature("key-of-today", AT, TOKEN));
        let at = |hours| check(&keys(), signed.as_bytes(), now() + TimeDelta::hours(hours));
        assert!(at(23).is_ok());
        assert_eq!(at(25), Err(Forged));
        assert_eq!(at(-1), Err(Forged));
        for body in ["", "{}", "[]", "{\"signature\":{}}", "{\"signature\":null}"] {
            assert_eq!(check(&keys(), body.as_bytes(), now()), Err(Forged), "{body}");
        }
        let none = body(AT, "", &signature("key-of-today", AT, ""));
        assert_eq!(check(&keys(), none.as_bytes(), now()), Err(Forged));
    }

    #[test]
    fn each_event_means_what_it_says() {
        let event = |event: Value| {
            let signature = json!({ "timestamp": AT, "token": TOKEN, "signature": "" });
            let body = json!({ "signature": signature, "event-data": event }).to_string();
            read(body.as_bytes()).unwrap().remove(0)
        };
        let gone = event(json!({
            "event": "failed", "severity": "permanent", "id": "G9", "timestamp": 1_780_000_000.5,
            "recipient": "Sara@example.org", "envelope": { "sender": "b+x.y@bounce.palm.example" },
            "message": { "headers": { "message-id": "touch-1@palm.example" } },
            "delivery-status": { "code": 550, "message": "5.1.1 user unknown" },
        }));
        assert_eq!(gone.event, ProviderEvent::Bounce(BounceClass::Hard, Suppress::Now));
        assert_eq!(gone.recipient.unwrap().canonical(), "sara@example.org");
        assert_eq!(gone.return_path.as_deref(), Some("b+x.y@bounce.palm.example"));
        assert_eq!(gone.at.unwrap().timestamp_millis(), 1_780_000_000_500);
        let full = json!({
            "event": "failed", "severity": "permanent", "id": "i",
            "delivery-status": { "code": 552, "enhanced-code": "5.2.2" },
        });
        assert_eq!(
            event(full).event,
            ProviderEvent::Bounce(BounceClass::SoftMailbox, Suppress::Counter)
        );
        let listed = json!({
            "event": "failed", "severity": "permanent", "id": "i", "delivery-status": { "code": 605 },
        });
        assert_eq!(event(listed).event, ProviderEvent::ProviderSuppressed);
        let later = json!({ "event": "failed", "severity": "temporary", "id": "i" });
        assert_eq!(event(later).event, ProviderEvent::Nothing);
        for (name, meaning) in [
            ("complained", ProviderEvent::Complaint),
            ("unsubscribed", ProviderEvent::Unsubscribe),
            ("delivered", ProviderEvent::Delivered),
            ("opened", ProviderEvent::Nothing),
        ] {
            assert_eq!(event(json!({ "event": name, "id": "i" })).event, meaning, "{name}");
        }
    }
}
