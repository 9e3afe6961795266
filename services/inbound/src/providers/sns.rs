//! Amazon SNS: the envelope SES's reports come in, and its signature (compliance.md SEC-08, V-9).
//!
//! Nothing is fetched. The certificate that signs is a file which an operator has downloaded, looked
//! at and put into a folder; the envelope's address of it has to be Amazon's and names the file.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, TimeDelta, Utc};
use serde::Deserialize;

use super::certificate::Certificate;
use super::{Forged, is_fresh, time};

/// The greatest age of an envelope; SNS tries again for no longer.
const WINDOW: TimeDelta = TimeDelta::hours(1);

/// An envelope, not believed yet.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Envelope {
    /// What it is for.
    #[serde(rename = "Type")]
    pub kind: Kind,
    /// SNS's id of it.
    pub message_id: String,
    /// The topic it was published to.
    pub topic_arn: String,
    /// What was published: of a notification of SES, JSON.
    pub message: String,
    timestamp: String,
    signature_version: String,
    signature: String,
    #[serde(rename = "SigningCertURL", alias = "SigningCertUrl")]
    signing_cert_url: String,
    #[serde(default)]
    subject: Option<String>,
    #[serde(default)]
    token: Option<String>,
    /// The address that confirms a subscription when somebody opens it.
    #[serde(default, rename = "SubscribeURL", alias = "SubscribeUrl")]
    subscribe_url: Option<String>,
}

/// What an envelope is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub enum Kind {
    /// Something was published.
    Notification,
    /// Somebody has asked that what is published be sent here.
    SubscriptionConfirmation,
    /// It is no longer sent here.
    UnsubscribeConfirmation,
}

impl Kind {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Notification => "Notification",
            Self::SubscriptionConfirmation => "SubscriptionConfirmation",
            Self::UnsubscribeConfirmation => "UnsubscribeConfirmation",
        }
    }
}

impl std::fmt::Debug for Envelope {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Envelope({:?}, …)", self.kind)
    }
}

impl Envelope {
    /// The envelope in a body; `None` if there is none.
    #[must_use]
    pub fn read(body: &[u8]) -> Option<Self> {
        serde_json::from_slice(body).ok()
    }

    /// The name of the certificate that is said to have signed it, if everything that can be known
    /// without it is in order: one of our topics, Amazon's host, the signature's version, its age.
    pub fn certificate_name(
        &self,
        topics: &[String],
        now: DateTime<Utc>,
    ) -> Result<String, Forged> {
        let is_fresh = time(Some(&self.timestamp)).is_some_and(|at| is_fresh(at, now, WINDOW));
        let is_ours = topics.iter().any(|topic| !topic.is_empty() && *topic == self.topic_arn);
        if !is_fresh || !is_ours || self.signature_version != "2" {
            return Err(Forged);
        }
        certificate_of(&self.signing_cert_url).map(str::to_owned).ok_or(Forged)
    }

    /// Whether the certificate in this PEM file is valid at `now` and has signed the envelope.
    pub fn check(&self, pem: &str, now: DateTime<Utc>) -> Result<(), Forged> {
        let certificate = Certificate::from_pem(pem).ok_or(Forged)?;
        let signature = STANDARD.decode(&self.signature).map_err(|_| Forged)?;
        let text = self.text_to_sign().ok_or(Forged)?;
        let is_signed = certificate.has_signed(text.as_bytes(), &signature);
        if is_signed && certificate.is_valid_at(now) { Ok(()) } else { Err(Forged) }
    }

    /// The address that confirms the subscription, if it is Amazon's.
    #[must_use]
    pub fn confirmation_url(&self) -> Option<&str> {
        self.subscribe_url.as_deref().filter(|url| path_at_amazon(url).is_some())
    }

    /// The address of the certificate, for people. It is shown only when it is Amazon's.
    #[must_use]
    pub fn certificate_url(&self) -> &str {
        &self.signing_cert_url
    }

    /// The text under the signature: names and values, each with a line feed, sorted by name.
    fn text_to_sign(&self) -> Option<String> {
        let pairs = match self.kind {
            Kind::Notification => vec![
                ("Message", Some(&self.message)),
                ("MessageId", Some(&self.message_id)),
                ("Subject", self.subject.as_ref()),
                ("Timestamp", Some(&self.timestamp)),
                ("TopicArn", Some(&self.topic_arn)),
            ],
            Kind::SubscriptionConfirmation | Kind::UnsubscribeConfirmation => vec![
                ("Message", Some(&self.message)),
                ("MessageId", Some(&self.message_id)),
                ("SubscribeURL", Some(self.subscribe_url.as_ref()?)),
                ("Timestamp", Some(&self.timestamp)),
                ("Token", Some(self.token.as_ref()?)),
                ("TopicArn", Some(&self.topic_arn)),
            ],
        };
        let mut text = String::new();
        for (name, value) in pairs {
            let Some(value) = value else { continue };
            text.push_str(&format!("{name}\n{value}\n"));
        }
        text.push_str(&format!("Type\n{}\n", self.kind.as_str()));
        Some(text)
    }
}

