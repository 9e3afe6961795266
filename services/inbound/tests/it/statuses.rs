//! What Twilio tells about messages it was given, and keys that are being replaced (SEC-07, SEC-09,
//! BNC-18, SMS-14).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use domain::suppression::{Origin, SuppressionReason};
use domain::{AddressKind, ContactChannel};
use hmac::{Hmac, KeyInit, Mac};
use storage::suppressions::Entry;
use testkit::fixture::{ADDRESS_SECRET, Deployment};

use crate::world::{World, files, post_request, send};

const TOKEN: &str = "the-token-of-today";
const FORMER: &str = "the-token-of-yesterday";
const PUBLIC_URL: &str = "https://mail.palm.example";
const PATH: &str = "/hooks/sms/twilio/status";
const FORM: &str = "application/x-www-form-urlencoded";

struct Twilio {
    world: World,
    kept: tempfile::TempDir,
}

impl Twilio {
    async fn start() -> Self {
        let deployment = Deployment::create().await;
        let url = deployment.url().to_owned();
        let kept = tempfile::tempdir().unwrap();
        let former = format!("[\"{FORMER}\"]");
        let settings = [
            ("keys.address", std::str::from_utf8(ADDRESS_SECRET).unwrap()),
            ("inbound.public_url", PUBLIC_URL),
            ("inbound.sms_twilio_token", TOKEN),
            ("inbound.sms_twilio_former_tokens", &former),
            ("inbound.replies_dir", kept.path().to_str().unwrap()),
        ];
        Self { world: World::with_database(deployment, &url, &settings).await, kept }
    }

    /// Posts `pairs` signed with `token` for `url`.
    async fn post(&self, token: &str, url: &str, pairs: &[(&str, &str)]) -> u16 {
        let mut sorted = pairs.to_vec();
        sorted.sort_unstable();
        let mut mac = Hmac::<sha1::Sha1>::new_from_slice(token.as_bytes()).unwrap();
        mac.update(url.as_bytes());
        for (name, value) in sorted {
            mac.update(name.as_bytes());
            mac.update(value.as_bytes());
        }
        let signature = STANDARD.encode(mac.finalize().into_bytes());
        let form: String = form_urlencoded::Serializer::new(String::new())
            .extend_pairs(pairs.iter().copied())
            .finish();
        let header = format!("X-Twilio-Signature: {signature}\r\n");
        send(self.world.address, &post_request(PATH, FORM, &form, &header)).await.unwrap().status
    }

    async fn tell(&self, id: &str, number: &str, status: &str, code: &str) -> u16 {
        let pairs =
            [("MessageSid", id), ("MessageStatus", status), ("ErrorCode", code), ("To", number)];
        self.post(TOKEN, &format!("{PUBLIC_URL}{PATH}"), &pairs).await
    }

    async fn entries(&self, number: &str) -> Vec<Entry> {
        let key = self.world.deployment.keyer.key(AddressKind::Phone, number);
        self.world.deployment.operator.entries(&[key]).await.unwrap()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_puts_a_number_on_the_list_where_it_says_so() {
    let twilio = Twilio::start().await;
    for (n, (code, reason)) in [
        ("21610", Some(SuppressionReason::ProviderSuppressed)),
        ("21614", Some(SuppressionReason::InvalidAddress)),
        ("30007", None),
        ("30003", None),
    ]
    .into_iter()
    .enumerate()
    {
        let number = format!("+97150000002{n}");
        assert_eq!(
            twilio.tell(&format!("SM{n}"), &number, "undelivered", code).await,
            200,
            "{code}"
        );
        let entries = twilio.entries(&number).await;
        assert_eq!(entries.first().map(|entry| entry.reason), reason, "{code}");
        for entry in entries {
            assert_eq!(
                (entry.origin, entry.channel),
                (Origin::Provider, Some(ContactChannel::Sms))
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_subscriber_is_given_up_the_third_time_and_a_delivery_begins_anew() {
    let twilio = Twilio::start().await;
    let (gone, back) = ("+971500000031", "+971500000032");
    for message in ["SM1", "SM2"] {
        for _ in 0..3 {
            assert_eq!(twilio.tell(message, gone, "undelivered", "30005").await, 200);
        }
        assert_eq!(twilio.tell(message, back, "undelivered", "30005").await, 200);
    }
    assert!(twilio.entries(gone).await.is_empty(), "two messages, however often they are told");
    assert_eq!(twilio.tell("SM3", back, "delivered", "").await, 200);
    for number in [gone, back] {
        assert_eq!(twilio.tell("SM4", number, "undelivered", "30005").await, 200);
    }
    assert_eq!(twilio.entries(gone).await[0].reason, SuppressionReason::InvalidAddress);
    assert!(twilio.entries(back).await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn forged_statuses_change_nothing_and_a_former_key_still_counts() {
    let twilio = Twilio::start().await;
    let number = "+971500000041";
    let pairs = [
        ("MessageSid", "SM1"),
        ("MessageStatus", "failed"),
        ("ErrorCode", "21610"),
        ("To", number),
    ];
    let url = format!("{PUBLIC_URL}{PATH}");
    for (token, url) in [
        ("another", url.as_str()),
        ("", &url),
        (TOKEN, "https://mail.palm.example/hooks/sms/twilio"),
        (TOKEN, "http://mail.palm.example/hooks/sms/twilio/status"),
        (TOKEN, "https://evil.example/hooks/sms/twilio/status"),
    ] {
        assert_eq!(twilio.post(token, url, &pairs).await, 403, "{url}");
    }
    assert!(twilio.entries(number).await.is_empty());
    assert_eq!(files(twilio.kept.path()), 0);
    assert_eq!(twilio.post(FORMER, &url, &pairs).await, 200);
    assert_eq!(twilio.entries(number).await.len(), 1);
    assert_eq!(twilio.tell("SM2", number, "sent", "").await, 204, "it is on its way");
}
