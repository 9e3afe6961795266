//! Mail providers' webhooks: what a genuine one changes, that nothing else changes anything, repeats
//! and outages (SEC-07 … SEC-09, V-4b).

use std::sync::LazyLock;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, TimeDelta, Utc};
use domain::Clock;
use domain::suppression::{Origin, SuppressionReason};
use hmac::{Hmac, KeyInit, Mac};
use ring::rand::SystemRandom;
use ring::signature::{
    ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair, RSA_PKCS1_SHA256, RsaKeyPair,
};
use serde_json::{Value, json};
use sha2::Sha256;
use storage::suppressions::Entry;
use testkit::fixture::{ADDRESS_SECRET, Deployment};

use crate::proxy::{Proxy, Way};
use crate::world::{Answer, World, eventually, files, key, post_request, send};

const TOPIC: &str = "arn:aws:sns:me-central-1:123456789012:ses";
const HOST: &str = "https://sns.me-central-1.amazonaws.com/";
const CERTIFICATE: &str = "SimpleNotificationService-0a.pem";
const MAILGUN_KEY: &str = "mailgun-test-key";
const POSTMARK_SECRET: &str = "postmark-test-secret";

fn now() -> DateTime<Utc> {
    Clock::system().now()
}

/// What SendGrid signs with in these tests.
static SENDGRID: LazyLock<EcdsaKeyPair> = LazyLock::new(|| {
    let (random, algorithm) = (SystemRandom::new(), &ECDSA_P256_SHA256_ASN1_SIGNING);
    let pkcs8 = EcdsaKeyPair::generate_pkcs8(algorithm, &random).unwrap();
    EcdsaKeyPair::from_pkcs8(algorithm, pkcs8.as_ref(), &random).unwrap()
});

/// Its public key, as SendGrid's page shows it.
fn sendgrid_key() -> String {
    let prefix = STANDARD.decode("MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgA=").unwrap();
    STANDARD.encode([&prefix[..26], SENDGRID.public_key().as_ref()].concat())
}

struct Hooks {
    world: World,
    kept: tempfile::TempDir,
    certificates: tempfile::TempDir,
}

/// One request as a provider makes it.
#[derive(Clone)]
struct Hook {
    path: &'static str,
    headers: Vec<(&'static str, String)>,
    body: String,
}

impl Hooks {
    async fn start() -> Self {
        let deployment = Deployment::create().await;
        let url = deployment.url().to_owned();
        Self::with_database(deployment, &url).await
    }

    async fn with_database(deployment: Deployment, url: &str) -> Self {
        let kept = tempfile::tempdir().unwrap();
        let certificates = tempfile::tempdir().unwrap();
        std::fs::write(certificates.path().join(CERTIFICATE), include_str!("../keys/sns.pem"))
            .unwrap();
        let list = |items: &[&str]| json!(items).to_string();
        let settings = [
            ("keys.address", std::str::from_utf8(ADDRESS_SECRET).unwrap().to_owned()),
            ("inbound.ses_topics", list(&["arn:of:another", TOPIC])),
            ("inbound.ses_certificates_dir", certificates.path().to_str().unwrap().to_owned()),
            ("inbound.sendgrid_keys", list(&[&sendgrid_key()])),
            ("inbound.mailgun_keys", list(&["the-next-key", MAILGUN_KEY])),
            ("inbound.postmark_secrets", list(&[POSTMARK_SECRET])),
            ("inbound.hook_limit_bytes", "16384".to_owned()),
            ("inbound.replies_dir", kept.path().to_str().unwrap().to_owned()),
        ];
        let settings = settings.each_ref().map(|(key, value)| (*key, value.as_str()));
        let world = World::with_database(deployment, url, &settings).await;
        Self { world, kept, certificates }
    }

    async fn post(&self, hook: &Hook) -> Answer {
        let headers = hook.headers.iter().map(|(name, value)| format!("{name}: {value}\r\n"));
        let headers: String = headers.collect();
        let request = post_request(hook.path, "application/json", &hook.body, &headers);
        send(self.world.address, &request).await.unwrap()
    }

    async fn entries(&self, n: usize) -> Vec<Entry> {
        let key = key(&self.world.deployment, n);
        self.world.deployment.operator.entries(&[key]).await.unwrap()
    }

    async fn reasons(&self, n: usize) -> Vec<SuppressionReason> {
        self.entries(n).await.into_iter().map(|entry| entry.reason).collect()
    }

