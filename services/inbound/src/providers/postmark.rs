//! Postmark's webhooks, which are not signed: a secret of ours comes with them, as the password of
//! HTTP basic authentication or as the header X-Touchline-Secret.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use secrecy::SecretString;
use serde::Deserialize;

use super::{Forged, Report, email, is_one_of, time};
use crate::returns::provider::{self, ProviderEvent};

/// Whether a request carries one of the secrets: `authorization` is that header, `secret` the one of
/// ours. The user's name is of no account.
pub fn check(
    secrets: &[SecretString],
    authorization: Option<&str>,
    secret: Option<&str>,
) -> Result<(), Forged> {
    let password = authorization.and_then(password);
    let given = [secret.map(str::as_bytes), password.as_deref()];
    let is_ours = given.into_iter().flatten().any(|given| is_one_of(secrets, given));
    if is_ours { Ok(()) } else { Err(Forged) }
}

/// The password of a header `Basic base64(user:password)` (RFC 7617).
fn password(authorization: &str) -> Option<Vec<u8>> {
    let (scheme, credentials) = authorization.split_once(' ')?;
    let credentials = STANDARD.decode(credentials.trim()).ok()?;
    let colon = credentials.iter().position(|byte| *byte == b':')?;
    scheme.eq_ignore_ascii_case("basic").then(|| credentials[colon + 1..].to_vec())
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Record {
    record_type: String,
    #[serde(rename = "ID")]
    id: Option<u64>,
    #[serde(rename = "MessageID")]
    message_id: Option<String>,
    #[serde(rename = "Type")]
    kind: Option<String>,
    email: Option<String>,
    recipient: Option<String>,
    origin: Option<String>,
    suppress_sending: Option<bool>,
    suppression_reason: Option<String>,
    bounced_at: Option<String>,
    delivered_at: Option<String>,
    changed_at: Option<String>,
}

/// The one report of a body; `None` where it cannot be read.
#[must_use]
pub fn read(body: &[u8]) -> Option<Vec<Report>> {
    let record: Record = serde_json::from_slice(body).ok()?;
    let at = record.bounced_at.as_ref().or(record.delivered_at.as_ref());
    let at = at.or(record.changed_at.as_ref()).cloned();
    let recipient = record.email.as_ref().or(record.recipient.as_ref());
    let event = meaning(&record);
    // Only bounces and complaints have an id of their own.
    let parts = [&record.message_id, &at, &record.suppression_reason];
    let told = || parts.map(|part| part.as_deref().unwrap_or_default()).join(" ");
    let id = record.id.map_or_else(told, |id| id.to_string());
    Some(vec![Report {
        id: format!("{} {id}", record.record_type),
        event,
        // It is not told; the type says as much.
        status: None,
        recipient: email(recipient.map(String::as_str)),
        return_path: None,
        // Postmark's own, under which we know nothing.
        message_id: None,
        at: time(at.as_deref()),
    }])
}

fn meaning(record: &Record) -> ProviderEvent {
    let origin = record.origin.as_deref().unwrap_or_default();
    match record.record_type.as_str() {
        "Bounce" => provider::postmark(record.kind.as_deref().unwrap_or_default(), origin),
        "SpamComplaint" => ProviderEvent::Complaint,
        "SubscriptionChange" if record.suppress_sending == Some(true) => {
            let reason = record.suppression_reason.as_deref().unwrap_or_default();
            provider::postmark(reason, origin)
        }
        "Delivery" => ProviderEvent::Delivered,
        _ => ProviderEvent::Nothing,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use domain::bounce::{BounceClass, Suppress};
    use serde_json::{Value, json};

    use super::*;

    fn secrets() -> Vec<SecretString> {
        ["today", "yester:day"].map(SecretString::from).to_vec()
    }

    fn basic(text: &str) -> String {
        format!("Basic {}", STANDARD.encode(text))
    }

    #[test]
    fn either_secret_opens_as_password_or_as_header() {
        for secret in ["today", "yester:day"] {
            assert_eq!(check(&secrets(), None, Some(secret)), Ok(()));
            assert_eq!(check(&secrets(), Some(&basic(&format!("me:{secret}"))), None), Ok(()));
            let lower = basic(&format!(":{secret}")).replace("Basic", "basic");
            assert_eq!(check(&secrets(), Some(&lower), None), Ok(()));
        }
    }

    #[test]
    fn everything_else_is_refused() {
        for (authorization, secret) in [
            (None, None),
            (None, Some("")),
            (None, Some("Today")),
            (None, Some("today ")),
            (None, Some("toda")),
            (Some("today".to_owned()), None),
            (Some("Bearer today".to_owned()), None),
            (Some("Basic today".to_owned()), None),
            (Some(basic("today")), None),
            (Some(basic("today:")), None),
            (Some(basic("me:day")), None),
            (Some(basic("me:today").replace("Basic", "Digest")), None),
            (Some(basic("me:todaytoday")), None),
        ] {
            assert_eq!(check(&secrets(), authorization.as_deref(), secret), Err(Forged));
        }
        assert_eq!(check(&[SecretString::from("")], Some(&basic("me:")), Some("")), Err(Forged));
    }

    #[test]
    fn each_record_means_what_it_says() {
        let read = |record: Value| read(record.to_string().as_bytes()).unwrap().remove(0);
        let bounce = read(json!({
            "RecordType": "Bounce", "ID": 42, "Type": "HardBounce", "Email": "Sara@example.org",
            "MessageID": "m1", "BouncedAt": "2026-06-01T12:00:00Z",
        }));
        assert_eq!(bounce.event, ProviderEvent::Bounce(BounceClass::Hard, Suppress::Now));
        assert_eq!(bounce.id, "Bounce 42");
        assert_eq!(bounce.recipient.unwrap().canonical(), "sara@example.org");
        assert!(bounce.at.is_some());
        let complaint = json!({ "RecordType": "SpamComplaint", "ID": 1, "Type": "SpamComplaint" });
        assert_eq!(read(complaint).event, ProviderEvent::Complaint);
        let change = |suppress: bool, reason: &str, origin: &str| {
            read(json!({
                "RecordType": "SubscriptionChange", "MessageID": "m1", "Recipient": "a@example.org",
                "SuppressSending": suppress, "SuppressionReason": reason, "Origin": origin,
                "ChangedAt": "2026-06-01T12:00:00Z",
            }))
        };
        let manual = change(true, "ManualSuppression", "Recipient");
        assert_eq!(manual.event, ProviderEvent::Unsubscribe);
        assert!(manual.recipient.is_some() && manual.id.contains("m1"));
        let customer = change(true, "ManualSuppression", "Customer");
        assert_eq!(customer.event, ProviderEvent::ProviderSuppressed);
        let back = change(false, "ManualSuppression", "Recipient");
        assert_eq!(back.event, ProviderEvent::Nothing, "nothing is ever lifted by a provider");
        let delivered = json!({ "RecordType": "Delivery", "Recipient": "a@example.org" });
        assert_eq!(read(delivered).event, ProviderEvent::Delivered);
        assert_eq!(read(json!({ "RecordType": "Open" })).event, ProviderEvent::Nothing);
    }
}
