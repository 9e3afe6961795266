//! compliance.md V-5, row by row: delivery reports, complaints, auto-replies and forgeries.

use domain::bounce::{BounceClass, Suppress};
use domain::return_path::ReturnPath;
use domain::token::TokenKeys;
use domain::{AddressKeyer, AddressKind, TouchId};
use inbound::returns::{DeliveryAction, Event, FeedbackKind, Returned, events, read};

use crate::world::TOKEN_SECRET;

fn keys() -> TokenKeys {
    TokenKeys::new("k1", TOKEN_SECRET.as_bytes())
}

fn return_path(touch: TouchId) -> String {
    let recipient = AddressKeyer::new(b"k").key(AddressKind::Email, "sara@example.org");
    let local = ReturnPath::new(touch, &recipient).local_part(&keys());
    format!("{local}@bounce.agency.example")
}

/// A delivery report with these groups of fields about recipients.
fn report(part: &str, recipients: &str) -> Vec<u8> {
    let message = format!(
        "From: MAILER-DAEMON@mx.example.net\r\nSubject: Undelivered\r\nMIME-Version: 1.0\r\n\
         Auto-Submitted: auto-replied\r\n\
         Content-Type: multipart/report; report-type=delivery-status; boundary=\"b\"\r\n\r\n\
         --b\r\nContent-Type: text/plain\r\n\r\nCould not be delivered.\r\n\
         --b\r\nContent-Type: message/{part}\r\n\r\n\
         Reporting-MTA: dns; mx.example.net\r\nArrival-Date: Tue, 3 Mar 2026 10:00:00 +0000\r\n\r\n\
         {recipients}--b--\r\n"
    );
    message.into_bytes()
}

const HARD: &str = "Original-Recipient: rfc822;Sara@Example.org\r\n\
    Final-Recipient: rfc822; sara@example.org\r\nAction: failed\r\nStatus: 5.1.1\r\n\
    Remote-MTA: dns; mx1.example.org\r\n\
    Diagnostic-Code: smtp; 550 5.1.1 <sara@example.org>: Recipient address\r\n rejected: User unknown\r\n";

fn recipients(message: &[u8]) -> Vec<(DeliveryAction, BounceClass, String)> {
    let Returned::Delivery(reports) = read(message) else { panic!("no delivery report") };
    let recipient = |report: &inbound::returns::RecipientReport| {
        report.recipient.as_ref().map_or_else(String::new, |email| email.exact().to_owned())
    };
    reports.iter().map(|report| (report.action, report.class(), recipient(report))).collect()
}

fn told(message: &[u8]) -> Vec<Event> {
    events(&keys(), &return_path(TouchId::new()), &read(message))
}

#[test]
fn a_hard_bounce_is_one_event_about_the_touch_that_the_return_path_names() {
    let message = report("delivery-status", HARD);
    let expected = (DeliveryAction::Failed, BounceClass::Hard, "sara@example.org".to_owned());
    assert_eq!(recipients(&message), [expected]);
    let touch = TouchId::new();
    let events = events(&keys(), &return_path(touch), &read(&message));
    assert_eq!(events.len(), 1);
    assert_eq!(events[0].touch, touch);
    assert_eq!((events[0].class, events[0].suppress), (BounceClass::Hard, Suppress::Now));
    assert!(!events[0].is_complaint);
}

#[test]
fn a_folded_diagnostic_code_decides_where_the_status_says_nothing() {
    let folded = "Final-Recipient: rfc822; sara@example.org\r\nAction: failed\r\nStatus: 5.0.0\r\n\
        Diagnostic-Code: smtp; 550\r\n\t5.1.1 <sara@example.org>:\r\n  unknown\r\n";
    assert_eq!(recipients(&report("delivery-status", folded))[0].1, BounceClass::Hard);
}

#[test]
fn a_delay_is_no_bounce() {
    let delayed = HARD.replace("failed", "delayed").replace("5.1.1\r\nRemote", "4.4.1\r\nRemote")
        + "Will-Retry-Until: Sun, 8 Mar 2026 10:00:00 +0000\r\n";
    let message = report("delivery-status", &delayed);
    assert_eq!(recipients(&message)[0].0, DeliveryAction::Delayed);
    assert_eq!(recipients(&message)[0].1, BounceClass::None);
    assert_eq!(told(&message), []);
}

#[test]
fn what_was_delivered_relayed_or_expanded_is_no_failure() {
    for action in ["delivered", "relayed", "expanded", "Delivered (to mailbox)"] {
        let message = report("delivery-status", &HARD.replace("failed", action));
        assert_eq!(told(&message), [], "{action}");
    }
}

#[test]
fn two_recipients_of_whom_one_failed_are_one_suppression() {
    let delivered = "\r\nFinal-Recipient: rfc822; omar@example.org\r\nAction: delivered\r\n\
        Status: 2.1.5\r\n";
    let message = report("delivery-status", &format!("{HARD}{delivered}"));
    assert_eq!(recipients(&message).len(), 2);
    let events = told(&message);
    assert_eq!(events.len(), 1);
    assert_eq!(events[0].suppress, Suppress::Now);
}