    /// Events of the history of person `n`'s address.
    async fn events(&self, n: usize) -> usize {
        let keys = [key(&self.world.deployment, n)];
        self.world.deployment.operator.list_history(&keys).await.unwrap().len()
    }
}

/// SNS's signature over an envelope, which is put into it.
fn sns(mut envelope: Value) -> Hook {
    let names: &[&str] = match envelope["Type"].as_str().unwrap() {
        "Notification" => &["Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"],
        _ => &["Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"],
    };
    let pairs = names.iter().filter_map(|name| Some((name, envelope[*name].as_str()?)));
    let text: String = pairs.map(|(name, value)| format!("{name}\n{value}\n")).collect();
    let pem = include_str!("../keys/sns.key");
    let der = pem.lines().filter(|line| !line.starts_with('-')).collect::<String>();
    let key = RsaKeyPair::from_pkcs8(&STANDARD.decode(der).unwrap()).unwrap();
    let mut signature = vec![0; key.public().modulus_len()];
    key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), text.as_bytes(), &mut signature).unwrap();
    envelope["Signature"] = STANDARD.encode(signature).into();
    Hook { path: "/hooks/mail/ses", headers: Vec::new(), body: envelope.to_string() }
}

fn envelope(id: &str, message: &Value) -> Value {
    json!({
        "Type": "Notification", "MessageId": id, "TopicArn": TOPIC, "Message": message.to_string(),
        "Timestamp": now().format("%Y-%m-%dT%H:%M:%S%.3fZ").to_string(),
        "SignatureVersion": "2", "SigningCertURL": format!("{HOST}{CERTIFICATE}"),
    })
}

fn ses_bounce(n: usize, kind: &str, subtype: &str) -> Value {
    json!({
        "notificationType": "Bounce",
        "mail": { "messageId": format!("0100-{n}"), "source": "b@bounce.palm.example" },
        "bounce": {
            "bounceType": kind, "bounceSubType": subtype, "feedbackId": format!("f-{n}"),
            "bouncedRecipients": [{ "emailAddress": format!("P{n}@example.com") }],
        },
    })
}

fn ses(n: usize) -> Hook {
    sns(envelope(&format!("sns-{n}"), &ses_bounce(n, "Permanent", "General")))
}

fn sendgrid_at(body: String, timestamp: i64) -> Hook {
    let timestamp = timestamp.to_string();
    let text = format!("{timestamp}{body}");
    let signature = SENDGRID.sign(&SystemRandom::new(), text.as_bytes()).unwrap();
    let headers = vec![
        ("X-Twilio-Email-Event-Webhook-Signature", STANDARD.encode(signature)),
        ("X-Twilio-Email-Event-Webhook-Timestamp", timestamp),
    ];
    Hook { path: "/hooks/mail/sendgrid", headers, body }
}

fn sendgrid(n: usize) -> Hook {
    let event = json!([{
        "email": format!("p{n}@example.com"), "event": "spamreport", "sg_event_id": format!("e{n}"),
    }]);
    sendgrid_at(event.to_string(), now().timestamp())
}

fn mailgun_with(key: &str, token: &str, at: i64, event: &Value) -> Hook {
    let mut mac = Hmac::<Sha256>::new_from_slice(key.as_bytes()).unwrap();
    mac.update(format!("{at}{token}").as_bytes());
    let signature = domain::hex::encode(&mac.finalize().into_bytes());
    let body = json!({
        "signature": { "timestamp": at.to_string(), "token": token, "signature": signature },
        "event-data": event,
    });
    Hook { path: "/hooks/mail/mailgun", headers: Vec::new(), body: body.to_string() }
}

fn mailgun(n: usize) -> Hook {
    let event = json!({ "event": "unsubscribed", "id": format!("g{n}"), "recipient": format!("p{n}@example.com") });
    mailgun_with(MAILGUN_KEY, &format!("token-{n}"), now().timestamp(), &event)
}

fn postmark(n: usize) -> Hook {
    let body = json!({
        "RecordType": "SubscriptionChange", "MessageID": format!("m{n}"),
        "Recipient": format!("p{n}@example.com"), "SuppressSending": true,
        "SuppressionReason": "ManualSuppression", "Origin": "Customer",
    });
    let basic = STANDARD.encode(format!("touchline:{POSTMARK_SECRET}"));
    let headers = vec![("Authorization", format!("Basic {basic}"))];
    Hook { path: "/hooks/mail/postmark", headers, body: body.to_string() }
}

fn genuine() -> [Hook; 4] {
    [ses(0), sendgrid(1), mailgun(2), postmark(3)]
}

