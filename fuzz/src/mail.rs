//! What mail servers and mailboxes send: reports, complaints, answers, LMTP, SMTP replies.

use domain::TouchId;
use domain::bounce::{
    BounceClass, EnhancedStatus, SmtpReplyClass, SmtpStage, Suppress, classify, find_reply_code,
};
use domain::return_path::ReturnPath;
use inbound::outside::{lmtp_command, lmtp_message};
use inbound::returns::{Returned, events, read};

use crate::input::{address_key, first_byte, first_line, id, keys};

/// Bytes of a message in the LMTP target.
const MESSAGE_LIMIT: usize = 1024;

/// Delivery reports (RFC 3464): the first line is the envelope's recipient, the rest the message.
pub fn dsn(data: &[u8]) {
    let (envelope, message) = first_line(data);
    if let Some(Returned::Delivery(reports)) = returned(envelope, message) {
        for report in &reports {
            let found = report.classification;
            assert!(found.suppress != Suppress::Now || found.class == BounceClass::Hard);
            if let Some(recipient) = &report.recipient {
                let again = domain::email::Email::parse(recipient.as_entered());
                assert_eq!(again.as_ref().map(|it| it.exact()), Ok(recipient.exact()));
            }
        }
    }
}

/// Complaints (RFC 5965), the same way.
pub fn arf(data: &[u8]) {
    let (envelope, message) = first_line(data);
    if let Some(Returned::Feedback(report)) = returned(envelope, message) {
        let keys = keys();
        let (path, _) = signed(data);
        let ours = events(&keys, &path.local_part(&keys), &Returned::Feedback(report.clone()));
        assert_eq!(!ours.is_empty(), report.kind.suppresses(), "kind and list disagree");
    }
}

/// Answers of people and of machines: neither puts anybody on the list by itself.
pub fn mime_reply(data: &[u8]) {
    let (envelope, message) = first_line(data);
    let Some(returned) = returned(envelope, message) else { return };
    if matches!(returned, Returned::AutoReply | Returned::Other) {
        let keys = keys();
        let (path, _) = signed(data);
        let found = events(&keys, &path.local_part(&keys), &returned);
        assert!(found.is_empty(), "an answer was taken for a report");
    }
}

/// libFuzzer's binding ends the process at every panic, also at one that is caught as the mail parser's
/// are. What is not caught it still finds.
fn let_panics_be_caught() {
    static ONCE: std::sync::Once = std::sync::Once::new();
    ONCE.call_once(|| drop(std::panic::take_hook()));
}

/// Reads a message; nothing in it counts that was not signed here, and what was signed counts for
/// that touch alone.
fn returned(envelope: &[u8], message: &[u8]) -> Option<Returned> {
    let_panics_be_caught();
    let keys = keys();
    let returned = read(message);
    assert_eq!(returned, read(message), "reading is not repeatable");
    let envelope = String::from_utf8_lossy(envelope);
    let forged = events(&keys, &envelope, &returned);
    assert!(forged.is_empty(), "an unsigned return path was believed");

    let (path, local) = signed(message);
    let found = events(&keys, &format!("{local}@bounce.example.com"), &returned);
    assert!(found.len() <= 1, "one message is about one touch");
    for event in found {
        assert_eq!((event.touch, event.return_path), (path.touch, path));
        let is_hard = event.class == BounceClass::Hard;
        assert!(event.suppress != Suppress::Now || event.is_complaint || is_hard);
    }
    Some(returned)
}

/// A return path signed here, made of the input.
fn signed(data: &[u8]) -> (ReturnPath, String) {
    let (touch, rest) = id(data);
    let path = ReturnPath::new(TouchId::from(touch), &address_key(rest));
    (path, path.local_part(&keys()))
}

/// LMTP commands, and messages with the dots that are put in front of dots.
pub fn lmtp(data: &[u8]) {
    let (piece, data) = first_byte(data);
    for line in data.split_inclusive(|byte| *byte == b'\n') {
        let (verb, recipient) = lmtp_command(line);
        assert!(recipient.is_none() || verb == "RCPT");
        if let Some(recipient) = recipient {
            let written = format!("rcpt to:<{recipient}>\r\n");
            let again = lmtp_command(written.as_bytes());
            assert_eq!(again, ("RCPT", Some(recipient)), "read and written differ");
        }
    }
    // Arbitrary bytes end somewhere or nowhere; the message is never longer than allowed.
    let found = lmtp_message(data, MESSAGE_LIMIT, usize::from(piece));
    assert!(found.is_none_or(|message| message.len() <= MESSAGE_LIMIT));
    // What a mail server stuffs comes out as it was.
    let mut message = data.to_vec();
    if !message.is_empty() && !message.ends_with(b"\n") {
        message.push(b'\n');
    }
    let mut stuffed = Vec::new();
    for line in message.split_inclusive(|byte| *byte == b'\n') {
        if line.starts_with(b".") {
            stuffed.push(b'.');
        }
        stuffed.extend_from_slice(line);
    }
    stuffed.extend_from_slice(b".\r\n");
    let found = lmtp_message(&stuffed, stuffed.len(), usize::from(piece));
    assert_eq!(found.as_deref(), Some(message.as_slice()), "the message was changed");
}

/// SMTP replies and diagnostic texts: the first two bytes are the code, the rest the text.
pub fn bounce(data: &[u8]) {
    let (high, rest) = first_byte(data);
    let (low, rest) = first_byte(rest);
    let code = u16::from_be_bytes([high, low]) % 700;
    let text = String::from_utf8_lossy(rest);
    assert!(find_reply_code(&text).is_none_or(|code| (400..600).contains(&code)));
    let status = EnhancedStatus::parse(&text).ok();
    if let Some(status) = status {
        assert_eq!(status.to_string().parse(), Ok(status), "read and written differ");
    }
    let found = EnhancedStatus::find(&text, Some(code / 100));
    assert!(found.is_none_or(|found| u16::from(found.class) == code / 100 && found.class != 2));
    for code in [None, Some(code)] {
        let found = classify(status, code, &text);
        assert_eq!(found, classify(status, code, &text), "classifying is not repeatable");
        let is_hard = found.class == BounceClass::Hard;
        assert_eq!(found.suppress == Suppress::Now, is_hard, "hard is what goes on the list");
        assert!(!found.whole_domain || is_hard);
        let class = found.status.map(|status| status.class);
        assert!(!is_hard || class.is_none_or(|class| class == 5), "for good without class 5");
    }
    for stage in SmtpStage::ALL {
        let reply = SmtpReplyClass::of(*stage, code, &text);
        let is_hard = reply.bounce.class == BounceClass::Hard;
        assert!(!is_hard || *stage >= SmtpStage::RcptTo, "a bounce before the recipient");
    }
}
