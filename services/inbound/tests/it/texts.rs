//! Answers by text message: each gateway's proof, what follows, repeats, outages (V-3, V-9, SMS-28).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use domain::suppression::{Origin, SuppressionReason};
use domain::{AddressKey, AddressKind, ContactChannel};
use hmac::{Hmac, KeyInit, Mac};
use serde_json::json;
use storage::suppressions::Entry;
use testkit::fixture::{ADDRESS_SECRET, Deployment};

use crate::proxy::{Proxy, Way};
use crate::world::{Answer, World, eventually, files, post_request, send};

const TWILIO_TOKEN: &str = "12345";
const SECRET: &str = "gateway-test-secret";
const PUBLIC_URL: &str = "https://mail.palm.example";
const FORM: &str = "application/x-www-form-urlencoded";

pub struct Texts {
    pub world: World,
    pub kept: tempfile::TempDir,
}

impl Texts {
    pub async fn start() -> Self {
        let deployment = Deployment::create().await;
        let url = deployment.url().to_owned();
        Self::with_database(deployment, &url).await
    }

    pub async fn with_database(deployment: Deployment, url: &str) -> Self {
        let kept = tempfile::tempdir().unwrap();
        let address_key = std::str::from_utf8(ADDRESS_SECRET).unwrap();
        let settings = [
            ("keys.address", address_key),
            ("inbound.public_url", PUBLIC_URL),
            ("inbound.sms_twilio_token", TWILIO_TOKEN),
            ("inbound.sms_secret", SECRET),
            ("inbound.hook_limit_bytes", "4096"),
            ("inbound.replies_dir", kept.path().to_str().unwrap()),
        ];
        Self { world: World::with_database(deployment, url, &settings).await, kept }
    }

    pub async fn generic(&self, id: &str, from: &str, text: &str) -> Answer {
        let body = json!({ "id": id, "from": from, "text": text }).to_string();
        let header = format!("X-Touchline-Secret: {SECRET}\r\n");
        self.post("/hooks/sms/generic", "application/json", &body, &header).await
    }

    /// A text that was sent at this instant.
    pub async fn sent_at(&self, id: &str, from: &str, text: &str, at: &str) -> Answer {
        let body = json!({ "id": id, "from": from, "text": text, "sent_at": at }).to_string();
        let header = format!("X-Touchline-Secret: {SECRET}\r\n");
        self.post("/hooks/sms/generic", "application/json", &body, &header).await
    }

    async fn twilio(&self, pairs: &[(&str, &str)], url: &str) -> Answer {
        let form: String = form_urlencoded::Serializer::new(String::new())
            .extend_pairs(pairs.iter().copied())
            .finish();
        let signature = format!("X-Twilio-Signature: {}\r\n", sign(TWILIO_TOKEN, url, pairs));
        self.post("/hooks/sms/twilio", FORM, &form, &signature).await
    }

    pub async fn post(&self, path: &str, kind: &str, body: &str, headers: &str) -> Answer {
        send(self.world.address, &post_request(path, kind, body, headers)).await.unwrap()
    }

    pub fn key(&self, number: &str) -> AddressKey {
        self.world.deployment.keyer.key(AddressKind::Phone, number)
    }

    async fn entries(&self, number: &str) -> Vec<Entry> {
        self.world.deployment.operator.entries(&[self.key(number)]).await.unwrap()
    }

    /// Channels that are stopped altogether.
    pub async fn channels(&self, number: &str) -> Vec<ContactChannel> {
        let entries = self.entries(number).await.into_iter();
        let whole = entries.filter(|entry| entry.scope == domain::suppression::Scope::Channel);
        let mut channels: Vec<ContactChannel> = whole.filter_map(|entry| entry.channel).collect();
        channels.sort();
        channels
    }

    async fn events(&self, number: &str) -> usize {
        let history = self.world.deployment.operator.list_history(&[self.key(number)]).await;
        let history = history.unwrap().into_iter();
        history.filter(|event| event.reason.is_some()).count()
    }
}