/// What follows `https://sns.<region>.amazonaws.com/`; `None` for every other address.
fn path_at_amazon(url: &str) -> Option<&str> {
    let (host, path) = url.strip_prefix("https://")?.split_once('/')?;
    let region = host.strip_prefix("sns.")?.strip_suffix(".amazonaws.com")?;
    let is_region = !region.is_empty()
        && region.bytes().all(|it| it.is_ascii_lowercase() || it.is_ascii_digit() || it == b'-');
    is_region.then_some(path)
}

/// The file name of a certificate's address at Amazon.
fn certificate_of(url: &str) -> Option<&str> {
    let name = path_at_amazon(url)?;
    let stem = name.strip_suffix(".pem")?;
    let is_plain = !stem.is_empty()
        && stem.len() <= 100
        && stem.bytes().all(|it| it.is_ascii_alphanumeric() || it == b'-');
    is_plain.then_some(name)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use ring::rand::SystemRandom;
    use ring::signature::{RSA_PKCS1_SHA256, RsaKeyPair};
    use serde_json::{Value, json};

    use super::*;

    const PEM: &str = include_str!("../../tests/keys/sns.pem");
    const TOPIC: &str = "arn:aws:sns:me-central-1:123456789012:ses";
    const HOST: &str = "https://sns.me-central-1.amazonaws.com/";

    fn now() -> DateTime<Utc> {
        "2026-06-01T12:00:00Z".parse().unwrap()
    }

    fn sign(text: &str) -> String {
        let pem = include_str!("../../tests/keys/sns.key");
        let der = pem.lines().filter(|line| !line.starts_with('-')).collect::<String>();
        let key = RsaKeyPair::from_pkcs8(&STANDARD.decode(der).unwrap()).unwrap();
        let mut signature = vec![0; key.public().modulus_len()];
        let random = SystemRandom::new();
        key.sign(&RSA_PKCS1_SHA256, &random, text.as_bytes(), &mut signature).unwrap();
        STANDARD.encode(signature)
    }

    fn signed(mut envelope: Value) -> Value {
        let text = serde_json::from_value::<Envelope>(envelope.clone()).unwrap().text_to_sign();
        envelope["Signature"] = sign(&text.unwrap()).into();
        envelope
    }

    fn notification() -> Value {
        signed(json!({
            "Type": "Notification", "MessageId": "22b80b92", "TopicArn": TOPIC,
            "Subject": "Amazon SES", "Message": "{\"notificationType\":\"Bounce\"}",
            "Timestamp": "2026-06-01T11:59:58.123Z", "SignatureVersion": "2", "Signature": "",
            "SigningCertURL": format!("{HOST}SimpleNotificationService-0a.pem"),
            "UnsubscribeURL": format!("{HOST}?Action=Unsubscribe"),
        }))
    }

    fn confirmation() -> Value {
        signed(json!({
            "Type": "SubscriptionConfirmation", "MessageId": "165545c9", "TopicArn": TOPIC,
            "Message": "You have chosen to subscribe", "Token": "2336412f",
            "SubscribeURL": format!("{HOST}?Action=ConfirmSubscription"),
            "Timestamp": "2026-06-01T11:59:58.123Z", "SignatureVersion": "2", "Signature": "",
            "SigningCertURL": format!("{HOST}SimpleNotificationService-0a.pem"),
        }))
    }

    fn is_taken_at(body: &[u8], now: DateTime<Utc>) -> bool {
        let Some(envelope) = Envelope::read(body) else { return false };
        let name = envelope.certificate_name(&[String::new(), TOPIC.to_owned()], now);
        name.is_ok_and(|name| name == "SimpleNotificationService-0a.pem")
            && envelope.check(PEM, now).is_ok()
    }

    fn is_taken(envelope: &Value) -> bool {
        is_taken_at(envelope.to_string().as_bytes(), now())
    }

    #[test]
    fn the_text_to_sign_is_that_of_v9() {
        let text = serde_json::from_value::<Envelope>(notification()).unwrap().text_to_sign();
        let expected = format!(
            "Message\n{{\"notificationType\":\"Bounce\"}}\nMessageId\n22b80b92\nSubject\nAmazon SES\n\
             Timestamp\n2026-06-01T11:59:58.123Z\nTopicArn\n{TOPIC}\nType\nNotification\n"
        );
        assert_eq!(text.unwrap(), expected);
        assert!(is_taken(&notification()));
        assert!(is_taken(&confirmation()));
    }

    #[test]
    fn every_signed_field_counts_to_the_last_character() {
        for genuine in [notification(), confirmation()] {
            let mut changes = 0;
            for name in [
                "Type",
                "MessageId",
                "TopicArn",
                "Subject",
                "Message",
                "Timestamp",
                "Token",
                "SubscribeURL",
                "SignatureVersion",
                "Signature",
            ] {
                let Some(value) = genuine[name].as_str() else { continue };
                for at in 0..value.len() {
                    let mut changed = value.as_bytes().to_vec();
                    changed[at] = if changed[at] == b'3' { b'4' } else { b'3' };
                    let mut forged = genuine.clone();
                    forged[name] = String::from_utf8(changed).unwrap().into();
                    assert!(!is_taken(&forged), "{name} at {at}");
                    changes += 1;
                }
                let mut without = genuine.clone();
                without.as_object_mut().unwrap().remove(name);
                assert!(!is_taken(&without), "without {name}");
                let mut longer = genuine.clone();
                longer[name] = format!("{value} ").into();
                assert!(!is_taken(&longer), "{name} and a blank");
            }
            assert!(changes > 400);
        }
    }

    #[test]
    fn a_byte_changed_anywhere_in_the_body_changes_nothing_that_is_signed_or_is_refused() {
        let genuine = notification().to_string().into_bytes();
        let read = Envelope::read(&genuine).unwrap();
        for at in 0..genuine.len() {
            for flipped in [0x01, 0x20, 0x80] {
                let mut body = genuine.clone();
                body[at] ^= flipped;
                if is_taken_at(&body, now()) {
                    // What is not signed – the address to unsubscribe at – may be anything.
                    let changed = Envelope::read(&body).unwrap();
                    assert_eq!(changed.text_to_sign(), read.text_to_sign(), "byte {at}");
                }
            }
        }
    }

    #[test]
    fn only_amazons_own_host_names_a_certificate() {
        assert_eq!(certificate_of("https://sns.me-central-1.amazonaws.com/x.pem"), Some("x.pem"));
        for url in [
            "https://sns.amazonaws.com.evil.tld/x.pem",
            "http://sns.me-central-1.amazonaws.com/x.pem",
            "https://evil.tld/sns.us-east-1.amazonaws.com/x.pem",
            "https://sns.us-east-1.amazonaws.com.evil.tld/x.pem",
            "https://sns.us-east-1.amazonaws.com@evil.tld/x.pem",
            "https://evil.tld#sns.us-east-1.amazonaws.com/x.pem",
            "https://evil.tld\\sns.us-east-1.amazonaws.com/x.pem",
            "https://sns.evil.tld/.amazonaws.com/x.pem",
            "https://sns.evil.amazonaws.com:444/x.pem",
            "https://s3.us-east-1.amazonaws.com/x.pem",
            "https://sns..amazonaws.com/x.pem",
            "https://sns.a.b.amazonaws.com/x.pem",
            "https://SNS.us-east-1.amazonaws.com/x.pem",
            "https://sns.us-east-1.amazonaws.com/../x.pem",
            "https://sns.us-east-1.amazonaws.com/a/x.pem",
            "https://sns.us-east-1.amazonaws.com/x.pem?y",
            "https://sns.us-east-1.amazonaws.com/.pem",
            "https://sns.us-east-1.amazonaws.com/x",
            "https://sns.us-east-1.amazonaws.com",
            "",
        ] {
            assert_eq!(certificate_of(url), None, "{url}");
            let mut forged = notification();
            forged["SigningCertURL"] = url.into();
            assert!(!is_taken(&forged), "{url}");
        }
        let mut elsewhere = confirmation();
        elsewhere["SubscribeURL"] = "https://sns.amazonaws.com.evil.tld/?Action=x".into();
        let elsewhere: Envelope = serde_json::from_value(signed(elsewhere)).unwrap();
        assert_eq!(elsewhere.confirmation_url(), None);
    }

    #[test]
    fn another_topic_an_old_envelope_and_version_one_are_refused() {
        let body = notification().to_string();
        let minutes = |minutes| now() + TimeDelta::minutes(minutes);
        assert!(is_taken_at(body.as_bytes(), minutes(59)));
        assert!(!is_taken_at(body.as_bytes(), minutes(61)));
        assert!(!is_taken_at(body.as_bytes(), minutes(-10)));
        let envelope = Envelope::read(body.as_bytes()).unwrap();
        for topics in [vec![], vec![String::new()], vec![format!("{TOPIC}2")]] {
            assert_eq!(envelope.certificate_name(&topics, now()), Err(Forged));
        }
        let mut first = notification();
        first["SignatureVersion"] = "1".into();
        assert!(!is_taken(&first));
    }

    #[test]
    fn a_certificate_counts_only_while_it_is_valid() {
        let mut later = notification();
        later["Timestamp"] = "2199-06-01T12:00:00Z".into();
        let later = Envelope::read(signed(later).to_string().as_bytes()).unwrap();
        let at = "2199-06-01T12:00:00Z".parse().unwrap();
        assert!(later.certificate_name(&[TOPIC.to_owned()], at).is_ok());
        assert_eq!(later.check(PEM, at), Err(Forged));
        assert_eq!(later.check("", at), Err(Forged));
    }
}
