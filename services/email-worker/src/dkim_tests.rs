//! Signatures, judged by mail-auth's verifier without any DNS.
#![allow(clippy::unwrap_used)]

use std::borrow::Borrow;
use std::collections::HashMap;
use std::hash::Hash;
use std::sync::Arc;
use std::time::Instant;

use mail_auth::common::parse::TxtRecordParser;
use mail_auth::common::verify::DomainKey;
use mail_auth::{
    AuthenticatedMessage, DkimResult, MessageAuthenticator, Parameters, ResolverCache, Txt,
};

use super::*;

const RSA_PKCS1: &[u8] = include_bytes!("../tests/keys/rsa-pkcs1.pem");
const RSA_PKCS8: &[u8] = include_bytes!("../tests/keys/rsa-pkcs8.pem");
const ED25519: &[u8] = include_bytes!("../tests/keys/ed25519-pkcs8.pem");
const RSA_RECORD: &str = include_str!("../tests/keys/rsa.txt");
const ED25519_RECORD: &str = include_str!("../tests/keys/ed25519.txt");

/// The published key, in the place of DNS.
struct Published(HashMap<Box<str>, Txt>);

impl ResolverCache<Box<str>, Txt> for Published {
    fn get<Q>(&self, name: &Q) -> Option<Txt>
    where
        Box<str>: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        self.0.get(name).cloned()
    }
    fn remove<Q>(&self, _name: &Q) -> Option<Txt>
    where
        Box<str>: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        None
    }
    fn insert(&self, _name: Box<str>, _value: Txt, _valid_until: Instant) {}
}

struct Nothing;

impl<K, V> ResolverCache<K, V> for Nothing {
    fn get<Q>(&self, _name: &Q) -> Option<V>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        None
    }
    fn remove<Q>(&self, _name: &Q) -> Option<V>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        None
    }
    fn insert(&self, _name: K, _value: V, _valid_until: Instant) {}
}

async fn verifies(message: &[u8], record: &str) -> bool {
    let key = DomainKey::parse(record.trim().as_bytes()).unwrap();
    let name = "k1._domainkey.palm.example.".into();
    let published = Published(HashMap::from([(name, Txt::DomainKey(Arc::new(key)))]));
    let parsed = AuthenticatedMessage::parse(message).unwrap();
    let parameters = Parameters {
        params: &parsed,
        cache_txt: Some(&published),
        cache_mx: None::<&Nothing>,
        cache_ptr: None::<&Nothing>,
        cache_ipv4: None::<&Nothing>,
        cache_ipv6: None::<&Nothing>,
    };
    let outputs = MessageAuthenticator::new_cloudflare().unwrap().verify_dkim(parameters).await;
    assert_eq!(outputs.len(), 1);
    *outputs[0].result() == DkimResult::Pass
}

fn message() -> FinishedMessage {
    let head = "From: Palm Realty <hello@palm.example>\r\nTo: lina@example.com\r\nSubject: Hello\r\n\
        Date: Sat, 21 Nov 2026 08:00:00 +0000\r\nMessage-ID: <touch-1@palm.example>\r\n\
        MIME-Version: 1.0\r\nList-Id: <8x8.lists.palm.example>\r\n\
        List-Unsubscribe: <https://u.palm.example/u/T>,\r\n <mailto:u+T@palm.example>\r\n\
        List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n\
        Content-Type: multipart/alternative;\r\n boundary=\"=_b\"\r\n";
    let body = "\r\n--=_b\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nHello  Lina \r\n\
        --=_b\r\nContent-Type: text/html; charset=utf-8\r\n\r\n<p>Hello</p>\r\n--=_b--\r\n\r\n";
    FinishedMessage::parse(format!("{head}{body}").into_bytes()).unwrap()
}

