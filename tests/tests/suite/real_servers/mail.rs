//! What the email worker makes, through a real Postfix, as a person and a verifier find it.

use std::collections::HashMap;
use std::path::PathBuf;

use chrono::{DateTime, Utc};
use domain::{Locale, Medium, TouchId};
use email_worker::dkim::Signer;
use email_worker::mailer::{LimitSettings, Mailer, SendResult, Timeouts};
use email_worker::message::{Email, Envelope, SentFor, parse_mailbox};
use email_worker::reply::{Verdict, judge};
use email_worker::settings::Relay;
use futures_util::stream::{self, StreamExt};
use library::Library;
use templates::{Fields, RenderedEmail, Renderer};
use tokio::time::Instant;

use super::postfix::Postfix;
use super::verifier::{self, Judgement};
use super::{PATIENCE, left_out};

/// Conversations at the same time.
const CONNECTIONS: usize = 4;

const RSA_RECORD: &str = include_str!("../../../../services/email-worker/tests/keys/rsa.txt");
const ED25519_RECORD: &str =
    include_str!("../../../../services/email-worker/tests/keys/ed25519.txt");

/// Recipients, and names that are hard to write into a header.
const RECIPIENTS: [(&str, &str); 6] = [
    ("lina@example.com", "Lina Haddad"),
    ("omar@example.com", "عمر بن عبد العزيز آل مكتوم"),
    ("obrien@example.com", "O'Brien, \"Liz\" (Marina) <agent>"),
    ("lina@مثال.example", "لينا"),
    ("لينا@example.com", "لينا الحداد – Lina Haddad"),
    ("nobody.in.particular@example.com", ""),
];

/// One message and what it was made of.
struct Letter {
    touch: TouchId,
    to: &'static str,
    to_name: &'static str,
    content: RenderedEmail,
    signer: &'static str,
}

fn signer(selector: &str) -> Signer {
    let keys = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../services/email-worker"));
    let file = keys.join(format!("tests/keys/{selector}-pkcs8.pem"));
    Signer::load("palm.example", selector, &file).unwrap()
}

fn mailer(url: &str) -> Mailer {
    let relay = Relay::parse(&url.into(), "mail.palm.example").unwrap();
    let timeouts =
        Timeouts { connect: PATIENCE, command: PATIENCE, data: PATIENCE, idle: PATIENCE };
    let limits = LimitSettings {
        concurrency: CONNECTIONS,
        per_destination_concurrency: CONNECTIONS,
        per_second: 0.0,
        per_destination_per_second: 0.0,
    };
    Mailer::new(&relay, timeouts, limits, 1000).unwrap()
}

/// The emails of the built-in library in every language, with its example values; `most` templates.
fn letters(most: usize) -> Vec<Letter> {
    let library = Library::built_in();
    let mut contents = Vec::new();
    let emails = library.templates().filter(|source| source.medium == Medium::Email);
    for source in emails.take(most) {
        let compiled = templates::compile(source, library.partials()).unwrap();
        let renderer = Renderer::new(&compiled).unwrap();
        for locale in [Locale::En, Locale::Ar] {
            contents.push(renderer.email(locale, &Fields::examples(locale, [])).unwrap());
        }
    }
    let letter = |(number, content)| {
        let (to, to_name) = RECIPIENTS[number % RECIPIENTS.len()];
        // Both keys see both languages: languages alternate, keys change every second letter.
        let signer = if number / 2 % 2 == 0 { "rsa" } else { "ed25519" };
        Letter { touch: TouchId::new(), to, to_name, content, signer }
    };
    contents.into_iter().enumerate().map(letter).collect()
}

/// Makes, signs and sends a letter as the worker does.
async fn send(mailer: &Mailer, signer: &Signer, letter: &Letter) -> SendResult {
    let from = parse_mailbox("نخلة العقارية Palm Realty <hello@palm.example>", "from").unwrap();
    let reply_to = parse_mailbox("سارة <sara@palm.example>", "reply-to").unwrap();
    let envelope = Envelope::new("hello@palm.example", letter.to).unwrap();
    let message = Email {
        sent_for: SentFor::Touch { id: letter.touch, attempt: 1 },
        now: now(),
        from: &from,
        reply_to: Some(&reply_to),
        to_name: letter.to_name,
        envelope: &envelope,
        subject: &letter.content.subject,
        text: &letter.content.text,
        html: &letter.content.html,
        unsubscribe_url: &unsubscribe_url(letter),
        unsubscribe_mailto: Some("mailto:unsubscribe@palm.example?subject=stop"),
        list_label: "خطة ٨×٨",
        list_topic: "8x8",
    };
    let message = signer.sign(&message.build().unwrap()).unwrap();
    let permit = loop {
        match mailer.acquire(&envelope).await {
            Ok(permit) => break permit,
            Err(busy) => tokio::time::sleep(busy.retry_after).await,
        }
    };
    mailer.send(permit, &envelope, &message, Instant::now() + PATIENCE).await
}

fn now() -> DateTime<Utc> {
    "2026-11-21T08:00:00Z".parse().unwrap()
}

fn unsubscribe_url(letter: &Letter) -> String {
    format!("https://u.palm.example/u/{}", letter.touch.as_uuid().simple().to_string().repeat(4))
}

