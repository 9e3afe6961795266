//! V-4, what a delivery failure means.

use domain::bounce::Alert::{self, StopDomain, Team, UnknownStatus};
use domain::bounce::BounceClass::{Block, Config, Content, Hard, SoftMailbox, SoftTransient};
use domain::bounce::Suppress::{Counter, CounterWhenRepeated, No, Now};
use domain::bounce::{
    BounceClass, EnhancedStatus, PHRASE_LIST_VERSION, Permanence, SmtpReplyClass, SmtpStage,
    Suppress, classify, find_reply_code,
};
use proptest::prelude::*;

/// Row, status ("" for none), reply code (0 for none), text, class, suppression, alert.
type Row = (u8, &'static str, u16, &'static str, BounceClass, Suppress, Alert);

const QUIET: Alert = Alert::None;

#[rustfmt::skip] // One row, one line.
const V4: &[Row] = &[
    (1, "5.1.1", 550, "550 user unknown", Hard, Now, QUIET),
    (1, "5.1.1", 0, "", Hard, Now, QUIET),
    (3, "5.1.3", 0, "", Hard, Now, QUIET),
    (4, "5.1.4", 0, "", Hard, Now, QUIET),
    (6, "5.1.10", 0, "", Hard, Now, QUIET),
    (7, "5.1.7", 0, "", Config, No, Team),
    (7, "5.1.8", 0, "", Config, No, Team),
    (9, "5.2.1", 0, "", Hard, Now, QUIET),
    (10, "4.2.1", 0, "", SoftMailbox, Counter, QUIET),
    (12, "5.2.3", 0, "", Content, No, Team),
    (12, "5.3.4", 552, "552 message too big", Content, No, Team),
    (12, "", 552, "552 message too big", Content, No, Team),
    (13, "5.2.4", 0, "", SoftTransient, No, QUIET),
    (15, "5.3.2", 0, "", SoftTransient, No, QUIET),
    (16, "4.4.1", 0, "", SoftTransient, No, QUIET),
    (16, "4.4.2", 0, "", SoftTransient, No, QUIET),
    (16, "4.4.3", 0, "", SoftTransient, No, QUIET),
    (16, "4.4.5", 0, "", SoftTransient, No, QUIET),
    (18, "4.4.6", 0, "", SoftTransient, No, QUIET),
    (18, "5.4.6", 0, "", SoftTransient, No, QUIET),
    (19, "4.4.7", 0, "", SoftMailbox, Counter, QUIET),
    (21, "5.5.0", 0, "", Config, No, Team),
    (21, "5.5.4", 0, "", Config, No, Team),
    (22, "5.6.0", 0, "", Content, No, Team),
    (22, "5.6.7", 0, "", Content, No, Team),
    (24, "5.7.1", 550, "550 5.7.1 user does not accept mail from you", Block, CounterWhenRepeated, Team),
    (25, "5.7.26", 0, "", Config, No, StopDomain),
    (25, "", 0, "550-5.7.26 This mail has been blocked because the sender is not authenticated.", Config, No, StopDomain),
    (27, "4.7.1", 451, "451 4.7.1 Greylisted, try again later", SoftTransient, No, QUIET),
    (28, "5.0.0", 0, "smtp; 550 5.1.1 <sara@example.org>: rejected", Hard, Now, QUIET),
    (30, "", 550, "Mailbox unavailable", Hard, Now, QUIET),
    (30, "", 550, "Requested action aborted", SoftTransient, No, UnknownStatus),
    (31, "5.9.9", 0, "", SoftTransient, No, UnknownStatus),
    (33, "5.1.1", 550, "المستخدم غير معروف لدى هذا الخادم", Hard, Now, QUIET),
    (33, "5.1.1", 550, "Postfach voll – mailbox full", Hard, Now, QUIET),
];

