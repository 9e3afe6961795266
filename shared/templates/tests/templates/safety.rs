//! Values are data (compliance.md SEC-12, SEC-13).

use domain::Locale::{Ar, En};
use proptest::prelude::*;
use templates::{Fields, MAX_OUTPUT, Part, ProblemCode, RenderError, compile};

use crate::samples::{email, email_of, fields, partials, renderer, sms};

const PAYLOADS: &[&str] = &[
    "{{7*7}}",
    "${7*7}",
    "{{constructor.constructor('alert(1)')()}}",
    "{% include '/etc/passwd' %}",
    "{{agent_phone}}",
    "{{{team_name}}}",
    "{{> footer.txt}}",
    "{{#if x}}",
    "<mj-include path='footer.mjml' />",
    "<script>alert(1)</script>",
    "\"><img src=x onerror=alert(1)>",
    "' onmouseover='alert(1)",
    "--><b>",
    "<!--tlxfield0xlt-->",
    "tlxfield1xlt",
    "</title><script>",
];

#[test]
fn payloads_in_names_come_out_as_they_went_in() {
    let mail = renderer(&email());
    for payload in PAYLOADS {
        let sent = mail.email(En, &fields(En).with("first_name", *payload)).unwrap();
        assert!(sent.subject.starts_with(payload), "{}", sent.subject);
        assert!(sent.text.contains(&format!("Hi {payload},")), "{}", sent.text);
        let escaped = payload
            .replace('&', "&amp;")
            .replace('<', "&lt;")
            .replace('>', "&gt;")
            .replace('"', "&quot;")
            .replace('\'', "&#39;");
        assert!(sent.html.contains(&format!("Hi <bdi>{escaped}</bdi>,")), "{payload}");
    }
}

#[test]
fn a_link_takes_only_whole_links_with_allowed_schemes() {
    let renderer = renderer(&email_of("<mj-text><a href=\"{{custom.site}}\">x</a></mj-text>"));
    let sent = |site: &str| renderer.email(En, &fields(En).with("custom.site", site));
    for site in ["https://example.com/a?b=c&d=e", "HTTP://x", "mailto:a@example.com", "tel:+971"] {
        assert!(sent(site).is_ok(), "{site}");
    }
    assert!(sent("https://x/?a=b&c").unwrap().html.contains("href=\"https://x/?a=b&amp;c\""));
    for site in [
        "javascript:alert(1)",
        "JaVaScRiPt:alert(1)",
        " javascript:alert(1)",
        "java\nscript:alert(1)",
        "data:text/html,<script>",
        "vbscript:x",
        "file:///etc/passwd",
        "https:example.com",
        "//example.com",
        "example.com",
        "https://",
        "https://x\"onclick=\"y",
        "https://x/<script>",
        "https://x/\u{202e}gpj.exe",
    ] {
        let refused = sent(site);
        if site == "https://" {
            // Nothing follows, which is useless but harmless.
            continue;
        }
        let name = "custom.site".to_owned();
        assert_eq!(refused, Err(RenderError::UnsafeLink { name }), "{site}");
    }
}

#[test]
fn a_value_inside_a_link_stays_inside_it() {
    let body = "<mj-text><a href=\"https://x/?a={{first_name}}&amp;b=1\">x</a></mj-text>";
    let sent = renderer(&email_of(body)).email(En, &fields(En).with("first_name", "a&b=2#c /é"));
    assert!(sent.unwrap().html.contains("href=\"https://x/?a=a%26b%3D2%23c%20%2F%C3%A9&amp;b=1\""));
}

#[test]
fn line_breaks_in_a_subject_are_refused() {
    let renderer = renderer(&email());
    for name in ["Sara\r\nBcc: all@example.com", "Sara\nX", "Sara\u{0}X", "Sara\u{2028}X"] {
        let refused = renderer.email(En, &fields(En).with("first_name", name));
        assert_eq!(refused, Err(RenderError::ControlCharacter { part: Part::Subject }));
    }
}

#[test]
fn control_characters_do_not_reach_pages_and_text_messages() {
    let source = sms("Hi {{first_name}}\nReply STOP", "مرحباً {{first_name}} إيقاف");
    let sent = renderer(&source).sms(En, &fields(En).with("first_name", "S\u{0}a\u{7}r\u{1b}a"));
    assert_eq!(sent.unwrap().text, "Hi Sara\nReply STOP");
    let body = "<mj-text>{{custom.name}}</mj-text>";
    let name = "a\u{0}b\u{202e}c\u{2066}d";
    let sent = renderer(&email_of(body)).email(En, &fields(En).with("custom.name", name)).unwrap();
    assert!(sent.html.contains("<bdi>abcd</bdi>"), "{}", sent.html);
}

