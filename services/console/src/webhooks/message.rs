//! A message: what it says and how it is signed (Standard Webhooks 1.0, <https://www.standardwebhooks.com>).

use anyhow::Context as _;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, SecondsFormat, Utc};
use domain::webhook::WebhookEvent;
use ring::hmac;

/// How a secret begins.
const PREFIX: &str = "whsec_";
/// Bytes of a secret; the standard allows 24 to 64.
const SECRET_BYTES: usize = 32;

/// A new secret, as it is shown to whoever registers a webhook.
pub fn new_secret() -> String {
    let bytes: [u8; SECRET_BYTES] = rand::random();
    format!("{PREFIX}{}", STANDARD.encode(bytes))
}

/// What is posted. `data` is an object of JSON.
pub fn body(event: WebhookEvent, at: DateTime<Utc>, data: &str) -> String {
    let at = at.to_rfc3339_opts(SecondsFormat::Millis, true);
    format!(r#"{{"type":"{}","timestamp":"{at}","data":{data}}}"#, event.message_type())
}

/// The value of `webhook-signature`: one signature for each secret.
///
/// # Errors
/// When a secret is none.
pub fn signatures(
    secrets: &[String],
    id: &str,
    timestamp: i64,
    body: &str,
) -> anyhow::Result<String> {
    let signed = format!("{id}.{timestamp}.{body}");
    let sign = |secret: &String| {
        let key = secret.strip_prefix(PREFIX).context("a secret does not begin with whsec_")?;
        let key = STANDARD.decode(key).context("a secret is not in base64")?;
        let key = hmac::Key::new(hmac::HMAC_SHA256, &key);
        let signature = STANDARD.encode(hmac::sign(&key, signed.as_bytes()));
        anyhow::Ok(format!("v1,{signature}"))
    };
    let signatures: anyhow::Result<Vec<String>> = secrets.iter().map(sign).collect();
    Ok(signatures?.join(" "))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn it_signs_as_the_standard_does() {
        // The reference vector of the standard's own libraries.
        let secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".to_owned();
        let signed = |secrets: &[String]| {
            let (id, body) = ("msg_p5jXN8AQM9LWM0D4loKWxJek", r#"{"test": 2432232314}"#);
            signatures(secrets, id, 1_614_265_330, body)
        };
        let expected = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";
        assert_eq!(signed(std::slice::from_ref(&secret)).unwrap(), expected);
        let both = signed(&[new_secret(), secret]).unwrap();
        let parts: Vec<&str> = both.split(' ').collect();
        assert!(parts.len() == 2 && parts[0] != expected && parts[1] == expected, "{both}");
        assert!(signed(&["abc".to_owned()]).is_err());
    }

    #[test]
    fn a_message_is_json_and_secrets_differ() {
        let at = DateTime::UNIX_EPOCH;
        let text = body(WebhookEvent::TouchSent, at, r#"{"touch":"1"}"#);
        let value: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(value["type"], "touch.sent");
        assert_eq!(value["timestamp"], "1970-01-01T00:00:00.000Z");
        assert_eq!(value["data"]["touch"], "1");
        assert_ne!(new_secret(), new_secret());
    }

    /// The value of a line `name: value` of an example.
    fn line<'a>(example: &'a str, name: &str) -> &'a str {
        let line = example.lines().find_map(|line| line.strip_prefix(name));
        line.unwrap_or_else(|| panic!("no {name} in docs/webhooks.md")).trim()
    }

    #[test]
    fn the_example_of_the_documentation_verifies() {
        let text = include_str!("../../../../docs/webhooks.md");
        let example = text.split("```http").nth(1).unwrap().split("```").next().unwrap();
        let secret = text.split('`').find(|word| word.starts_with(PREFIX) && word.len() > 40);
        let (_, body) = example.split_once("\n\n").unwrap();
        let (id, at) = (line(example, "webhook-id:"), line(example, "webhook-timestamp:"));
        let signed =
            signatures(&[secret.unwrap().to_owned()], id, at.parse().unwrap(), body.trim());
        assert_eq!(signed.unwrap(), line(example, "webhook-signature:"));
        let length: usize = line(example, "content-length:").parse().unwrap();
        assert_eq!(length, body.trim().len());
    }

    #[test]
    fn the_documentation_names_every_event() {
        let text = include_str!("../../../../docs/webhooks.md");
        for event in WebhookEvent::ALL {
            let row = format!("| `{}` |", event.message_type());
            assert!(text.contains(&row), "docs/webhooks.md has no line {row}");
        }
    }
}