fn sign(token: &str, url: &str, pairs: &[(&str, &str)]) -> String {
    let mut pairs = pairs.to_vec();
    pairs.sort_unstable();
    let mut mac = Hmac::<sha1::Sha1>::new_from_slice(token.as_bytes()).unwrap();
    mac.update(url.as_bytes());
    for (name, value) in pairs {
        mac.update(name.as_bytes());
        mac.update(value.as_bytes());
    }
    STANDARD.encode(mac.finalize().into_bytes())
}

const HOOK: &str = "https://mail.palm.example/hooks/sms/twilio";

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_by_twilio_is_on_the_list_when_the_answer_comes() {
    let texts = Texts::start().await;
    let pairs = [("MessageSid", "SM1"), ("From", "+971501234567"), ("Body", "Stop 🛑")];
    let answer = texts.twilio(&pairs, HOOK).await;
    assert_eq!((answer.status, answer.body.as_str()), (200, "<Response/>"));
    assert_eq!(texts.channels("+971501234567").await, [ContactChannel::Sms]);
    for entry in texts.entries("+971501234567").await {
        assert_eq!(entry.reason, SuppressionReason::ReplyKeyword);
        assert_eq!(entry.origin, Origin::Recipient);
    }
    let keys = [texts.key("+971501234567")];
    let history = texts.world.deployment.operator.list_history(&keys).await;
    let evidence = history.unwrap().remove(0).evidence.unwrap();
    assert!(evidence.starts_with("text message ") && !evidence.contains("SM1"), "{evidence}");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_forged_request_is_refused_and_nothing_of_it_is_kept() {
    let texts = Texts::start().await;
    let pairs = [("MessageSid", "SM1"), ("From", "+971501234567"), ("Body", "STOP")];
    for url in [
        "http://mail.palm.example/hooks/sms/twilio",
        "https://mail.palm.example:443/hooks/sms/twilio",
        "https://evil.example/hooks/sms/twilio",
    ] {
        assert_eq!(texts.twilio(&pairs, url).await.status, 403, "{url}");
    }
    let form = "MessageSid=SM1&From=%2B971501234567&Body=STOP";
    let fewer = sign(TWILIO_TOKEN, HOOK, &pairs[..2]);
    let other = sign("54321", HOOK, &pairs);
    for signature in [fewer.as_str(), other.as_str(), "", "%%%"] {
        let header = format!("X-Twilio-Signature: {signature}\r\n");
        let answer = texts.post("/hooks/sms/twilio", FORM, form, &header).await;
        assert_eq!(answer.status, 403, "{signature}");
    }
    let body = r#"{"id":"1","from":"+971501234567","text":"STOP"}"#;
    for header in ["", "X-Touchline-Secret: \r\n", "X-Touchline-Secret: other\r\n"] {
        for path in ["/hooks/sms/generic", "/hooks/sms/kannel", "/hooks/sms/generic?secret=x"] {
            let answer = texts.post(path, "application/json", body, header).await;
            assert_eq!(answer.status, 403, "{path} {header}");
        }
    }
    assert_eq!(texts.post("/hooks/sms/other", FORM, form, "").await.status, 404);
    assert_eq!(texts.events("+971501234567").await, 0);
    assert_eq!(files(texts.kept.path()), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn each_opt_out_reaches_as_far_as_it_says() {
    use ContactChannel::{Call, Sms};
    let texts = Texts::start().await;
    for (n, (text, channels)) in [
        ("please stop texting me", &[Sms][..]),
        ("أوقف", &[Sms]),
        ("do not call me", &[Sms, Call]),
        ("remove me from your list", &[Sms, Call]),
        ("STOPALL", &[Sms, Call]),
        ("I'll stop by at 5", &[]),
        ("not interested", &[]),
        ("HELP", &[]),
        ("YES", &[]),
        ("", &[]),
    ]
    .into_iter()
    .enumerate()
    {
        let number = format!("+97150000001{n}");
        let answer = texts.generic(&format!("m{n}"), &number, text).await;
        assert_eq!(answer.status, 200, "{text}");
        assert_eq!(texts.channels(&number).await, channels, "{text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_whole_person_is_stopped_on_every_channel() {
    let texts = Texts::start().await;
    let deployment = &texts.world.deployment;
    let person = deployment.people(1).await.remove(0);
    let number = "+971500000000".to_owned();
    assert_eq!(texts.generic("m1", &number, "stop all").await.status, 200);
    let key = deployment.keyer.key(AddressKind::Person, &person.to_string());
    assert_eq!(deployment.operator.entries(&[key]).await.unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn kannel_may_ask_by_get_or_post_and_gets_nothing_to_send_back() {
    let texts = Texts::start().await;
    let query = format!("secret={SECRET}&id=1&from=0501234567&text=STOP");
    let answer = texts.world.ask("GET", &format!("/hooks/sms/kannel?{query}"), "").await;
    assert_eq!((answer.status, answer.body.as_str()), (200, ""));
    assert_eq!(texts.channels("+971501234567").await, [ContactChannel::Sms]);
    let header = format!("X-Touchline-Secret: {SECRET}\r\n");
    let form = "id=2&from=%2B971501234568&text=%D9%82%D9%81";
    assert_eq!(texts.post("/hooks/sms/kannel", FORM, form, &header).await.status, 200);
    assert_eq!(texts.channels("+971501234568").await, [ContactChannel::Sms]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_is_repeated_counts_once_and_another_counts_again() {
    let texts = Texts::start().await;
    for _ in 0..3 {
        assert_eq!(texts.generic("m1", "+971501234567", "STOP").await.status, 200);
    }
    let once = texts.events("+971501234567").await;
    let entries = texts.entries("+971501234567").await.len();
    assert!(once > 0);
    assert_eq!(texts.generic("m2", "+971501234567", "STOP").await.status, 200);
    assert_eq!(texts.events("+971501234567").await, 2 * once, "V-3 row 18: an event is logged");
    assert_eq!(texts.entries("+971501234567").await.len(), entries, "the state is unchanged");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_too_long_or_cannot_be_read_is_said_so_and_what_was_genuine_is_kept() {
    let texts = Texts::start().await;
    let header = format!("X-Touchline-Secret: {SECRET}\r\n");
    let long = "x".repeat(5000);
    let answer = texts.post("/hooks/sms/generic", "application/json", &long, &header).await;
    assert_eq!(answer.status, 413);
    assert_eq!(files(texts.kept.path()), 0);
    let answer = texts.post("/hooks/sms/generic", "application/json", "{", &header).await;
    assert_eq!(answer.status, 400);
    assert_eq!(files(texts.kept.path()), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn opt_outs_during_an_outage_are_accepted_and_in_force_after_it() {
    let deployment = Deployment::create().await;
    let proxy = Proxy::start(deployment.url(), Way::Cut);
    let texts = Texts::with_database(deployment, &proxy.url()).await;
    assert_eq!(texts.generic("m1", "+971501234567", "stop all").await.status, 202);
    assert_eq!(texts.generic("m1", "+971501234567", "stop all").await.status, 200, "a repeat");
    assert!(files(texts.world.journal.path()) > 0);
    proxy.set(Way::Open);
    eventually("the opt-out gets on the list", async || {
        texts.channels("+971501234567").await == [ContactChannel::Sms, ContactChannel::Call]
    })
    .await;
    eventually("the journal is removed", async || files(texts.world.journal.path()) == 0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_keys_no_gateway_is_listened_to() {
    let world = World::start().await;
    for gateway in ["twilio", "kannel", "generic"] {
        assert_eq!(world.post(&format!("/hooks/sms/{gateway}"), "Body=STOP").await.status, 404);
    }
}