#[test]
fn a_blank_text_message_is_not_sent() {
    let source = sms("{{#if area}}x{{/if}}", "{{#if area}}x{{/if}}");
    let refused = renderer(&source).sms(En, &fields(En).with("area", ""));
    assert_eq!(refused, Err(RenderError::Empty { part: Part::Sms }));
}

#[test]
fn output_is_capped() {
    let long = "x".repeat(MAX_OUTPUT);
    let source = sms("{{first_name}} STOP", "{{first_name}} إيقاف");
    let refused = renderer(&source).sms(En, &Fields::new().with("first_name", long));
    assert_eq!(refused, Err(RenderError::TooLarge { part: Part::Sms }));
}

#[test]
fn fields_where_no_value_is_safe_are_refused_with_their_place() {
    for body in [
        "<mj-text color=\"{{custom.color}}\">x</mj-text>",
        "<mj-text><p style=\"color: {{custom.color}}\">x</p></mj-text>",
        "<mj-raw><style>p { color: {{custom.color}} }</style></mj-raw>",
        "<mj-text css-class=\"{{custom.x}}\">x</mj-text>",
    ] {
        let problems = compile(&email_of(body), &partials()).unwrap_err();
        assert_eq!(problems[0].code, ProblemCode::UnsafePlace, "{body}: {problems:?}");
    }
    assert!(compile(&email_of("<mj-text><p {{custom.x}}>x</p></mj-text>"), &partials()).is_err());
    for body in [
        "<mj-text><script>x</script></mj-text>",
        "<mj-text><p onclick=\"x()\">x</p></mj-text>",
        "<mj-raw><iframe src=\"https://x\"></iframe></mj-raw>",
        "<mj-text>{{{first_name}}}</mj-text>",
        "<mj-text>{{&first_name}}</mj-text>",
        "<mj-raw>{{#each custom}}x{{/each}}</mj-raw>",
    ] {
        let problems = compile(&email_of(body), &partials()).unwrap_err();
        assert_eq!(problems[0].code, ProblemCode::NotAllowed, "{body}: {problems:?}");
        assert!(problems[0].line.is_some(), "{body}");
    }
}

#[test]
fn unsafe_links_in_the_template_itself_are_refused() {
    for link in ["javascript:x", " JAVASCRIPT:x", "data:text/html,x", "javascript:{{first_name}}"] {
        let body = format!("<mj-button href=\"{link}\">x</mj-button>");
        let problems = compile(&email_of(&body), &partials()).unwrap_err();
        assert_eq!(problems[0].code, ProblemCode::UnsafeLink, "{link}");
    }
}

#[test]
fn pieces_that_include_themselves_are_refused() {
    let mut partials = partials();
    partials.insert(None, "loop.mjml", "<mj-include path=\"loop.mjml\" />");
    let source = email_of("<mj-include path=\"loop.mjml\" />");
    let problems = compile(&source, &partials).unwrap_err();
    assert_eq!(problems[0].code, ProblemCode::Include);
    assert_eq!(problems[0].part, "loop.mjml");
    partials.insert(None, "loop.txt", "{{> loop.txt}}");
    let mut source = email();
    source.locales.get_mut(&Ar).unwrap().text = Some("{{> loop.txt}}".to_owned());
    let problems = compile(&source, &partials).unwrap_err();
    assert!(!problems.is_empty());
}

#[test]
fn depth_cannot_exhaust_the_stack() {
    let deep = "<mj-section><mj-column>".repeat(50_000);
    assert!(compile(&email_of(&deep), &partials()).is_err());
    let deep = format!("<mj-text>{}</mj-text>", "<div>".repeat(20_000));
    assert!(compile(&email_of(&deep), &partials()).is_err());
    let deep = format!("<mj-text>{}</mj-text>", "{{#if area}}".repeat(10_000));
    assert!(compile(&email_of(&deep), &partials()).is_err());
}

proptest! {
    #[test]
    fn no_value_breaks_out_of_its_place(value in any::<String>()) {
        let renderer = renderer(&email_of(
            "<mj-text><b title=\"{{custom.x}}\">[{{custom.x}}]</b>\
             <a href=\"https://x/{{custom.x}}\">y</a></mj-text>",
        ));
        let plain = renderer.email(En, &fields(En).with("custom.x", "x")).unwrap().html;
        if let Ok(sent) = renderer.email(En, &fields(En).with("custom.x", value)) {
            for character in ['<', '>', '"'] {
                let count = |html: &str| html.matches(character).count();
                prop_assert_eq!(count(&sent.html), count(&plain));
            }
        }
    }

    #[test]
    fn no_template_makes_compiling_panic(body in "[a-z<>/={}#\"' &;!~^-]{0,80}") {
        let _ = compile(&email_of(&body), &partials());
        let _ = compile(&sms(&body, &body), &partials());
    }
}
