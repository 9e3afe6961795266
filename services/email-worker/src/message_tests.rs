//! What leaves the message builder, read back by an independent parser.
#![allow(clippy::unwrap_used)]

use mail_parser::{HeaderName as Name, MessageParser};

use super::*;

const ARABIC: &str = "مرحبًا لينا، هذه رسالة طويلة عن سوق العقارات في دبي هذا الشهر.";

struct Given {
    from: Mailbox,
    reply_to: Mailbox,
    envelope: Envelope,
    touch: TouchId,
}

fn given() -> Given {
    Given {
        from: parse_mailbox("عقارات النخيل <hello@palm.example>", "sender").unwrap(),
        reply_to: parse_mailbox("Sara Haddad <sara@palm.example>", "reply-to").unwrap(),
        envelope: Envelope::new("bounce@palm.example", "lina@example.com").unwrap(),
        touch: "01890a5d-ac96-774b-bcce-b302099a8057".parse().unwrap(),
    }
}

impl Given {
    fn email(&self) -> Email<'_> {
        Email {
            sent_for: SentFor::Touch { id: self.touch, attempt: 2 },
            now: DateTime::from_timestamp(1_780_000_000, 0).unwrap(),
            from: &self.from,
            reply_to: Some(&self.reply_to),
            to_name: "لينا حداد",
            envelope: &self.envelope,
            subject: "سوق دبي: ما الجديد هذا الشهر في الحي الذي تسكن فيه؟",
            text: ARABIC,
            html: "<p dir=\"rtl\">مرحبًا لينا</p>",
            unsubscribe_url: "https://u.palm.example/u/TOKEN",
            unsubscribe_mailto: Some("mailto:u+TOKEN@palm.example"),
            list_label: "8x8",
            list_topic: "8x8",
        }
    }
}

fn raw<'a>(message: &'a FinishedMessage, name: &str) -> Vec<&'a str> {
    let text = std::str::from_utf8(message.as_bytes()).unwrap();
    let head = text.split("\r\n\r\n").next().unwrap();
    let start = format!("{name}: ");
    head.split("\r\n").filter_map(|line| line.strip_prefix(&start)).collect()
}

#[test]
fn an_arabic_message_arrives_as_it_was_written() {
    let given = given();
    let finished = given.email().build().unwrap();
    assert!(finished.is_ascii(), "no server needs 8BITMIME or SMTPUTF8 for it");
    let parsed = MessageParser::default().parse(finished.as_bytes()).unwrap();
    assert_eq!(parsed.subject().unwrap(), given.email().subject);
    assert_eq!(parsed.body_text(0).unwrap().trim_end(), ARABIC);
    assert_eq!(parsed.body_html(0).unwrap().trim_end(), given.email().html);
    let from = parsed.from().unwrap().first().unwrap();
    assert_eq!((from.name(), from.address()), (Some("عقارات النخيل"), Some("hello@palm.example")));
    let to = parsed.to().unwrap().first().unwrap();
    assert_eq!((to.name(), to.address()), (Some("لينا حداد"), Some("lina@example.com")));
    assert_eq!(parsed.reply_to().unwrap().first().unwrap().address(), Some("sara@palm.example"));
    let id = "touch-01890a5d-ac96-774b-bcce-b302099a8057@palm.example";
    assert_eq!(parsed.message_id(), Some(id));
    assert_eq!(parsed.date().unwrap().to_timestamp(), 1_780_000_000);
    assert!(parsed.header(Name::Other("Auto-Submitted".into())).is_none());
}

#[test]
fn the_list_headers_are_those_of_rfc_8058() {
    let given = given();
    let finished = given.email().build().unwrap();
    let unsubscribe = "<https://u.palm.example/u/TOKEN>, <mailto:u+TOKEN@palm.example>";
    let text = std::str::from_utf8(finished.as_bytes()).unwrap().replace("\r\n ", " ");
    assert_eq!(text.matches(&format!("\r\nList-Unsubscribe: {unsubscribe}\r\n")).count(), 1);
    assert_eq!(text.matches("\r\nList-Unsubscribe:").count(), 1);
    assert_eq!(raw(&finished, "List-Unsubscribe-Post"), ["List-Unsubscribe=One-Click"]);
    assert_eq!(raw(&finished, "List-Id"), ["8x8 <8x8.lists.palm.example>"]);
    assert_eq!(raw(&finished, "X-Touch-Attempt"), ["2"]);
    assert_eq!(raw(&finished, "X-Touch-Id"), [given.touch.to_string()]);

    let long = format!("https://u.palm.example/u/{}", "0aZ_-".repeat(80));
    let finished = Email { unsubscribe_url: &long, ..given.email() }.build().unwrap();
    let text = std::str::from_utf8(finished.as_bytes()).unwrap();
    assert!(text.contains(&format!("<{long}>")), "a long token is not torn apart");
}

#[test]
fn an_attempt_is_the_same_bytes_every_time() {
    let given = given();
    assert_eq!(given.email().build().unwrap(), given.email().build().unwrap());
}

