//! What people ask for by mail: to the address for unsubscribing, and in answers; by LMTP and by HTTP
//! (EML-12, SEC-10, BNC-07).

use domain::TouchId;
use domain::return_path::ReturnPath;
use domain::suppression::{Origin, Scope, SuppressionReason};
use domain::token::TokenKeys;
use domain::{AddressKind, ContactChannel};
use storage::suppressions::Entry;
use testkit::fixture::{ADDRESS_SECRET, Deployment};

use crate::proxy::{Proxy, Way};
use crate::world::{
    Answer, TOKEN_SECRET, World, eventually, files, key, post_request, send, touch_to,
};

const SECRET: &str = "raw-mail-test-secret";
const SERVER: &str = "mx.palm.example";

struct Post {
    world: World,
    kept: tempfile::TempDir,
}

impl Post {
    async fn start() -> Self {
        let deployment = Deployment::create().await;
        let url = deployment.url().to_owned();
        Self::with_database(deployment, &url).await
    }

    async fn with_database(deployment: Deployment, url: &str) -> Self {
        let kept = tempfile::tempdir().unwrap();
        let secrets = format!("[\"{SECRET}\", \"the-next-one\"]");
        let settings = [
            ("keys.address", std::str::from_utf8(ADDRESS_SECRET).unwrap()),
            ("inbound.mail_secrets", &secrets),
            ("inbound.mail_authenticated_by", SERVER),
            ("inbound.hook_limit_bytes", "65536"),
            ("inbound.replies_dir", kept.path().to_str().unwrap()),
        ];
        Self { world: World::with_database(deployment, url, &settings).await, kept }
    }

    fn path(&self, n: usize) -> ReturnPath {
        ReturnPath::new(TouchId::new(), &key(&self.world.deployment, n))
    }

    /// The address for unsubscribing person `n`, signed with `secret`.
    fn unsubscribe(&self, n: usize, secret: &str) -> String {
        self.unsubscribe_of(TouchId::new(), n, secret)
    }

    fn unsubscribe_of(&self, touch: TouchId, n: usize, secret: &str) -> String {
        let keys = TokenKeys::new("k1", secret.as_bytes());
        let path = ReturnPath::new(touch, &key(&self.world.deployment, n));
        format!("{}@bounce.palm.example", path.unsubscribe_local_part(&keys))
    }

    /// The return path of a message to person `n`.
    fn return_path(&self, n: usize) -> String {
        let keys = TokenKeys::new("k1", TOKEN_SECRET.as_bytes());
        format!("{}@bounce.palm.example", self.path(n).local_part(&keys))
    }

    async fn raw(&self, query: &str, message: &str, secret: &str) -> Answer {
        let path = format!("/hooks/mail/raw{query}");
        let header = format!("X-Touchline-Secret: {secret}\r\n");
        let request = post_request(&path, "message/rfc822", message, &header);
        send(self.world.address, &request).await.unwrap()
    }

    /// Hands a message over that was delivered to `recipient`.
    async fn deliver(&self, recipient: &str, message: &str) -> u16 {
        let query: String = form_urlencoded::Serializer::new("?".to_owned())
            .append_pair("recipient", recipient)
            .finish()
            .replacen("?&", "?", 1);
        self.raw(&query, message, SECRET).await.status
    }

    async fn entries(&self, n: usize) -> Vec<Entry> {
        self.world.entries(n).await
    }
}

/// A message from person `n`, which our mail server has found genuine.
fn genuine(n: usize, text: &str) -> String {
    format!("Authentication-Results: {SERVER}; dkim=pass header.d=example.com\r\n{}", from(n, text))
}