#[tokio::test(flavor = "multi_thread")]
async fn what_each_provider_tells_is_on_the_list_when_the_answer_comes() {
    let hooks = Hooks::start().await;
    let reasons = [
        (SuppressionReason::HardBounce, Origin::System),
        (SuppressionReason::Complaint, Origin::Recipient),
        (SuppressionReason::UnsubscribeLink, Origin::Recipient),
        (SuppressionReason::ProviderSuppressed, Origin::Provider),
    ];
    for (n, (hook, (reason, origin))) in genuine().iter().zip(reasons).enumerate() {
        let answer = hooks.post(hook).await;
        assert_eq!(answer.status, 200, "{}: {}", hook.path, answer.body);
        let entries = hooks.entries(n).await;
        assert_eq!(entries.len(), 1, "{}", hook.path);
        assert_eq!((entries[0].reason, entries[0].origin), (reason, origin), "{}", hook.path);
        let keys = [key(&hooks.world.deployment, n)];
        let history = hooks.world.deployment.operator.list_history(&keys).await.unwrap();
        let evidence = history[0].evidence.clone().unwrap();
        assert!(evidence.contains(", request ") && !evidence.contains('@'), "{evidence}");
    }
    assert_eq!(
        files(hooks.kept.path()),
        4 + 4 + 1,
        "each request, that it is done with, and which were seen"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_that_is_repeated_changes_nothing_more() {
    let hooks = Hooks::start().await;
    for (n, hook) in genuine().iter().enumerate() {
        assert_eq!(hooks.post(hook).await.status, 200);
        let events = hooks.events(n).await;
        for _ in 0..3 {
            assert_eq!(hooks.post(hook).await.status, 200, "{}", hook.path);
        }
        assert_eq!(hooks.events(n).await, events, "{}", hook.path);
    }
    // The same told under another signature is the same.
    for (n, hook) in [
        (0, sns(envelope("sns-again", &ses_bounce(0, "Permanent", "General")))),
        (1, sendgrid_at(sendgrid(1).body, now().timestamp() - 5)),
    ] {
        let events = hooks.events(n).await;
        assert_eq!(hooks.post(&hook).await.status, 200);
        assert_eq!(hooks.events(n).await, events, "{}", hook.path);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tampered_request_changes_nothing() {
    let hooks = Hooks::start().await;
    let mut tried = 0;
    for hook in genuine() {
        // SendGrid signs every byte; what SNS and Mailgun sign is tried field by field elsewhere.
        let signed = if hook.path.ends_with("sendgrid") { hook.body.len() } else { 0 };
        for at in 0..signed {
            let mut body = hook.body.clone().into_bytes();
            body[at] = if body[at] == b'x' { b'y' } else { b'x' };
            let body = String::from_utf8(body).unwrap();
            assert_eq!(hooks.post(&Hook { body, ..hook.clone() }).await.status, 403, "byte {at}");
            tried += 1;
        }
        for header in 0..hook.headers.len() {
            let (name, value) = &hook.headers[header];
            for changed in
                [String::new(), format!("{value}x"), value[1..].to_owned(), "%".to_owned()]
            {
                let mut forged = hook.clone();
                forged.headers[header].1 = changed;
                assert_eq!(hooks.post(&forged).await.status, 403, "{name}");
                tried += 1;
            }
            let mut without = hook.clone();
            without.headers.remove(header);
            assert_eq!(hooks.post(&without).await.status, 403, "without {name}");
        }
    }
    assert!(tried > sendgrid(1).body.len());
    let other = now().timestamp();
    let event = json!({ "event": "complained", "id": "x", "recipient": "p2@example.com" });
    for forged in [
        mailgun_with("another key", "t", other, &event),
        mailgun_with("", "t", other, &event),
        Hook { body: "{}".to_owned(), ..mailgun(2) },
        Hook { body: String::new(), ..ses(0) },
        Hook { body: ses(0).body.replace("sns-0", "sns-9"), ..ses(0) },
        Hook { body: ses(0).body.replace("Permanent", "permanent"), ..ses(0) },
        Hook { body: ses(0).body.replace("P0@", "P1@"), ..ses(0) },
        Hook { path: "/hooks/mail/unknown", ..postmark(3) },
    ] {
        let answer = hooks.post(&forged).await;
        assert_eq!((answer.status, answer.body.as_str()), (403, "forbidden\n"), "{}", forged.path);
    }
    for n in 0..4 {
        assert_eq!(hooks.events(n).await, 0);
    }
    assert_eq!(files(hooks.kept.path()), 0, "nothing of a forgery is kept");
}

#[tokio::test(flavor = "multi_thread")]
async fn another_topic_another_host_and_what_is_old_change_nothing() {
    let hooks = Hooks::start().await;
    let message = ses_bounce(0, "Permanent", "General");
    let with = |name: &str, value: Value| {
        let mut changed = envelope("sns-0", &message);
        changed[name] = value;
        sns(changed)
    };
    let ago = |age: TimeDelta| json!((now() - age).format("%Y-%m-%dT%H:%M:%S%.3fZ").to_string());
    for forged in [
        with("TopicArn", json!("arn:aws:sns:me-central-1:210987654321:ses")),
        with("SigningCertURL", json!(format!("https://sns.amazonaws.com.evil.tld/{CERTIFICATE}"))),
        with(
            "SigningCertURL",
            json!(format!("http://sns.me-central-1.amazonaws.com/{CERTIFICATE}")),
        ),
        with("SigningCertURL", json!("https://sns.me-central-1.amazonaws.com/../sns.pem")),
        with("SignatureVersion", json!("1")),
        with("Timestamp", ago(TimeDelta::minutes(61))),
        with("Timestamp", ago(TimeDelta::minutes(-10))),
    ] {
        assert_eq!(hooks.post(&forged).await.status, 403);
    }
    let old = (now() - TimeDelta::hours(25)).timestamp();
    let event = json!({ "event": "complained", "id": "x", "recipient": "p2@example.com" });
    let body = sendgrid(1).body;
    for forged in [sendgrid_at(body, old), mailgun_with(MAILGUN_KEY, "t", old, &event)] {
        assert_eq!(hooks.post(&forged).await.status, 403, "{}", forged.path);
    }
    // A new certificate of Amazon's is asked for again, until somebody has put it there.
    let renamed = "SimpleNotificationService-0b.pem";
    let renewed = with("SigningCertURL", json!(format!("{HOST}{renamed}")));
    assert_eq!(hooks.post(&renewed).await.status, 503);
    for n in 0..3 {
        assert_eq!(hooks.events(n).await, 0);
    }
    let folder = hooks.certificates.path();
    std::fs::copy(folder.join(CERTIFICATE), folder.join(renamed)).unwrap();
    assert_eq!(hooks.post(&renewed).await.status, 200);
    assert_eq!(hooks.reasons(0).await, [SuppressionReason::HardBounce]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_of_mailguns_cannot_be_put_under_another_event() {
    let hooks = Hooks::start().await;
    let at = now().timestamp();
    let event = |n: usize, name: &str| json!({ "event": name, "id": format!("{name}{n}"), "recipient": format!("p{n}@example.com") });
    let hook = mailgun_with(MAILGUN_KEY, "the-token", at, &event(1, "delivered"));
    assert_eq!(hooks.post(&hook).await.status, 200);
    let stolen = mailgun_with(MAILGUN_KEY, "the-token", at, &event(2, "complained"));
    assert_eq!(hooks.post(&stolen).await.status, 200, "it is taken for a repeat");
    assert_eq!(hooks.events(2).await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_subscription_is_confirmed_by_a_person_and_soft_bounces_do_not_suppress() {
    let hooks = Hooks::start().await;
    let mut confirmation = envelope("c1", &json!("You have chosen to subscribe"));
    confirmation["Type"] = json!("SubscriptionConfirmation");
    confirmation["Token"] = json!("2336412f");
    confirmation["SubscribeURL"] = json!(format!("{HOST}?Action=ConfirmSubscription"));
    assert_eq!(hooks.post(&sns(confirmation)).await.status, 200);
    for (n, (kind, subtype)) in
        [("Transient", "MailboxFull"), ("Transient", "General"), ("Undetermined", "Undetermined")]
            .into_iter()
            .enumerate()
    {
        let hook = sns(envelope(&format!("s{n}"), &ses_bounce(n, kind, subtype)));
        assert_eq!(hooks.post(&hook).await.status, 200);
        assert_eq!(hooks.entries(n).await.len(), 0, "{kind}/{subtype}");
    }
    let mut validated = envelope("v1", &Value::Null);
    validated["Message"] =
        json!("Successfully validated SNS topic for Amazon SES event publishing.");
    assert_eq!(hooks.post(&sns(validated)).await.status, 200);
    let not_ses = sns(envelope("t1", &json!("hello")));
    assert_eq!(hooks.post(&not_ses).await.status, 400);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_told_during_an_outage_is_in_force_after_it() {
    let deployment = Deployment::create().await;
    let proxy = Proxy::start(deployment.url(), Way::Cut);
    let hooks = Hooks::with_database(deployment, &proxy.url()).await;
    for hook in &genuine() {
        assert_eq!(hooks.post(hook).await.status, 200, "{}", hook.path);
        assert_eq!(hooks.post(hook).await.status, 200, "{}: a repeat", hook.path);
    }
    proxy.set(Way::Open);
    for n in 0..4 {
        eventually("what was told is on the list", async || hooks.entries(n).await.len() == 1)
            .await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_too_long_is_refused_and_without_keys_nothing_is_open() {
    let hooks = Hooks::start().await;
    let long = Hook { body: "x".repeat(20_000), ..postmark(3) };
    assert_eq!(hooks.post(&long).await.status, 413);
    let world = World::start().await;
    for path in ["/hooks/mail/ses", "/hooks/mail/postmark", "/hooks/mail/raw"] {
        assert_eq!(world.post(path, "{}").await.status, 404, "{path}");
    }
}