#[test]
fn nothing_can_slip_a_header_in() {
    let given = given();
    let evil = "Hello\r\nBcc: everybody@example.com";
    let named = Mailbox::new(Some(evil.to_owned()), given.from.email.clone());
    let email = given.email();
    for (email, expected) in [
        (Email { subject: evil, ..email }, MessageError::ControlCharacter("subject")),
        (Email { to_name: evil, ..email }, MessageError::ControlCharacter("recipient's name")),
        (Email { list_label: evil, ..email }, MessageError::ControlCharacter("list's name")),
        (Email { from: &named, ..email }, MessageError::ControlCharacter("sender's name")),
        (
            Email { reply_to: Some(&named), ..email },
            MessageError::ControlCharacter("reply-to name"),
        ),
        (
            Email { unsubscribe_url: "https://x/\r\nBcc: a@b", ..email },
            MessageError::UnsubscribeUrl,
        ),
        (
            Email { unsubscribe_mailto: Some("mailto:a@b>\r\n"), ..email },
            MessageError::UnsubscribeMailto,
        ),
    ] {
        assert_eq!(email.build().unwrap_err(), expected);
    }
    let topic = "a\r\nBcc: b@c";
    let finished = Email { list_topic: topic, ..email }.build().unwrap();
    assert_eq!(raw(&finished, "List-Id"), ["8x8 <a--bcc--b-c.lists.palm.example>"]);
    assert!(Envelope::new("a@b.example", "x@y.example> NOTIFY=<z@y.example").is_err());
    assert!(Envelope::new("a@b.example", "x y@z.example").is_err());
    assert!(Envelope::new("a@b.example", "x\r\n@z.example").is_err());
}

#[test]
fn the_unsubscribe_url_is_one_for_one_click() {
    let given = given();
    for (url, good) in [
        ("https://u.palm.example/u/T", true),
        ("http://127.0.0.1:8080/u/T", true),
        ("http://localhost/u/T", true),
        ("http://u.palm.example/u/T", false),
        ("http://127.0.0.1.palm.example/u/T", false),
        ("https://u.palm.example/u/T>, <https://other.example/", false),
        ("https://u.palm.example/ü", false),
        ("", false),
    ] {
        let built = Email { unsubscribe_url: url, ..given.email() }.build();
        assert_eq!(built.is_ok(), good, "{url}");
    }
}

#[test]
fn long_lines_and_odd_line_ends_are_made_fit() {
    let given = given();
    let long = "word ".repeat(1000);
    let odd = "one\rtwo\nthree\r\n.\r\nfour";
    let finished = Email { text: odd, html: &long, ..given.email() }.build().unwrap();
    let parsed = MessageParser::default().parse(finished.as_bytes()).unwrap();
    assert_eq!(parsed.body_html(0).unwrap().trim_end(), long.trim_end());
    let text = parsed.body_text(0).unwrap();
    assert_eq!(text.lines().collect::<Vec<_>>(), ["one", "two", "three", ".", "four"]);
}

#[test]
fn a_finished_message_has_proper_lines_only() {
    let refused = |text: &str| FinishedMessage::parse(text.into()).unwrap_err();
    assert_eq!(refused("A: b\n\r\n"), MessageError::Malformed("has a bare line feed"));
    assert_eq!(
        refused("A: b\r\n\r\nx\ry\r\n"),
        MessageError::Malformed("has a bare carriage return or a NUL")
    );
    assert_eq!(
        refused(&"x".repeat(999)),
        MessageError::Malformed("has a line of more than 998 bytes")
    );
    assert!(FinishedMessage::parse(vec![b'A', 0xff]).is_err());
}

#[test]
fn dots_are_doubled_at_line_starts_alone() {
    for (text, expected) in [
        ("a\r\n", "a\r\n.\r\n"),
        ("a", "a\r\n.\r\n"),
        (".\r\n", "..\r\n.\r\n"),
        ("a\r\n.\r\n.\r\n", "a\r\n..\r\n..\r\n.\r\n"),
        ("a.b\r\n..c\r\n", "a.b\r\n...c\r\n.\r\n"),
        ("", "\r\n.\r\n"),
    ] {
        assert_eq!(FinishedMessage::parse(text.into()).unwrap().dotted(), expected, "{text:?}");
    }
}

#[test]
fn addresses_travel_with_ascii_domains() {
    for (given, expected) in [
        ("Lina@Example.COM", Some("Lina@example.com")),
        ("lina@مثال.إختبار", Some("lina@xn--mgbh0fb.xn--kgbechtv")),
        ("لينا@مثال.إختبار", Some("لينا@xn--mgbh0fb.xn--kgbechtv")),
        ("lina", None),
        ("@example.com", None),
        ("lina@", None),
        ("lina@exam ple.com", None),
    ] {
        let address = wire_address(given).map(|address| address.to_string());
        assert_eq!(address.as_deref(), expected, "{given}");
    }
}