/// What BNC-05, the ranges between the rows and real servers ask for besides.
#[rustfmt::skip] // One row, one line.
const BESIDES: &[Row] = &[
    (0, "5.1.2", 0, "", Hard, Now, QUIET),
    (0, "5.4.4", 0, "host or domain name not found", Hard, Now, QUIET),
    (0, "4.4.4", 0, "", SoftTransient, No, QUIET),
    (0, "5.2.2", 552, "552 5.2.2 mailbox full", SoftMailbox, Counter, QUIET),
    (0, "4.2.2", 452, "", SoftMailbox, Counter, QUIET),
    (0, "", 452, "452 mailbox is full", SoftMailbox, Counter, QUIET),
    (0, "", 552, "552 Requested mail action aborted", SoftMailbox, Counter, QUIET),
    (0, "", 451, "try later", SoftTransient, No, QUIET),
    (0, "", 421, "421 user unknown, they say", SoftTransient, No, QUIET),
    (0, "5.7.1", 554, "554 5.7.1 Service unavailable; client host blocked using a blacklist", Block, No, Team),
    (0, "5.7.1", 550, "550 5.7.1 rejected due to the DMARC policy of the domain", Config, No, StopDomain),
    (0, "5.7.1", 554, "554 5.7.1 Relay access denied", Config, No, Team),
    (0, "5.7.28", 0, "", Block, No, Team),
    (0, "", 550, "550 Mailbox unavailable: blocked by policy", Block, No, Team),
    (0, "", 554, "554 Transaction failed", SoftTransient, No, UnknownStatus),
    (0, "", 535, "535 authentication failed: user unknown", Config, No, Team),
    (0, "", 521, "521 host accepts no mail", Hard, Now, QUIET),
    (0, "5.1.0", 550, "550 5.1.0 unknown recipient", Hard, Now, QUIET),
    (0, "5.1.0", 550, "550 5.1.0 address rejected", SoftTransient, No, UnknownStatus),
    (0, "4.9.9", 0, "", SoftTransient, No, UnknownStatus),
    (0, "2.1.5", 250, "delivered", BounceClass::None, No, QUIET),
    (0, "", 0, "", SoftTransient, No, UnknownStatus),
    (0, "", 0, "user unknown", SoftTransient, No, UnknownStatus),
];

fn check(rows: &[Row]) {
    for (row, status, reply_code, text, class, suppress, alert) in rows {
        let status = (!status.is_empty()).then(|| EnhancedStatus::parse(status).unwrap());
        let found = classify(status, (*reply_code != 0).then_some(*reply_code), text);
        assert_eq!(
            (found.class, found.suppress, found.alert),
            (*class, *suppress, *alert),
            "row {row}: {status:?} {reply_code} {text}"
        );
    }
}

#[test]
fn every_row_of_v4_holds() {
    check(V4);
    let mut rows: Vec<u8> = V4.iter().map(|row| row.0).collect();
    rows.dedup();
    let in_the_table =
        [1, 3, 4, 6, 7, 9, 10, 12, 13, 15, 16, 18, 19, 21, 22, 24, 25, 27, 28, 30, 31, 33];
    assert_eq!(rows, in_the_table);
}

#[test]
fn what_stands_between_the_rows_holds() {
    check(BESIDES);
}

#[test]
fn a_null_mx_is_about_the_whole_domain_and_an_unknown_user_is_not() {
    let class = |status: &str| classify(status.parse().ok(), None, "");
    assert!(class("5.1.10").whole_domain);
    assert!(!class("5.1.1").whole_domain);
}

#[test]
fn the_more_specific_status_of_the_text_is_the_one_that_is_kept() {
    let found = classify("5.0.0".parse().ok(), None, "smtp; 550 5.1.1 no such user");
    assert_eq!(found.status.map(|status| status.to_string()).as_deref(), Some("5.1.1"));
    let other_class = classify("4.0.0".parse().ok(), None, "said before: 550 5.1.1 no such user");
    assert_eq!(other_class.class, SoftTransient, "a delay is not made permanent by a text");
}

#[test]
fn a_status_is_read_as_rfc_3463_writes_it() {
    for text in ["5.1.1", " 4.4.7 ", "2.0.0", "5.7.511", "5.1.1 (user unknown)"] {
        let status = EnhancedStatus::parse(text).unwrap();
        assert!(text.trim().starts_with(&status.to_string()), "{text}");
    }
    for text in ["", "5", "5.1", "5.1.1.1", "3.1.1", "5.1.1000", "5..1", "a.b.c", "٥.١.١", "5.1.1x"]
    {
        assert!(EnhancedStatus::parse(text).is_err(), "{text}");
    }
}

#[test]
fn codes_are_found_in_diagnostic_texts() {
    for (text, reply_code, status) in [
        ("smtp; 550 5.1.1 <a@example.org>: Recipient address rejected", Some(550), Some("5.1.1")),
        ("smtp;550-5.7.26 This mail\n550 5.7.26 is blocked", Some(550), Some("5.7.26")),
        ("Sorry, no mailbox here by that name. (#5.1.1)", None, Some("5.1.1")),
        ("host mx.example.org[192.0.2.1] said: 451 4.7.1 later", Some(451), Some("4.7.1")),
        ("550 relay not permitted, Exim 4.96.2", Some(550), None),
        ("554 client [5.1.1.2] refused", Some(554), None),
        ("550 5.1.1@example.org is unknown", Some(550), None),
        ("250 2.1.5 delivered", None, None),
        ("5500 items, room 404a", None, None),
        ("خطأ 550 5.1.1", Some(550), Some("5.1.1")),
    ] {
        assert_eq!(find_reply_code(text), reply_code, "{text}");
        let class = reply_code.map(|code| code / 100);
        let found = EnhancedStatus::find(text, class).map(|status| status.to_string());
        assert_eq!(found.as_deref(), status, "{text}");
    }
}

