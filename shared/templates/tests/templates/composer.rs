//! compliance.md V-2, between the editor and the phone, row by row.

use domain::Locale::En;
use templates::sms::{Encoding, Refusal, suggestions};
use templates::{RenderError, check};

use crate::samples::{fields, partials, renderer, sms};

const ARABIC: &str = "مرحباً {{first_name}}. أرسل إيقاف";

#[test]
fn row_1_a_text_over_the_cap_is_blocked_and_nothing_is_cut() {
    let long = "a".repeat(161);
    let text = renderer(&sms(&long, ARABIC)).sms(En, &fields(En)).unwrap();
    assert_eq!(text.text, long);
    let refused = text.count.allowed(1).unwrap_err();
    assert_eq!(refused, Refusal::OverCap { segments: 2, cap: 1 });
    assert_eq!(refused.to_string(), "segments_over_cap(2>1)");
}

#[test]
fn row_2_the_encoding_is_that_of_the_filled_in_text() {
    let renderer = renderer(&sms("Hi {{first_name}}", ARABIC));
    let encoding =
        |name: &str| renderer.sms(En, &fields(En).with("first_name", name)).unwrap().count.encoding;
    assert_eq!(encoding("Sara"), Encoding::Gsm7);
    assert_eq!(encoding("محمد"), Encoding::Ucs2);
}

#[test]
fn row_3_a_missing_name_blocks_or_takes_the_text_for_it() {
    let nameless = fields(En).with("first_name", "");
    let missing = renderer(&sms("Hi {{first_name}},", ARABIC)).sms(En, &nameless);
    assert_eq!(missing, Err(RenderError::MissingField { name: "first_name".to_owned() }));
    let either = "Hi {{#if first_name}}{{first_name}}{{else}}there{{/if}},";
    let text = renderer(&sms(either, ARABIC)).sms(En, &nameless).unwrap().text;
    assert_eq!(text, "Hi there,");
}

#[test]
fn row_4_a_curly_quote_is_named_and_a_straight_one_offered() {
    let curly = "It\u{2019}s open. Reply STOP to opt out";
    let found = suggestions(curly);
    assert_eq!(found.len(), 1);
    assert_eq!((found[0].code_point.as_str(), found[0].replacement), ("U+2019", Some("'")));
    // Nothing is replaced by itself.
    assert_eq!(renderer(&sms(curly, ARABIC)).sms(En, &fields(En)).unwrap().text, curly);
    let long = format!("{curly} {}", "a".repeat(300));
    let problems = check(&sms(&long, ARABIC), &partials());
    let named = problems.iter().any(|problem| problem.to_string().contains("U+2019"));
    assert!(named, "{problems:?}");
}