fn check(letter: &Letter, found: &Judgement) {
    let (headers, to) = (&found.headers, letter.to);
    assert!(found.verified, "{to}: {}", found.why);
    assert_eq!(found.algorithm, format!("{}-sha256", letter.signer));
    for header in ["from", "to", "subject", "list-unsubscribe", "list-unsubscribe-post"] {
        assert!(found.signed.iter().any(|name| name == header), "{header}: {:?}", found.signed);
    }
    // Only an address that needs SMTPUTF8 may bring anything else into the headers.
    assert_eq!(found.plain_headers, to.split('@').next().unwrap().is_ascii());
    assert!(found.broken_by.values().all(|broken| *broken), "{:?}", found.broken_by);
    assert_eq!(headers["subject"], letter.content.subject);
    assert!(headers["from"].contains("نخلة العقارية Palm Realty"), "{}", headers["from"]);
    assert!(headers["reply-to"].contains("سارة"), "{}", headers["reply-to"]);
    let unquoted = headers["to"].replace('\\', "");
    assert!(unquoted.contains(letter.to_name), "{unquoted}");
    assert_eq!(
        headers["list-unsubscribe"].split_whitespace().collect::<String>(),
        format!("<{}>,<mailto:unsubscribe@palm.example?subject=stop>", unsubscribe_url(letter))
    );
    assert_eq!(headers["list-unsubscribe-post"], "List-Unsubscribe=One-Click");
    assert!(headers["list-id"].contains("خطة ٨×٨"), "{}", headers["list-id"]);
    assert!(headers["received"].contains("SMTPS id"), "{}", headers["received"]);
    let lines = |text: &str| text.replace("\r\n", "\n").trim_end().to_owned();
    assert_eq!(lines(&found.text), lines(&letter.content.text));
    assert_eq!(lines(&found.html), lines(&letter.content.html));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_email_of_the_library_arrives_whole_and_its_signature_holds() {
    if left_out("postfix") {
        return;
    }
    let postfix = Postfix::start().await;
    let mailer = mailer(&postfix.url());
    let signers = HashMap::from(["rsa", "ed25519"].map(|selector| (selector, signer(selector))));
    let letters = letters(usize::MAX);
    let results: Vec<(TouchId, SendResult)> = stream::iter(&letters)
        .map(async |letter| (letter.touch, send(&mailer, &signers[letter.signer], letter).await))
        .buffer_unordered(CONNECTIONS)
        .collect()
        .await;
    let log = postfix.log();
    for (touch, result) in &results {
        let SendResult::Accepted { queue_id: Some(queue_id), .. } = result else {
            panic!("{result:?}; the log:\n{log}");
        };
        let line = format!("{queue_id}: message-id=<touch-{touch}@palm.example>");
        assert!(log.contains(&line), "Postfix knows no {line}:\n{log}");
    }
    mailer.close().await;
    let files = postfix.delivered(letters.len()).await;
    assert!(postfix.connections() <= CONNECTIONS, "{}", postfix.log());

    let published = [
        ("rsa._domainkey.palm.example", RSA_RECORD),
        ("ed25519._domainkey.palm.example", ED25519_RECORD),
    ];
    let found = tokio::task::spawn_blocking(move || verifier::judge(&published, &files));
    let found = found.await.unwrap();
    let found: HashMap<_, _> =
        found.iter().map(|one| (one.headers["x-touch-id"].as_str(), one)).collect();
    assert_eq!(found.len(), letters.len());
    for letter in &letters {
        check(letter, found[letter.touch.to_string().as_str()]);
    }
}

#[tokio::test]
async fn the_refusals_of_a_real_server_are_understood() {
    if left_out("postfix") {
        return;
    }
    let postfix = Postfix::start().await;
    let ours = mailer(&postfix.url());
    let signer = signer("ed25519");
    let letter = letters(1).swap_remove(0);
    let to = |to| Letter { to, touch: TouchId::new(), content: letter.content.clone(), ..letter };

    let unknown = judge(&send(&ours, &signer, &to("gone@example.net")).await);
    assert!(matches!(unknown, Verdict::Failed { .. }) && unknown.suppresses(), "{unknown:?}");
    let elsewhere = judge(&send(&ours, &signer, &to("lina@elsewhere.example")).await);
    assert!(matches!(elsewhere, Verdict::Misconfigured { .. }), "{elsewhere:?}");
    // The conversation goes on after a refusal.
    let known = judge(&send(&ours, &signer, &to("lina@example.net")).await);
    assert!(matches!(known, Verdict::Sent { queue_id: Some(_) }), "{known:?}");
    assert_eq!(postfix.connections(), 1, "{}", postfix.log());

    // A certificate nobody vouches for: nothing is handed over.
    let url = postfix.url();
    let without_certificate = url.split("&ca=").next().unwrap();
    let stranger = send(&mailer(without_certificate), &signer, &to("lina@example.net")).await;
    assert!(matches!(stranger, SendResult::NotHandedOver { .. }), "{stranger:?}");
    ours.close().await;
    assert_eq!(postfix.delivered(1).await.len(), 1);
}