#[test]
fn an_internationalised_recipient_has_the_key_of_its_a_labels() {
    let group = "Final-Recipient: utf-8; محمد@مثال.إختبار\r\nAction: failed\r\nStatus: 5.1.1\r\n\
        Diagnostic-Code: smtp; 550 المستخدم غير معروف\r\n";
    let found = recipients(&report("global-delivery-status", group));
    assert_eq!(found[0].1, BounceClass::Hard);
    assert_eq!(found[0].2, "محمد@xn--mgbh0fb.xn--kgbechtv");
    assert_eq!(told(&report("global-delivery-status", group))[0].suppress, Suppress::Now);
}

#[test]
fn an_out_of_office_answer_is_nothing() {
    for message in [
        "Auto-Submitted: auto-replied\r\nSubject: Hi\r\n\r\nI am away.\r\n",
        "X-Autoreply: yes\r\nSubject: Re: A villa\r\n\r\nI am away.\r\n",
        "Precedence: auto_reply\r\n\r\nI am away.\r\n",
        "Subject: Automatic reply: A villa\r\n\r\nI am away.\r\n",
        "Subject: =?utf-8?B?2LHYryDYqtmE2YLYp9im2Yo6INmB2YrZhNin?=\r\n\r\n.\r\n",
    ] {
        assert_eq!(read(message.as_bytes()), Returned::AutoReply, "{message}");
        assert_eq!(told(message.as_bytes()), []);
    }
    assert_eq!(read(b""), Returned::Other);
    let person = "From: a@example.org\r\nAuto-Submitted: no\r\nSubject: Re: A villa\r\n\r\nYes\r\n";
    assert!(matches!(read(person.as_bytes()), Returned::Answer(_)));
}

#[test]
fn a_forged_report_changes_nothing() {
    let returned = read(&report("delivery-status", HARD));
    let good = return_path(TouchId::new());
    let other = return_path(TouchId::new());
    let (opaque, _) = good.split_once('.').unwrap();
    let (_, rest) = other.split_once('.').unwrap();
    for forged in [
        format!("{opaque}.{rest}"),
        "b+AAA.MAC@bounce.agency.example".to_owned(),
        "hello@agency.example".to_owned(),
        String::new(),
    ] {
        assert_eq!(events(&keys(), &forged, &returned), [], "{forged}");
    }
    assert_eq!(events(&TokenKeys::new("k1", b"another"), &good, &returned), []);
}

/// A complaint of this type; the original's headers say nothing of its recipient.
fn complaint(kind: &str, mail_from: &str) -> Vec<u8> {
    let message = format!(
        "From: fbl@example.net\r\nMIME-Version: 1.0\r\n\
         Content-Type: multipart/report; report-type=feedback-report; boundary=\"f\"\r\n\r\n\
         --f\r\nContent-Type: message/feedback-report\r\n\r\nFeedback-Type: {kind}\r\n\
         User-Agent: FBL/0.1\r\nVersion: 0.1\r\nOriginal-Mail-From: {mail_from}\r\n\
         Arrival-Date: Tue, 23 Jun 2026 06:31:38 GMT\r\nSource-IP: 192.0.2.1\r\n\r\n\
         --f\r\nContent-Type: text/rfc822\r\n\r\nFrom: Agency <news@agency.example>\r\n\
         Return-Path: <{mail_from}>\r\nMessage-ID: <m9@agency.example>\r\n\r\n--f--\r\n"
    );
    message.into_bytes()
}

#[test]
fn a_complaint_is_about_the_touch_of_its_signed_return_path() {
    let touch = TouchId::new();
    for kind in ["abuse", "Abuse", "opt-out", "opt-out-list"] {
        let returned = read(&complaint(kind, &return_path(touch)));
        let events = events(&keys(), "fbl@agency.example", &returned);
        assert_eq!(events.len(), 1, "{kind}");
        assert!(events[0].is_complaint && events[0].touch == touch, "{kind}");
        assert_eq!(events[0].suppress, Suppress::Now);
    }
}

#[test]
fn the_return_path_of_the_original_headers_is_enough() {
    let message = String::from_utf8(complaint("abuse", &return_path(TouchId::new()))).unwrap();
    let message = message.replacen("Original-Mail-From", "X-Redacted", 1);
    assert_eq!(events(&keys(), "fbl@agency.example", &read(message.as_bytes())).len(), 1);
}

#[test]
fn a_report_that_something_is_no_spam_and_forged_complaints_change_nothing() {
    for kind in ["not-spam", "fraud", "virus", "dkim", ""] {
        let returned = read(&complaint(kind, &return_path(TouchId::new())));
        assert_eq!(events(&keys(), "fbl@agency.example", &returned), [], "{kind}");
    }
    let forged = read(&complaint("abuse", "b+AAA.MAC@bounce.agency.example"));
    let Returned::Feedback(report) = &forged else { panic!("no feedback report") };
    assert_eq!(report.kind, FeedbackKind::Abuse);
    assert_eq!(events(&keys(), "fbl@agency.example", &forged), []);
}

/// Found by fuzzing: a part that ends a multipart which never began.
#[test]
fn a_message_that_the_parser_stumbles_over_is_nothing() {
    let input = include_bytes!("../../../../fuzz/corpus/dsn/parts-without-a-whole");
    let message = input.splitn(2, |byte| *byte == b'\n').nth(1).unwrap();
    assert_eq!(read(message), Returned::Other);
    assert!(inbound::returns::recipients(message).is_empty());
}