fn tag<'a>(message: &'a str, name: &str) -> String {
    let end = message.find("\r\nFrom:").unwrap();
    let start = message.find(&format!("{name}=")).unwrap() + name.len() + 1;
    let value: &'a str = message[start..end].split(';').next().unwrap();
    value.split_whitespace().collect::<String>().to_ascii_lowercase()
}

#[tokio::test]
async fn every_kind_of_key_signs_what_verifies_and_nothing_may_change() {
    for (pem, record) in
        [(RSA_PKCS1, RSA_RECORD), (RSA_PKCS8, RSA_RECORD), (ED25519, ED25519_RECORD)]
    {
        let signer = Signer::from_pem("palm.example", "k1", pem).unwrap();
        let signed = signer.sign(&message()).unwrap();
        let text = std::str::from_utf8(signed.as_bytes()).unwrap();
        assert!(verifies(text.as_bytes(), record).await, "{signer:?}");
        for (from, to) in [
            ("Hello  Lina", "Hello Nina"),
            ("/u/T>", "/u/X>"),
            ("=One-Click", "=Two-Click"),
            ("alternative", "mixed"),
            ("Subject: Hello", "Subject: Goodbye"),
        ] {
            let changed = text.replacen(from, to, 1);
            assert_ne!(changed, text);
            assert!(!verifies(changed.as_bytes(), record).await, "{signer:?}: {from} → {to}");
        }
        for added in
            ["From: x@evil.example", "Reply-To: x@evil.example", "List-Unsubscribe: <https://evil>"]
        {
            let changed = text.replacen("To: lina", &format!("{added}\r\nTo: lina"), 1);
            assert!(!verifies(changed.as_bytes(), record).await, "{signer:?}: {added}");
        }
    }
}

#[test]
fn the_signature_says_what_compliance_wants() {
    let signer = Signer::from_pem("palm.example", "k1", ED25519).unwrap();
    let signed = signer.sign(&message()).unwrap();
    let text = std::str::from_utf8(signed.as_bytes()).unwrap();
    assert!(text.starts_with(
        "DKIM-Signature: v=1; a=ed25519-sha256; s=k1; d=palm.example; c=relaxed/relaxed;"
    ));
    let signed: Vec<String> = tag(text, "h").split(':').map(str::to_owned).collect();
    for (header, times) in [
        ("from", 2),
        ("to", 1),
        ("subject", 1),
        ("date", 1),
        ("message-id", 1),
        ("mime-version", 1),
        ("content-type", 1),
        ("list-id", 1),
        ("list-unsubscribe", 2),
        ("list-unsubscribe-post", 2),
    ] {
        assert_eq!(signed.iter().filter(|name| *name == header).count(), times, "{header}");
    }
    assert!(!text[..text.find("\r\nFrom:").unwrap()].contains("l="));
}

#[tokio::test]
async fn no_blank_stands_between_the_signature_and_its_end() {
    let signer = Signer::from_pem("palm.example", "k1", RSA_PKCS8).unwrap();
    let signed = signer.sign(&message()).unwrap();
    let text = std::str::from_utf8(signed.as_bytes()).unwrap();
    assert!(text.contains("==;\r\nFrom: "), "{text}");
    assert!(verifies(text.as_bytes(), RSA_RECORD).await);
    assert_eq!(without_last_fold("b=ab\r\n\t;\r\n".into()), "b=ab;\r\n");
    assert_eq!(without_last_fold("b=ab\r\n\tcd;\r\n".into()), "b=ab\r\n\tcd;\r\n");
}

#[test]
fn a_bad_key_file_is_named_with_what_to_do() {
    let error = Signer::load("palm.example", "k1", Path::new("/nowhere/key.pem")).unwrap_err();
    let text = error.to_string();
    assert!(text.contains("/nowhere/key.pem") && text.contains("email.dkim_key_file"), "{text}");
    assert!(Signer::from_pem("palm.example", "k1", b"no key").is_err());
    assert!(Signer::from_pem("palm.example", "k1", RSA_RECORD.as_bytes()).is_err());
}