fn from(n: usize, text: &str) -> String {
    format!("From: P{n} <p{n}@example.com>\r\nSubject: Re: A villa\r\n\r\n{text}\r\n")
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_is_mailed_to_the_address_for_unsubscribing_is_an_opt_out() {
    let post = Post::start().await;
    for (n, text) in ["", "unsubscribe", "I love your villas"].into_iter().enumerate() {
        assert_eq!(post.deliver(&post.unsubscribe(n, TOKEN_SECRET), &from(n, text)).await, 200);
        let entries = post.entries(n).await;
        assert_eq!(entries.len(), 1, "{text}");
        let entry = &entries[0];
        assert_eq!(
            (entry.reason, entry.origin),
            (SuppressionReason::EmailRequest, Origin::Recipient)
        );
        assert_eq!((entry.scope, entry.channel), (Scope::Channel, Some(ContactChannel::Email)));
    }
    // A mail program that says it wrote by itself is nobody's holiday.
    let automatic = format!("Auto-Submitted: auto-generated\r\n{}", from(3, ""));
    assert_eq!(
        post.deliver(&post.unsubscribe(3, TOKEN_SECRET).to_uppercase(), &automatic).await,
        200
    );
    // Its author is not named by the machine's message, and the touch is not known: nobody to take off.
    assert_eq!(post.entries(3).await.len(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_headers_say_to_whom_a_message_was_delivered_when_nothing_else_does() {
    let post = Post::start().await;
    for (n, header) in ["Delivered-To: ", "X-Original-To: ", "To: team@palm.example, ", "Cc: "]
        .into_iter()
        .enumerate()
    {
        let address = post.unsubscribe(n, TOKEN_SECRET);
        let message = format!("{header}{address}\r\n{}", from(n, ""));
        assert_eq!(post.raw("", &message, SECRET).await.status, 200);
        assert_eq!(post.entries(n).await.len(), 1, "{header}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn forged_addresses_and_secrets_change_nothing() {
    let post = Post::start().await;
    let good = post.unsubscribe(0, TOKEN_SECRET);
    let message = from(0, "unsubscribe");
    let refused = format!("?recipient={}", good.replace('+', "%2B"));
    for secret in ["", "other", "raw-mail-test-secre", "Raw-mail-test-secret"] {
        let answer = post.raw(&refused, &message, secret).await;
        assert_eq!((answer.status, answer.body.as_str()), (403, "forbidden\n"), "{secret}");
    }
    for at in 2..58 {
        let mut local = good.clone().into_bytes();
        local[at] = if local[at] == b'a' { b'b' } else { b'a' };
        assert_eq!(post.deliver(std::str::from_utf8(&local).unwrap(), &message).await, 200);
    }
    for address in [
        post.unsubscribe(0, "a secret nobody signs with"),
        post.unsubscribe(1, TOKEN_SECRET),
        good.replacen("u+", "b+", 1),
        post.return_path(0).replacen("b+", "u+", 1),
        "team@palm.example".to_owned(),
    ] {
        assert_eq!(post.deliver(&address, &message).await, 200);
    }
    for n in 0..2 {
        assert!(post.entries(n).await.is_empty(), "{n}");
    }
    // Only the database knows that the second address was made for somebody else.
    assert_eq!(files(post.kept.path()), 2, "its message and the note that it is done with");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_counts_by_its_words_where_it_is_known_whose_it_is() {
    let post = Post::start().await;
    let stop = "Please unsubscribe me.\r\n\r\nOn Tue, Agency <a@b.example> wrote:\r\n> A villa";
    for (n, recipient, message, stops) in [
        (0, "team@palm.example".to_owned(), genuine(0, stop), true),
        (1, post.return_path(1), from(1, stop), true),
        (2, "team@palm.example".to_owned(), from(2, stop), false),
        (3, "team@palm.example".to_owned(), genuine(3, "A lovely villa!"), false),
        (4, post.return_path(4), from(4, "See you at 5"), false),
        (
            5,
            post.return_path(5),
            format!("Auto-Submitted: auto-replied\r\n{}", from(5, stop)),
            false,
        ),
        (6, "team@palm.example".to_owned(), genuine(6, stop).replace("pass", "fail"), false),
        (
            7,
            "team@palm.example".to_owned(),
            genuine(7, stop).replace("d=example.com", "d=evil.tld"),
            false,
        ),
    ] {
        assert_eq!(post.deliver(&recipient, &message).await, 200);
        let reasons = post.world.reasons(n).await;
        let expected: &[_] = if stops { &[SuppressionReason::EmailRequest] } else { &[] };
        assert_eq!(reasons, expected, "{n}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_wants_nothing_at_all_any_more_gets_nothing_on_any_channel() {
    let post = Post::start().await;
    let deployment = &post.world.deployment;
    let person = deployment.people(1).await.remove(0);
    let remove = genuine(0, "Remove me from your list and do not call me again");
    assert_eq!(post.deliver("team@palm.example", &remove).await, 200);
    let key = deployment.keyer.key(AddressKind::Person, &person.to_string());
    assert_eq!(deployment.operator.entries(&[key]).await.unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unclear_answer_opens_a_review() {
    let post = Post::start().await;
    assert_eq!(post.deliver("team@palm.example", &genuine(0, "not interested")).await, 200);
    assert!(post.entries(0).await.is_empty());
    let reviews = post.world.deployment.operator.reviews(false, 10).await.unwrap();
    assert_eq!(reviews.len(), 1);
    assert_eq!(reviews[0].key, key(&post.world.deployment, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_during_an_outage_is_in_force_after_it() {
    let deployment = Deployment::create().await;
    let proxy = Proxy::start(deployment.url(), Way::Cut);
    let post = Post::with_database(deployment, &proxy.url()).await;
    let known = post.unsubscribe(0, TOKEN_SECRET);
    assert_eq!(post.deliver(&known, &from(0, "")).await, 200);
    // Somebody else's address: the touch has to be asked for its own.
    let touch = touch_to(&post.world.deployment, 1).await;
    let other = post.unsubscribe_of(touch, 1, TOKEN_SECRET);
    assert_eq!(post.deliver(&other, &from(2, "")).await, 200);
    proxy.set(Way::Open);
    eventually("the requests get on the list", async || {
        post.world.reasons(0).await == [SuppressionReason::EmailRequest]
            && post.world.reasons(1).await == [SuppressionReason::EmailRequest]
    })
    .await;
    assert!(post.world.entries(2).await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bounce_posted_is_a_bounce_delivered() {
    let post = Post::start().await;
    let report = "Content-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n\
         --b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.example\r\n\r\n\
         Final-Recipient: rfc822; p0@example.com\r\nAction: failed\r\nStatus: 5.1.1\r\n\r\n--b--";
    let message = format!("Delivered-To: {}\r\n{report}", post.return_path(0));
    for _ in 0..3 {
        assert_eq!(post.raw("", &message, SECRET).await.status, 200);
    }
    assert_eq!(post.world.reasons(0).await, [SuppressionReason::HardBounce]);
    let long = format!("{message}{}", "x".repeat(70_000));
    assert_eq!(post.raw("", &long, SECRET).await.status, 413);
}