#[test]
fn the_phrase_list_has_a_version() {
    assert_eq!(PHRASE_LIST_VERSION, 1);
}

/// Stage, code, text, permanence, class, suppression.
#[rustfmt::skip] // One row, one line.
const REPLIES: &[(SmtpStage, u16, &str, Permanence, BounceClass, Suppress)] = &[
    (SmtpStage::Greeting, 220, "ready", Permanence::Accepted, BounceClass::None, No),
    (SmtpStage::Greeting, 421, "too many connections", Permanence::Transient, SoftTransient, No),
    (SmtpStage::Greeting, 554, "no service", Permanence::Permanent, Config, No),
    (SmtpStage::Greeting, 554, "your address is on a blacklist", Permanence::Permanent, Block, No),
    (SmtpStage::StartTls, 454, "not available", Permanence::Transient, SoftTransient, No),
    (SmtpStage::Auth, 334, "VXNlcm5hbWU6", Permanence::Accepted, BounceClass::None, No),
    (SmtpStage::Auth, 535, "5.7.8 user unknown", Permanence::Permanent, Config, No),
    (SmtpStage::Auth, 535, "user unknown", Permanence::Permanent, Config, No),
    (SmtpStage::MailFrom, 550, "5.1.1 unknown sender", Permanence::Permanent, Config, No),
    (SmtpStage::MailFrom, 552, "5.3.4 too big", Permanence::Permanent, Content, No),
    (SmtpStage::MailFrom, 452, "4.2.2 full", Permanence::Transient, SoftTransient, No),
    (SmtpStage::RcptTo, 250, "ok", Permanence::Accepted, BounceClass::None, No),
    (SmtpStage::RcptTo, 251, "will forward", Permanence::Accepted, BounceClass::None, No),
    (SmtpStage::RcptTo, 550, "5.1.1 user unknown", Permanence::Permanent, Hard, Now),
    (SmtpStage::RcptTo, 450, "4.2.1 receiving too quickly", Permanence::Transient, SoftMailbox, Counter),
    (SmtpStage::RcptTo, 552, "5.2.2 mailbox full", Permanence::Permanent, SoftMailbox, Counter),
    (SmtpStage::Data, 354, "go on", Permanence::Accepted, BounceClass::None, No),
    (SmtpStage::Data, 250, "out of step", Permanence::Transient, SoftTransient, No),
    (SmtpStage::FinalDot, 250, "2.0.0 queued", Permanence::Accepted, BounceClass::None, No),
    (SmtpStage::FinalDot, 354, "out of step", Permanence::Transient, SoftTransient, No),
    (SmtpStage::FinalDot, 550, "5.7.26 not authenticated", Permanence::Permanent, Config, No),
    (SmtpStage::FinalDot, 554, "5.6.0 bad content", Permanence::Permanent, Content, No),
    (SmtpStage::FinalDot, 451, "4.3.0 try later", Permanence::Transient, SoftTransient, No),
];

#[test]
fn a_reply_is_judged_by_the_stage_it_comes_at() {
    for (stage, code, text, permanence, class, suppress) in REPLIES {
        let found = SmtpReplyClass::of(*stage, *code, text);
        assert_eq!(
            (found.stage, found.permanence, found.bounce.class, found.bounce.suppress),
            (*stage, *permanence, *class, *suppress),
            "{stage} {code} {text}"
        );
    }
}

proptest! {
    #[test]
    fn any_text_gets_an_answer_and_only_a_hard_class_suppresses(
        text in "\\PC{0,60}", code in proptest::option::of(200u16..600),
    ) {
        let found = classify(None, code, &text);
        prop_assert_eq!(found.class == Hard, found.suppress == Now);
    }

    #[test]
    fn a_class_4_never_suppresses_at_once(
        subject in 0u16..1000, detail in 0u16..1000, text in "user unknown|550 5\\.1\\.1 gone|full",
    ) {
        let status = EnhancedStatus { class: 4, subject, detail };
        prop_assert_ne!(classify(Some(status), None, &text).suppress, Now);
    }

    #[test]
    fn every_status_is_written_as_it_is_read(class in 0usize..3, subject in 0u16..1000, detail in 0u16..1000) {
        let status = EnhancedStatus { class: [2, 4, 5][class], subject, detail };
        prop_assert_eq!(EnhancedStatus::parse(&status.to_string()), Ok(status));
    }

    #[test]
    fn before_rcpt_nothing_counts_against_the_recipient(
        stage in 0usize..5, code in 400u16..600, text in "user unknown|5\\.1\\.1 gone|mailbox full|spam",
    ) {
        let found = SmtpReplyClass::of(SmtpStage::ALL[stage], code, &text);
        prop_assert_eq!(found.bounce.suppress, No);
    }
}
