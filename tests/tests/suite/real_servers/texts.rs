//! Texts through the Kannel preset and a real Kannel, as they leave for the phone.

use std::time::Duration;

use domain::{Locale, Medium, TouchId};
use library::Library;
use sms_worker::gateway::{Coding, GatewayResult, HttpSmsGateway, SmsGateway, SmsMessage};
use sms_worker::reply::RefusalClass;
use sms_worker::settings::Settings;
use templates::sms::{self, Encoding, Reference};
use templates::{Fields, Renderer};
use tokio::time::Instant;

use super::kannel::Kannel;
use super::message_centre::{MessageCentre, Text};
use super::{PATIENCE, left_out};

const NUMBER: &str = "+971501234567";

fn gateway(kannel: &Kannel, password: &str) -> HttpSmsGateway {
    let settings = Settings {
        preset: "kannel".to_owned(),
        url: kannel.url(),
        user: Kannel::USER.0.to_owned(),
        password: password.to_owned().into(),
        ..Settings::default()
    };
    HttpSmsGateway::new(&settings).unwrap()
}

/// A text as the worker hands it over.
fn message(text: &str, sender: &str) -> SmsMessage {
    let count = sms::count(text, Reference::EightBit);
    SmsMessage {
        to: NUMBER.to_owned(),
        text: text.to_owned(),
        sender: sender.to_owned(),
        reference: TouchId::new(),
        attempt: 1,
        coding: match count.encoding {
            Encoding::Gsm7 => Coding::Gsm7,
            Encoding::Ucs2 => Coding::Ucs2,
        },
        segments: u32::try_from(count.segments).unwrap(),
        first_attempt_age: Duration::ZERO,
    }
}

/// Every text message of the built-in library, and texts that are hard to carry.
fn texts() -> Vec<String> {
    let mut texts: Vec<String> = [
        "Hello & welcome +1 100% #1?",
        "All of it: @£$¥èéùìòÇØøÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ!\"#¤%&'()*+,-./:;<=>?¡ÄÖÑÜ§¿äöñüà",
        "Escaped: ^{}\\[~]|€ and\na second line",
        "مرحبا لينا، كيف حالك؟",
        "Villa 12 – “Marina” 🏠 عربي and English",
        "\u{200f}٨×٨ – خطة",
    ]
    .map(str::to_owned)
    .into();
    for (unit, counts) in [("a", [160, 161, 306, 307]), ("م", [70, 71, 134, 135])] {
        texts.extend(counts.map(|count| unit.repeat(count)));
    }
    texts.push("€".repeat(80) + "1234567");
    let library = Library::built_in();
    for source in library.templates().filter(|source| source.medium == Medium::Sms) {
        let compiled = templates::compile(source, library.partials()).unwrap();
        let renderer = Renderer::new(&compiled).unwrap();
        for locale in [Locale::En, Locale::Ar] {
            texts.push(renderer.sms(locale, &Fields::examples(locale, [])).unwrap().text);
        }
    }
    texts
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_leaves_kannel_is_the_text_in_as_many_parts_as_were_counted() {
    if left_out("kannel") {
        return;
    }
    let centre = MessageCentre::start().await;
    let kannel = Kannel::start(&centre).await;
    let gateway = gateway(&kannel, Kannel::USER.1);
    for (number, text) in texts().into_iter().enumerate() {
        let sender = if number % 2 == 0 { "AD-PALM" } else { "+97144123456" };
        let message = message(&text, sender);
        let result = gateway.send(&message, Instant::now() + PATIENCE).await;
        assert!(matches!(result, GatewayResult::Accepted { .. }), "{text}: {result:?}");
        let expected = Text {
            from: sender.to_owned(),
            to: NUMBER.to_owned(),
            ucs2: message.coding == Coding::Ucs2,
            parts: message.segments as usize,
            text,
        };
        assert_eq!(centre.next().await, expected);
    }
    assert!(centre.is_quiet().await, "a text was sent twice");
}

#[tokio::test]
async fn a_wrong_password_is_a_matter_of_settings() {
    if left_out("kannel") {
        return;
    }
    let centre = MessageCentre::start().await;
    let kannel = Kannel::start(&centre).await;
    let gateway = gateway(&kannel, "wrong");
    let result = gateway.send(&message("Hello", "AD-PALM"), Instant::now() + PATIENCE).await;
    let GatewayResult::Refused { class, .. } = &result else { panic!("{result:?}") };
    assert_eq!(*class, RefusalClass::Config);
    assert!(centre.is_quiet().await);
}
